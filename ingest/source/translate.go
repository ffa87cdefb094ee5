package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"dwell/ingest/event"
)

// translator makes CloudEvents of records by a mapping of events. What it makes is read by the decoder of events, which alone
// decides what is one.
type translator struct {
	mapping *Mapping
	at      []positions
	voc     *event.Vocabulary
	zone    func(bcp string) *time.Location
	decoder *event.Decoder
	event   event.Event
	ofFile  bool // and not of messages, which have no order
}

// errNoTimeYet says that a record has no time for this one of its events: the truck was not released yet.
var errNoTimeYet = errors.New("the record has no such event yet")

// record calls each with what a record gives in each shape of the mapping, and returns how many of them only and except let pass; a record
// with a new type is refused, and not passed over.
func (t *translator) record(number int, values []string, origin string, now int64, each func(Line, error) error) (selected int, err error) {
	missing := 0
	for i := range t.at {
		if !t.mapping.selected(i, &t.at[i], values) {
			continue
		}
		selected++
		l, err := t.translate(i, number, values, origin, now, time.Time{})
		if errors.Is(err, errNoTimeYet) {
			missing++
		} else if err := each(l, err); err != nil {
			return selected, err
		}
	}
	if selected == 0 {
		if bad := t.mapping.newType(number, t.at, values); bad != nil {
			return 1, each(Line{}, bad)
		}
	}
	if selected > 0 && missing == selected {
		return selected, each(Line{}, t.mapping.noTime(number))
	}
	return selected, nil
}

// noTime refuses a record that has the time of none of its events.
func (m *Mapping) noTime(number int) *LineError {
	var columns []string
	for i := range m.shapes {
		columns = append(columns, m.shapes[i].ownTimes().String())
	}
	return &LineError{Line: number, Reason: event.MissingField, Text: strings.Join(columns, ", ") + " are empty: it says of no event when it was"}
}

// cloudEvent is a structured CloudEvent of dwell.
type cloudEvent struct {
	SpecVersion string    `json:"specversion"`
	ID          string    `json:"id"`
	Source      string    `json:"source"`
	Type        string    `json:"type"`
	Subject     string    `json:"subject"`
	Time        string    `json:"time"`
	Recorded    string    `json:"recordedtime,omitempty"`
	Data        eventData `json:"data"`
}

type eventData struct {
	BCP       string `json:"bcp"`
	Direction string `json:"direction,omitempty"`
	Agency    string `json:"agency,omitempty"`
	Channel   string `json:"channel,omitempty"`
	Regime    string `json:"regime,omitempty"`
	Kind      string `json:"kind,omitempty"`
	Result    string `json:"result,omitempty"`
	Hold      string `json:"hold,omitempty"`
	Lane      string `json:"lane,omitempty"`
}

// said are the texts that a record has for the fields of an event, as they are written, and in dwell's words.
type said struct {
	shape *shape
	raw   [eventFields]string
	words [eventFields]string
	time  string
}

// translate makes the event of a record in a shape of the mapping. Unless the mapping names an id, origin is the id of a record that has one by
// itself, as a message of a topic does. No record is later than now, in Unix milliseconds. Decided is the instant of a time that is there twice,
// zero where it is not known. The line is valid until the next call.
func (t *translator) translate(i, number int, values []string, origin string, now int64, decided time.Time) (Line, error) {
	m, s, at := t.mapping, &t.mapping.shapes[i], &t.at[i]
	column := func(i int) string {
		if i < 0 {
			return ""
		}
		return strings.TrimSpace(values[i])
	}
	say := said{shape: s, time: m.joined(at.time, column)}
	bad := func(reason event.Reason, text string) (Line, error) {
		return Line{}, &LineError{Line: number, Reason: reason, Text: text}
	}
	for f := range eventFields {
		say.raw[f], say.words[f] = s.values[f], s.values[f]
		if at.fields[f] >= 0 {
			say.raw[f] = column(at.fields[f])
			say.words[f] = m.word(f, say.raw[f])
		}
	}
	say.raw[ofSubject] = whole(at.subject, column)
	say.words[ofSubject] = say.raw[ofSubject]
	if len(m.shapes) > 1 && s.hasNoTime(at.time, column) {
		half := s.columns.halfEmpty(at.time, column)
		if half != "" && say.words[ofType] == event.TruckArrived.String() { // a line is of a truck that has come
			return bad(event.MissingField, half)
		}
		return Line{}, errNoTimeYet
	}
	_, bcp, _, why := m.bcpOf(t.voc, say.raw[ofBCP])
	if why != "" {
		return bad(event.UnknownBCP, say.about(ofBCP, why))
	}
	zone := m.zoneOf(bcp, t.zone)
	when, again, why := m.instant(say.time, len(at.time), zone)
	switch {
	case say.time == "":
		return bad(event.MissingField, s.columns.Time.String()+" is empty")
	case why != "" && s.columns.halfEmpty(at.time, column) != "":
		return bad(event.MissingField, s.columns.halfEmpty(at.time, column))
	case why != "":
		return bad(event.InvalidField, fmt.Sprintf("%s: %q %s", s.columns.Time.String(), short(say.time), why))
	case !decided.IsZero():
		when = decided
	case !again.IsZero() && t.ofFile && m.inOrder:
		return Line{}, &twice{i, number, slices.Clone(values), when, again, nil, t.ambiguous(s.columns.Time.String(), say.time, zone)}
	case !again.IsZero():
		return bad(AmbiguousTime, t.ambiguous(s.columns.Time.String(), say.time, zone))
	}
	if why := t.beforeArrival(s, when, say.time, zone, column); why != "" {
		return bad(event.InvalidField, why)
	}
	e := cloudEvent{
		SpecVersion: "1.0", Source: m.Source, Subject: say.words[ofSubject], Time: when.UTC().Format(time.RFC3339Nano),
		Data: eventData{
			BCP: bcp, Direction: say.words[ofDirection], Agency: say.words[ofAgency], Channel: say.words[ofChannel], Regime: say.words[ofRegime],
			Kind: say.words[ofKind], Result: say.words[ofResult], Hold: say.words[ofHold], Lane: say.words[ofLane],
		},
	}
	kind, ok := event.ParseType([]byte(say.words[ofType]))
	if !ok || !parsers[ofType](say.words[ofType]) {
		return bad(event.UnknownType, say.about(ofType, "is not the type of an event; name it in codes.type, or leave its records out by except"))
	}
	if kind.OfPlace() {
		e.Subject = bcp
	}
	if say.raw[ofRecorded] != "" {
		recorded, again, why := m.instant(say.raw[ofRecorded], 1, zone)
		if why != "" {
			return bad(event.InvalidField, say.about(ofRecorded, why))
		}
		if !again.IsZero() && recorded.Before(when) { // it was recorded after it happened
			recorded = again
		}
		e.Recorded = recorded.UTC().Format(time.RFC3339Nano)
	}
	e.Type, e.ID = kind.Wire(), say.id(kind, when, origin, len(m.shapes) > 1)
	message, err := json.Marshal(e)
	if err != nil {
		return Line{}, err
	}
	r := event.StructuredRecord(nil, message, 0)
	t.decoder.Reset()
	rejection := t.decoder.DecodeMessage(&r, func(e *event.Event) int64 { return min(e.Recorded, now) }, &t.event)
	if rejection != nil {
		return bad(rejection.Reason, say.refusal(rejection, t.voc))
	}
	return Line{Number: number, Event: &t.event, Message: message, Recorded: r.Time}, nil
}

