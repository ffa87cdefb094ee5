package event

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// rfc3339 is stricter than package time, which takes an hour of one digit, and a comma, and knows no leap second.
var (
	rfc3339    = regexp.MustCompile(`^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$`)
	leapSecond = regexp.MustCompile(`^(.{17})60`)
)

// slowReader reads a message with encoding/json and the description alone. It keeps the first
// reason why the message cannot be used.
type slowReader struct {
	vocabulary     *Vocabulary
	ownRetractions bool
	why            Reason
}

// reference reads a message. The reason is empty where it can be used; the event has no Data.
func reference(v *Vocabulary, skew time.Duration, ownRetractions bool, m *Record) (Event, Reason) {
	r := &slowReader{vocabulary: v, ownRetractions: ownRetractions}
	e := Event{Observation: NoObservation()}
	r.must(len(m.Value) <= MaxMessage, TooLarge)
	attributes, data := r.parts(m)
	r.attributes(&e, attributes)
	r.must(data != nil, MissingField)
	object, is := data.(map[string]any)
	r.must(is, InvalidField)
	r.fields(&e, object)
	if e.Type.OfPlace() || e.Type == QueueObserved {
		r.must(string(e.Subject) == v.BCPName(e.BCP), InvalidField)
	}
	if e.Type.OfVisit() {
		r.must(string(e.Subject) != v.BCPName(e.BCP), InvalidField)
	}
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
		if edition, is := headers["ce_edition"].(string); is && edition != "" {
			headers["edition"] = json.Number(edition)
		}
		return withoutEmpty(headers), withoutEmpty(r.parse(m.Value))
	}
	r.must(structured || media(contentType) == "" || media(contentType) == "application/json", NotCloudEvent)
	attributes, is := r.parse(m.Value).(map[string]any)
	r.must(is, NotJSON)
	return withoutEmpty(attributes), withoutEmpty(attributes["data"])
}

// withoutEmpty leaves out members that are empty strings, which count as absent.
func withoutEmpty[T any](members T) T {
	if object, is := any(members).(map[string]any); is {
		maps.DeleteFunc(object, func(_ string, v any) bool { return v == "" })
	}
	return members
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
	if e.Type.has(withResult) && data["result"] != nil {
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
		r.must(!r.ownRetractions || string(e.RetractedSource) == string(e.Source), ForeignRetraction)
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
	at, is := slowInstant(s)
	r.must(is && at.UTC().Year() >= 1990 && at.UTC().Year() < 2105, InvalidField)
	return at.UnixMilli()
}

// slowInstant reads a time with package time. A leap second is the one after the 59th.
func slowInstant(s string) (time.Time, bool) {
	is := rfc3339.MatchString(s)
	at, err := time.Parse(time.RFC3339, strings.Replace(strings.ToUpper(leapSecond.ReplaceAllString(s, "${1}59")), " ", "T", 1))
	if leapSecond.MatchString(s) {
		at = at.Add(time.Second).UTC()
		is = is && at.Day() == 1 && at.Hour()+at.Minute()+at.Second() == 0
	}
	return at, is && err == nil
}

func (r *slowReader) edition(from map[string]any) uint32 {
	if from["edition"] == nil {
		return 0
	}
	return uint32(r.whole(from["edition"], 2_147_483_647))
}

func (r *slowReader) count(from map[string]any, field string) int64 {
	if from[field] == nil {
		return Unknown
	}
	return r.whole(from[field], 9_999_999_999)
}

// whole reads a whole number in any form. A fuzzer's exponents would take math/big for ever, and none beyond 1000 makes a number that counts.
func (r *slowReader) whole(given any, most int64) int64 {
	digits, is := given.(json.Number)
	is = is && json.Valid([]byte(digits)) && strings.TrimSpace(string(digits)) == string(digits)
	if mantissa, exponent, has := strings.Cut(strings.ToLower(string(digits)), "e"); has && is {
		e, err := strconv.Atoi(exponent)
		is = err == nil && e > -1000 && e < 1000
		if strings.Trim(mantissa, "-0.") == "" {
			return 0
		}
	}
	r.must(is, InvalidField)
	if !is {
		return 0
	}
	n, _ := new(big.Rat).SetString(string(digits))
	r.must(n.IsInt() && n.Sign() >= 0 && n.Cmp(new(big.Rat).SetInt64(most)) <= 0, InvalidField)
	return n.Num().Int64()
}
