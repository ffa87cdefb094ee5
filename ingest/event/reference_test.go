package event

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// rfc3339 is stricter than package time, which takes an hour of one digit, and a comma.
var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// slowReader reads a message with encoding/json and the description alone. It keeps the first
// reason why the message cannot be used.
type slowReader struct {
	vocabulary *Vocabulary
	why        Reason
}

// reference reads a message. The reason is empty where it can be used; the event has no Data.
func reference(v *Vocabulary, skew time.Duration, m *Record) (Event, Reason) {
	r := &slowReader{vocabulary: v}
	e := Event{Observation: NoObservation()}
	r.must(len(m.Value) <= MaxMessage, TooLarge)
	attributes, data := r.parts(m)
	r.attributes(&e, attributes)
	r.must(data != nil, MissingField)
	object, is := data.(map[string]any)
	r.must(is, InvalidField)
	r.fields(&e, object)
	if e.Type.OfPlace() || e.Type == QueueObserved {
		r.must(string(e.Subject) == v.BCPName(e.BCP), SubjectMismatch)
	}
	r.must(bytes.Equal(m.Key, e.Subject), SubjectMismatch)
	r.must(e.Time <= m.Time+skew.Milliseconds(), FutureTime)
	return e, r.why
}

func (r *slowReader) must(is bool, why Reason) {
	if !is && r.why == "" {
		r.why = why
	}
}

// parts are the attributes and the data, wherever the mode has them.
func (r *slowReader) parts(m *Record) (attributes map[string]any, data any) {
	headers := map[string]any{}
	for _, h := range m.Headers {
		headers[string(h.Key)] = string(h.Value)
		if h.Value == nil {
			headers[string(h.Key)] = nil
		}
	}
	contentType, _ := headers["content-type"].(string)
	structured := media(contentType) == "application/cloudevents+json"
	if !structured && headers["ce_specversion"] != nil {
		for _, name := range []string{"specversion", "id", "source", "type", "subject", "time", "recordedtime"} {
			headers[name] = headers["ce_"+name]
		}
		headers["datacontenttype"] = headers["content-type"]
		if edition, is := headers["ce_edition"].(string); is {
			headers["edition"] = json.Number(edition)
		}
		return headers, r.parse(m.Value)
	}
	r.must(structured || media(contentType) == "" || media(contentType) == "application/json", NotCloudEvent)
	attributes, is := r.parse(m.Value).(map[string]any)
	r.must(is, NotJSON)
	return attributes, attributes["data"]
}

// parse reads a whole text, and numbers as they are written.
func (r *slowReader) parse(text []byte) (content any) {
	r.must(json.Valid(text), NotJSON)
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&content); err != nil {
		r.must(false, NotJSON)
		return nil
	}
	return content
}

func media(contentType string) string {
	before, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(before))
}

func (r *slowReader) attributes(e *Event, a map[string]any) {
	r.must(a["specversion"] == "1.0", NotCloudEvent)
	wire, is := a["type"].(string)
	r.must(is, NotCloudEvent)
	e.ID, e.Source, e.Subject = r.name(a, "id"), r.name(a, "source"), r.name(a, "subject")
	e.Time = r.instant(a, "time")
	e.Recorded = e.Time
	if a["recordedtime"] != nil {
		e.Recorded = r.instant(a, "recordedtime")
	}
	e.Edition = r.edition(a)
	if given := a["datacontenttype"]; given != nil {
		contentType, _ := given.(string)
		r.must(media(contentType) == "application/json", InvalidField)
	}
	for _, t := range Types() {
		if t.Wire() == wire {
			e.Type = t
		}
	}
	r.must(e.Type != NoType, UnknownType)
}

