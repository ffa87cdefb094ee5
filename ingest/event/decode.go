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
	*e = Event{} // in one stroke; a literal with three numbers would be built elsewhere and copied
	e.Vehicles, e.WaitSeconds, e.AgeSeconds = Unknown, Unknown, Unknown
	d.attributes = attributes{}
	d.fields = fields{}
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
	given := m.header("content-type")
	switch contentType := mediaType(given); {
	case contentType == "application/cloudevents+json":
	case m.header("ce_specversion") != nil:
		return d.readBinary(m)
	case contentType != "" && contentType != "application/json":
		return reject(NotCloudEvent, "content-type", given)
	}
	d.scanner.start(m.Value)
	d.scanMessage()
	if !d.scanner.end() {
		return &Rejection{Reason: NotJSON}
	}
	return nil
}

func (d *Decoder) scanMessage() {
	s, a := &d.scanner, &d.attributes
	for more := s.enter('{', '}'); more; more = s.another('}') {
		switch string(s.key()) {
		case "specversion":
			a.specversion = s.value()
		case "id":
			a.id = s.value()
		case "source":
			a.source = s.value()
		case "type":
			a.typ = s.value()
		case "subject":
			a.subject = s.value()
		case "time":
			a.time = s.value()
		case "recordedtime":
			a.recorded = s.value()
		case "datacontenttype":
			a.contentType = s.value()
		case "data":
			if a.data.kind != absent {
				d.fields = fields{} // of data that come twice only the last count
			}
			d.scanData()
		default:
			s.value()
		}
	}
}

func (d *Decoder) scanData() {
	s, f := &d.scanner, &d.fields
	if s.token() != '{' {
		d.attributes.data = s.value()
		return
	}
	start := s.at
	for more := s.enter('{', '}'); more; more = s.another('}') {
		switch string(s.key()) {
		case "bcp":
			f.bcp = s.value()
		case "direction":
			f.direction = s.value()
		case "channel":
			f.channel = s.value()
		case "regime":
			f.regime = s.value()
		case "agency":
			f.agency = s.value()
		case "kind":
			f.kind = s.value()
		case "result":
			f.result = s.value()
		case "lane":
			f.lane = s.value()
		case "vehicles":
			f.vehicles = s.value()
		case "wait_seconds":
			f.wait = s.value()
		case "age_seconds":
			f.age = s.value()
		case "id":
			f.id = s.value()
		case "source":
			f.source = s.value()
		case "time":
			f.time = s.value()
		default:
			s.value()
		}
	}
	d.attributes.data = value{object, s.text[start:s.at]}
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
	d.scanner.start(m.Value)
	d.scanData()
	if !d.scanner.end() {
		return &Rejection{Reason: NotJSON}
	}
	return nil
}

func (d *Decoder) readAttributes(e *Event) *Rejection {
	a := &d.attributes
	if a.specversion.kind != text || string(a.specversion.text) != "1.0" {
		return reject(NotCloudEvent, "specversion", a.specversion.text)
	}
	if a.typ.kind != text {
		return reject(NotCloudEvent, "type", a.typ.text)
	}
	if r := name("id", &a.id, &e.ID); r != nil {
		return r
	}
	if r := name("source", &a.source, &e.Source); r != nil {
		return r
	}
	if r := name("subject", &a.subject, &e.Subject); r != nil {
		return r
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
	switch string(b) { // those that come with every message cost nothing
	case "":
		return ""
	case "application/json":
		return "application/json"
	case "application/cloudevents+json":
		return "application/cloudevents+json"
	}
	b, _, _ = bytes.Cut(b, []byte(";"))
	return string(bytes.ToLower(bytes.TrimSpace(b)))
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
