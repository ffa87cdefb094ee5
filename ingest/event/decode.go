package event

import (
	"bytes"
	"time"
	"unicode/utf8"
)

// MaxMessage is the largest message that is read, in bytes.
const MaxMessage = 1 << 20

// maxName is the longest id, source, subject or lane in bytes.
const maxName = 512

// Times outside these bounds are the sign of a broken clock: 1990-01-01 and 2105-01-01 in Unix milliseconds. ClickHouse's
// DateTime, by which windows are ordered, ends in 2106.
const (
	earliest = 631_152_000_000
	latest   = 4_260_211_200_000
)

// Decoder reads messages. It is not for concurrent use.
type Decoder struct {
	vocabulary *Vocabulary
	skew       int64
	scanner    scanner
	attributes attributes
	fields     fields
}

// NewDecoder makes a decoder. An event may have happened at most skew after its record's own time.
func NewDecoder(v *Vocabulary, skew time.Duration) *Decoder {
	return &Decoder{vocabulary: v, skew: skew.Milliseconds()}
}

// Reset lets go of the memory behind the events decoded so far; those of them that had escapes are no longer valid.
func (d *Decoder) Reset() { d.scanner.scratch = d.scanner.scratch[:0] }

// attributes are the CloudEvents attributes that dwell reads, and fields those of the data.
type attributes struct {
	specversion, id, source, typ, subject, time, recorded, contentType, data value
}

type fields struct {
	bcp, direction, channel, regime, agency, kind, result, lane value
	vehicles, wait, age                                         value
	id, source, time                                            value
}

// Decode reads a message into e, of which nothing may be used if it returns a Rejection. The event's bytes alias the
// message, and the decoder until Reset. What is wrong is asked in this order: size, JSON, the attributes as CloudEvents
// has them, the type, the data's fields with the BCP and the agency, the subject and key, and the clock.
func (d *Decoder) Decode(m *Message, e *Event) *Rejection {
	*e = Event{Vehicles: Unknown, WaitSeconds: Unknown, AgeSeconds: Unknown}
	d.attributes, d.fields = attributes{}, fields{}
	if len(m.Value) > MaxMessage {
		return &Rejection{Reason: TooLarge, Field: "message"}
	}
	if r := d.read(m); r != nil {
		return r
	}
	if r := d.readAttributes(e); r != nil {
		return r
	}
	if r := d.readFields(e); r != nil {
		return r
	}
	if e.Type.OfPlace() || e.Type == QueueObserved {
		if string(e.Subject) != d.vocabulary.BCPName(e.BCP) {
			return reject(SubjectMismatch, "subject", e.Subject)
		}
	}
	if !bytes.Equal(m.Key, e.Subject) {
		return reject(SubjectMismatch, "key", m.Key)
	}
	if e.Time > m.Time+d.skew {
		return reject(FutureTime, "time", d.attributes.time.text)
	}
	return nil
}

// read finds the attributes and the data's fields in either mode.
func (d *Decoder) read(m *Message) *Rejection {
	s := &d.scanner
	s.text, s.at = m.Value, 0
	switch contentType := mediaType(m.header("content-type")); {
	case contentType == "application/cloudevents+json":
	case m.header("ce_specversion") != nil:
		return d.readBinary(m)
	case contentType != "" && contentType != "application/json":
		return reject(NotCloudEvent, "content-type", m.header("content-type"))
	}
	if !d.whole(func() bool { return s.next() == '{' && s.object(d.attribute) }) {
		return &Rejection{Reason: NotJSON}
	}
	return nil
}

// whole reads the message from end to end.
func (d *Decoder) whole(read func() bool) bool {
	s := &d.scanner
	s.skipSpace()
	if !read() {
		return false
	}
	s.skipSpace()
	return s.at == len(s.text)
}

func (d *Decoder) attribute(key []byte) bool {
	a := &d.attributes
	var into *value
	switch string(key) {
	case "specversion":
		into = &a.specversion
	case "id":
		into = &a.id
	case "source":
		into = &a.source
	case "type":
		into = &a.typ
	case "subject":
		into = &a.subject
	case "time":
		into = &a.time
	case "recordedtime":
		into = &a.recorded
	case "datacontenttype":
		into = &a.contentType
	case "data":
		return d.data()
	}
	v, ok := d.scanner.value(1)
	if into != nil {
		*into = v
	}
	return ok
}

// data reads the data; if it comes twice, only the last counts.
func (d *Decoder) data() bool {
	s := &d.scanner
	d.fields = fields{}
	start := s.at
	if s.next() != '{' {
		v, ok := s.value(1)
		d.attributes.data = v
		return ok
	}
	ok := s.object(d.field)
	d.attributes.data = value{object, s.text[start:s.at]}
	return ok
}