func (r *slowReader) fields(e *Event, data map[string]any) {
	var known bool
	e.BCP, known = r.vocabulary.BCP(r.name(data, "bcp"))
	r.must(known, UnknownBCP)
	if data["direction"] != nil || e.Type.OfVisit() {
		e.Direction = coded(r, data, "direction", []Direction{Inbound, Outbound})
	}
	if data["regime"] != nil && e.Type.OfVisit() {
		e.Regime = coded(r, data, "regime", []Regime{Import, Export, Transit, Empty})
	}
	if data["lane"] != nil || e.Type.has(withLane) {
		e.Lane = r.name(data, "lane")
	}
	if e.Type.HasAgency() {
		e.Agency, known = r.vocabulary.Agency(r.name(data, "agency"))
		r.must(known, UnknownAgency)
	}
	if e.Type.has(withChannel) {
		e.Channel = coded(r, data, "channel", []Channel{Green, Yellow, Red, Blue})
	}
	if e.Type.has(withKind) {
		e.Kind = coded(r, data, "kind", kinds)
	}
	if e.Type.has(withResult) {
		e.Result = coded(r, data, "result", []Result{Conformant, NonConformant})
	}
	if e.Type.has(withHold) && data["hold"] != nil {
		e.Hold = r.name(data, "hold")
	}
	if e.Type.has(withReading) {
		if data["queue"] != nil {
			e.Queue = r.name(data, "queue")
		}
		if data["state"] != nil {
			e.State = coded(r, data, "state", []QueueState{UnknownState, OpenState, PausedState, ClosedState})
		}
		e.Vehicles = r.count(data, "vehicles")
		e.WaitSeconds = r.count(data, "wait_seconds")
		e.AgeSeconds = r.count(data, "age_seconds")
		e.LanesOpen = r.count(data, "lanes_open")
		e.ServiceRate = r.count(data, "service_rate")
	}
	if e.Type.has(withRetracted) {
		e.RetractedID, e.RetractedSource = r.name(data, "id"), r.name(data, "source")
		e.RetractedTime = r.instant(data, "time")
		e.RetractedEdition = r.edition(data)
		e.AboutPlace = string(e.Subject) == r.vocabulary.BCPName(e.BCP)
	}
}

var kinds = []InspectionKind{Document, Scan, Weighbridge, Physical, SPS, ImmigrationSecurity}

// coded reads a word of a list.
func coded[C interface {
	comparable
	String() string
}](r *slowReader, from map[string]any, field string, list []C) (none C) {
	r.must(from[field] != nil, MissingField)
	for _, c := range list {
		if from[field] == c.String() {
			return c
		}
	}
	r.must(false, InvalidField)
	return none
}

func (r *slowReader) name(from map[string]any, field string) []byte {
	r.must(from[field] != nil, MissingField)
	s, is := from[field].(string)
	r.must(is && s != "" && len(s) <= 512 && utf8.ValidString(s) && !strings.Contains(s, "\x00"), InvalidField)
	return []byte(s)
}

func (r *slowReader) instant(from map[string]any, field string) int64 {
	r.must(from[field] != nil, MissingField)
	s, _ := from[field].(string)
	at, err := time.Parse(time.RFC3339, s)
	r.must(err == nil && rfc3339.MatchString(s) && at.UTC().Year() >= 1990 && at.UTC().Year() < 2105, InvalidField)
	return at.UnixMilli()
}

func (r *slowReader) edition(from map[string]any) uint32 {
	if from["edition"] == nil {
		return 0
	}
	digits, is := from["edition"].(json.Number)
	n, err := strconv.Atoi(digits.String())
	r.must(is && err == nil && n >= 0 && n <= 2_147_483_647 && strconv.Itoa(n) == digits.String(), InvalidField)
	return uint32(n)
}

func (r *slowReader) count(from map[string]any, field string) int64 {
	if from[field] == nil {
		return Unknown
	}
	digits, is := from[field].(json.Number)
	n, err := strconv.ParseUint(digits.String(), 10, 63)
	r.must(is && err == nil && n <= 9_999_999_999, InvalidField)
	return int64(n)
}
