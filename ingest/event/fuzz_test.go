package event

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// rfc3339 is stricter than package time, which takes an hour of one digit, and a comma.
var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// reference reads a message as somebody would who has encoding/json and the description, and no hurry. It returns nil
// for what cannot be used.
func reference(v *Vocabulary, skew time.Duration, m *Message) *Event {
	attributes, data := map[string]any{}, map[string]any(nil)
	contentType := strings.ToLower(strings.TrimSpace(strings.Split(string(m.header("content-type")), ";")[0]))
	switch {
	case contentType != "application/cloudevents+json" && m.header("ce_specversion") != nil:
		for _, h := range m.Headers {
			if name, ok := strings.CutPrefix(string(h.Key), "ce_"); ok && h.Value != nil {
				attributes[name] = string(h.Value)
			}
			if string(h.Key) == "content-type" {
				attributes["datacontenttype"] = string(h.Value)
			}
		}
		if !unmarshal(m.Value, &data) {
			return nil
		}
	case contentType != "" && contentType != "application/json" && contentType != "application/cloudevents+json":
		return nil
	default:
		if !unmarshal(m.Value, &attributes) {
			return nil
		}
		data, _ = attributes["data"].(map[string]any)
	}
	if data == nil {
		return nil
	}
	ok := true
	want := func(is bool) { ok = ok && is }
	text := func(from map[string]any, field string) string {
		s, is := from[field].(string)
		want(is)
		return s
	}
	name := func(from map[string]any, field string) []byte {
		s := text(from, field)
		want(s != "" && len(s) <= maxName && utf8.ValidString(s))
		return []byte(s)
	}
	instant := func(from map[string]any, field string) int64 {
		s := text(from, field)
		at, err := time.Parse(time.RFC3339, s)
		want(err == nil && rfc3339.MatchString(s) && at.UnixMilli() >= earliest && at.UnixMilli() < latest)
		return at.UnixMilli()
	}
	given := func(from map[string]any, field string) bool { return from[field] != nil }

	want(text(attributes, "specversion") == "1.0")
	e := &Event{Vehicles: Unknown, WaitSeconds: Unknown, AgeSeconds: Unknown}
	e.ID, e.Source, e.Subject = name(attributes, "id"), name(attributes, "source"), name(attributes, "subject")
	e.Time = instant(attributes, "time")
	e.Recorded = e.Time
	if given(attributes, "recordedtime") {
		e.Recorded = instant(attributes, "recordedtime")
	}
	if given(attributes, "datacontenttype") {
		want(strings.ToLower(strings.TrimSpace(strings.Split(text(attributes, "datacontenttype"), ";")[0])) == "application/json")
	}
	for _, t := range Types() {
		if t.Wire() == text(attributes, "type") {
			e.Type = t
		}
	}
	want(e.Type != NoType)
	if !ok {
		return nil
	}
	var known bool
	e.BCP, known = v.BCP(name(data, "bcp"))
	want(known)
	if given(data, "direction") || e.Type.OfVisit() {
		e.Direction, known = ParseDirection(name(data, "direction"))
		want(known)
	}
	if given(data, "regime") && e.Type.OfVisit() {
		e.Regime, known = ParseRegime(name(data, "regime"))
		want(known)
	}
	if given(data, "lane") || e.Type == LaneOpened || e.Type == LaneClosed {
		e.Lane = name(data, "lane")
	}
	if e.Type.HasAgency() {
		e.Agency, known = v.Agency(name(data, "agency"))
		want(known)
	}
	switch e.Type {
	case ChannelAssigned:
		e.Channel, known = ParseChannel(name(data, "channel"))
		want(known)
	case InspectionCompleted:
		e.Result, known = ParseResult(name(data, "result"))
		want(known)
		fallthrough
	case InspectionStarted:
		e.Kind, known = ParseInspectionKind(name(data, "kind"))
		want(known)
	case QueueObserved:
		for field, into := range map[string]*int64{"vehicles": &e.Vehicles, "wait_seconds": &e.WaitSeconds, "age_seconds": &e.AgeSeconds} {
			if given(data, field) {
				number, is := data[field].(json.Number)
				n, err := strconv.ParseUint(number.String(), 10, 63)
				want(is && err == nil && len(number) <= 10)
				*into = int64(n)
			}
		}
	case EventRetracted:
		e.RetractedID, e.RetractedSource = name(data, "id"), name(data, "source")
		e.RetractedTime = instant(data, "time")
		e.AboutPlace = string(e.Subject) == v.BCPName(e.BCP)
	}
	if !ok {
		return nil
	}
	if e.Type.OfPlace() || e.Type == QueueObserved {
		want(string(e.Subject) == v.BCPName(e.BCP))
	}
	want(bytes.Equal(m.Key, e.Subject))
	want(e.Time <= m.Time+skew.Milliseconds())
	if !ok {
		return nil
	}
	return e
}

// FuzzDecode holds the decoder against the reference, in structured mode (mode 0) and in binary mode.
func FuzzDecode(f *testing.F) {
	v, err := NewVocabulary([]string{"AF-NAN-TORKHAM", "PL-LUB-DOROHUSK"}, []string{"customs", "border_police"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint8(0), []byte("T1"), []byte(arrived), "dwell.truck.arrived.v1", "2026-01-05T08:00:00Z")
	for _, typ := range Types() {
		f.Add(uint8(1), []byte("T1"), []byte(`{"bcp":"AF-NAN-TORKHAM","direction":"outbound","channel":"red","regime":"export","agency":"customs","kind":"scan","result":"conformant","lane":"1","vehicles":7,"wait_seconds":0,"age_seconds":12,"id":"1","source":"/s","time":"2026-01-05T08:00:00.5+04:30"}`), typ.Wire(), "2026-01-05T08:00:00.1239Z")
		f.Add(uint8(0), []byte("AF-NAN-TORKHAM"), []byte(`{"data":{"bcp":"AF-NAN-TORKHAM","vehicles":1,"lane":"é\"\ud83d\ude00","id":"1","source":"/s","time":"2026-01-05T08:00:00Z","x":[1,{"y":null}]},"specversion":"1.0","id":"1","source":"/post","type":"`+typ.Wire()+`","subject":"AF-NAN-TORKHAM","time":"2026-01-05T12:30:00+04:30"}`), "", "")
	}
	f.Fuzz(func(t *testing.T, mode uint8, key, value []byte, typ, at string) {
		m := &Message{Key: key, Value: value, Time: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC).UnixMilli()}
		if mode != 0 {
			for name, text := range map[string]string{
				"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/post", "ce_type": typ, "ce_subject": string(key), "ce_time": at,
			} {
				m.Headers = append(m.Headers, Header{[]byte(name), []byte(text)})
			}
		}
		want := reference(v, 5*time.Minute, m)
		var got Event
		r := NewDecoder(v, 5*time.Minute).Decode(m, &got)
		if (r == nil) != (want != nil) {
			if r != nil && !utf8.Valid(value) {
				return // encoding/json replaces bytes that are no UTF-8; in a name they are a fault
			}
			t.Fatalf("decoder: %v; reference: %+v; message %q", r, want, value)
		}
		if want == nil {
			return
		}
		got.Data = nil
		if !equal(&got, want) {
			t.Fatalf("message %q\ndecoder   %+v\nreference %+v", value, got, *want)
		}
	})
}

// unmarshal reads a whole text, and numbers as they are written.
func unmarshal(text []byte, into *map[string]any) bool {
	if !json.Valid(text) {
		return false
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(into) == nil
}