// whole joins the texts of columns; empty where one of them is, since the rest would be another id.
func whole(at []int, column func(int) string) string {
	texts := make([]string, len(at))
	for i := range at {
		if texts[i] = column(at[i]); texts[i] == "" {
			return ""
		}
	}
	return strings.Join(texts, " ")
}

// word is dwell's word for one of the file.
func (m *Mapping) word(f eventField, text string) string {
	if ours, ok := m.codes[f][folded(text)]; ok {
		return ours
	}
	switch {
	case f == ofDirection:
		if d, ok := m.words.direction(text); ok {
			return d.String()
		}
	case parsers[f] != nil && parsers[f](strings.ToLower(text)):
		return strings.ToLower(text)
	}
	return text
}

// id is that of the event: the record's own, with what distinguishes the event if a record has several; else what it says itself.
func (s *said) id(kind event.Type, at time.Time, origin string, several bool) string {
	what := kind.String()
	for _, f := range []eventField{ofAgency, ofKind, ofHold, ofLane} {
		if s.words[f] != "" {
			what += "/" + s.words[f]
		}
	}
	record := s.raw[ofID]
	if s.shape.columns.ID == "" {
		record = origin
	}
	switch {
	case record == "" && s.shape.columns.ID != "":
		return "" // which the decoder refuses
	case record == "":
		subject := s.words[ofSubject]
		if kind.OfPlace() {
			subject = s.words[ofDirection]
		}
		return s.raw[ofBCP] + "/" + subject + "/" + what + "/" + at.UTC().Format(time.RFC3339Nano)
	case several:
		return record + "/" + what
	}
	return record
}

// about says something of a field, with the name of its column and the text in it.
func (s *said) about(f eventField, what string) string {
	name := s.shape.columns.of(eventKeys[f])
	if name == "" {
		name = eventKeys[f]
	}
	if s.raw[f] == "" {
		return name + " is empty"
	}
	return fmt.Sprintf("%s: %q %s", name, short(s.raw[f]), what)
}

// refusal is the decoder's in the words of the file.
func (s *said) refusal(r *event.Rejection, voc *event.Vocabulary) string {
	key := strings.TrimPrefix(r.Field, "data.")
	if key == "time" {
		what := "is not from 1990 to 2104"
		if r.Reason == event.FutureTime {
			what = "is in the future"
		}
		return fmt.Sprintf("%s: %q %s", s.shape.columns.Time.String(), short(s.time), what)
	}
	for f := range eventFields {
		switch {
		case eventKeys[f] != key && (f != ofRecorded || key != "recordedtime"):
		case s.raw[f] == "" && s.shape.columns.of(eventKeys[f]) == "":
			return fmt.Sprintf("%s has no %s; name its column in columns.%s", s.words[ofType], key, key) + constant(f, voc)
		case s.raw[f] == "":
			return s.about(f, "")
		case r.Reason == event.UnknownAgency:
			return s.about(f, fmt.Sprintf("is not an agency of the places file, which has %s; name the agency in codes.agency", voc.KnownAgencies()))
		case parsers[f] != nil:
			return s.about(f, fmt.Sprintf("is no %s; name it in codes.%s as %s", key, key, oneOf(event.WordsOf(key))))
		default:
			return s.about(f, "has a zero byte or more than "+fmt.Sprint(event.MaxName)+" bytes")
		}
	}
	return r.Error()
}

// constant says which words values may give for a field that no column has; empty if they give none.
func constant(f eventField, voc *event.Vocabulary) string {
	words := "one of " + voc.KnownAgencies()
	if f != ofAgency {
		all := event.WordsOf(eventKeys[f])
		if len(all) == 0 {
			return ""
		}
		words = oneOf(all)
	}
	return fmt.Sprintf(", or say values: {%s: ...} with %s", eventKeys[f], words)
}