func (d *Decoder) field(key []byte) bool {
	f := &d.fields
	var into *value
	switch string(key) {
	case "bcp":
		into = &f.bcp
	case "direction":
		into = &f.direction
	case "channel":
		into = &f.channel
	case "regime":
		into = &f.regime
	case "agency":
		into = &f.agency
	case "kind":
		into = &f.kind
	case "result":
		into = &f.result
	case "lane":
		into = &f.lane
	case "vehicles":
		into = &f.vehicles
	case "wait_seconds":
		into = &f.wait
	case "age_seconds":
		into = &f.age
	case "id":
		into = &f.id
	case "source":
		into = &f.source
	case "time":
		into = &f.time
	}
	v, ok := d.scanner.value(2)
	if into != nil {
		*into = v
	}
	return ok
}

func (d *Decoder) readBinary(m *Message) *Rejection {
	a := &d.attributes
	for _, h := range []struct {
		name string
		into *value
	}{
		{"ce_specversion", &a.specversion},
		{"ce_id", &a.id},
		{"ce_source", &a.source},
		{"ce_type", &a.typ},
		{"ce_subject", &a.subject},
		{"ce_time", &a.time},
		{"ce_recordedtime", &a.recorded},
		{"content-type", &a.contentType},
	} {
		if b := m.header(h.name); b != nil {
			*h.into = value{text, b}
		}
	}
	if !d.whole(d.data) {
		return &Rejection{Reason: NotJSON}
	}
	return nil
}

func (d *Decoder) readAttributes(e *Event) *Rejection {
	a := &d.attributes
	if a.specversion.missing() || a.specversion.kind != text || string(a.specversion.text) != "1.0" {
		return reject(NotCloudEvent, "specversion", a.specversion.text)
	}
	if a.typ.missing() || a.typ.kind != text {
		return reject(NotCloudEvent, "type", a.typ.text)
	}
	for _, n := range [...]struct {
		field string
		v     *value
		into  *[]byte
	}{{"id", &a.id, &e.ID}, {"source", &a.source, &e.Source}, {"subject", &a.subject, &e.Subject}} {
		if r := name(n.field, n.v, n.into); r != nil {
			return r
		}
	}
	if r := instant("time", &a.time, &e.Time); r != nil {
		return r
	}
	e.Recorded = e.Time
	if !a.recorded.missing() {
		if r := instant("recordedtime", &a.recorded, &e.Recorded); r != nil {
			return r
		}
	}
	if !a.contentType.missing() && (a.contentType.kind != text || mediaType(a.contentType.text) != "application/json") {
		return reject(InvalidField, "datacontenttype", a.contentType.text)
	}
	var ok bool
	if e.Type, ok = parseWire(a.typ.text); !ok {
		return reject(UnknownType, "type", a.typ.text)
	}
	if a.data.missing() {
		return &Rejection{Reason: MissingField, Field: "data"}
	}
	if a.data.kind != object {
		return reject(InvalidField, "data", a.data.text)
	}
	e.Data = a.data.text
	return nil
}

func parseWire(b []byte) (Type, bool) {
	const prefix, suffix = "dwell.", ".v1"
	if len(b) <= len(prefix)+len(suffix) || string(b[:len(prefix)]) != prefix || string(b[len(b)-len(suffix):]) != suffix {
		return NoType, false
	}
	return ParseType(b[len(prefix) : len(b)-len(suffix)])
}

// mediaType is a content type without its parameters, in lower case.
func mediaType(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte(";"))
	b = bytes.TrimSpace(b)
	switch { // the two that come with every message cost no allocation
	case string(b) == "application/json":
		return "application/json"
	case string(b) == "application/cloudevents+json":
		return "application/cloudevents+json"
	}
	return string(bytes.ToLower(b))
}

func reject(why Reason, field string, offending []byte) *Rejection {
	const most = 100
	if len(offending) > most {
		offending = offending[:most]
	}
	return &Rejection{Reason: why, Field: field, Value: string(bytes.ToValidUTF8(offending, []byte("\uFFFD")))}
}

// name reads an id, a source, a subject or a lane.
func name(field string, v *value, into *[]byte) *Rejection {
	switch {
	case v.missing():
		return &Rejection{Reason: MissingField, Field: field}
	case v.kind != text || len(v.text) == 0 || len(v.text) > maxName || !utf8.Valid(v.text):
		return reject(InvalidField, field, v.text)
	}
	*into = v.text
	return nil
}

func instant(field string, v *value, into *int64) *Rejection {
	if v.missing() {
		return &Rejection{Reason: MissingField, Field: field}
	}
	ms, ok := ParseInstant(v.text)
	if !ok || v.kind != text || ms < earliest || ms >= latest {
		return reject(InvalidField, field, v.text)
	}
	*into = ms
	return nil
}
