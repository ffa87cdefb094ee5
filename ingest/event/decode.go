package event

import (
	"bytes"
	"math"
	"time"
	"unicode/utf8"
)

// MaxMessage is the largest message that is read, in bytes.
const MaxMessage = 1 << 20

// MaxName is the longest id, source, subject, lane, hold or queue in bytes.
const MaxName = 512

// MaxCount is the largest number in a reading, of whatever unit.
const (
	MaxCount  = 9_999_999_999
	maxDigits = 10
)

// maxEdition is the largest integer that a CloudEvents attribute may have.
const maxEdition = math.MaxInt32

// Times before Earliest, or at Latest and after, are the sign of a broken clock: 1990-01-01 and 2105-01-01 in Unix
// milliseconds. ClickHouse's DateTime, by which windows are ordered, ends in 2106.
const (
	Earliest = 631_152_000_000
	Latest   = 4_260_211_200_000
)

// Decoder reads messages. It is not for concurrent use.
type Decoder struct {
	// OwnRetractions refuses a retraction whose source is not that of the event which it names.
	OwnRetractions bool

	vocabulary *Vocabulary
	skew       int64
	scanner    scanner
	found      [members]value
	gaps       [members]gap
}

// NewDecoder makes a decoder. An event may have happened at most skew after its record's own time.
func NewDecoder(v *Vocabulary, skew time.Duration) *Decoder {
	return &Decoder{vocabulary: v, skew: skew.Milliseconds()}
}

// Reset frees the memory of the events decoded so far; those with escapes are no longer valid.
func (d *Decoder) Reset() { d.scanner.scratch = d.scanner.scratch[:0] }

// Decode reads the value of a record into e, which is invalid if it returns a Rejection. The event's bytes alias the
// message, and the decoder until Reset. Faults are checked in this order: an unreadable batch, size, JSON, the attributes as CloudEvents has
// them, the type, the data's fields with the BCP and the agency, the subject of an event about a place, and the clock. The key says nothing.
func (d *Decoder) Decode(record *Record, e *Event) *Rejection {
	if r := d.decode(record, e); r != nil {
		return r
	}
	return d.checkClock(record, e)
}

// DecodeMessage reads the message of a record that is not in a log yet, as Decode reads it once it is, and gives the record its key, which is
// the event's subject, and the time that at returns for the event, in Unix milliseconds.
func (d *Decoder) DecodeMessage(record *Record, at func(e *Event) int64, e *Event) *Rejection {
	if r := d.decode(record, e); r != nil {
		return r
	}
	record.Key, record.Time = e.Subject, at(e)
	return d.checkClock(record, e)
}

func (d *Decoder) checkClock(record *Record, e *Event) *Rejection {
	if e.Time > record.Time+d.skew {
		return reject(FutureTime, "time", d.found[eventTime].text)
	}
	return nil
}

// decode reads all but what the key and the time of the record say.
func (d *Decoder) decode(record *Record, e *Event) *Rejection {
	*e = Event{} // cleared in place; a literal with numbers would be built elsewhere and copied
	e.Observation = NoObservation()
	e.AppendTime, e.Forwarded = record.AppendTime, record.Forwarded() != nil
	d.found = [members]value{}
	if record.Unreadable != "" {
		return &Rejection{Reason: UnreadableBatch, Field: record.Unreadable}
	}
	if len(record.Value) > MaxMessage {
		return &Rejection{Reason: TooLarge, Field: "message"}
	}
	if r := d.read(record); r != nil {
		return r
	}
	if r := d.readAttributes(e); r != nil {
		return r
	}
	if r := d.readFields(e); r != nil {
		return r
	}
	ofPlace := string(e.Subject) == d.vocabulary.BCPName(e.BCP)
	switch types[e.Type].about {
	case aPlace, aQueue:
		if !ofPlace {
			return reject(InvalidField, "subject", e.Subject)
		}
	case aVisit: // a retraction with the BCP's id as subject is of an event about the BCP, so a visit of that name could never be corrected
		if ofPlace {
			return reject(InvalidField, "subject", e.Subject)
		}
	}
	return nil
}

// read finds the attributes and the data's fields in either mode.
func (d *Decoder) read(record *Record) *Rejection {
	given := record.header("content-type")
	switch contentType := mediaType(given); {
	case contentType == "application/cloudevents+json":
	case record.header("ce_specversion") != nil:
		return d.readBinary(record)
	case contentType != "" && contentType != "application/json":
		return reject(NotCloudEvent, "content-type", given)
	}
	d.scanner.start(record.Value)
	d.scanObject(messageStart, messageMember)
	if !d.scanner.end() {
		return &Rejection{Reason: NotJSON}
	}
	return nil
}

func (d *Decoder) readBinary(record *Record) *Rejection {
	for _, h := range [...]struct {
		name string
		into member
	}{
		{"ce_specversion", specversion},
		{"ce_id", eventID},
		{"ce_source", source},
		{"ce_type", eventType},
		{"ce_subject", subject},
		{"ce_time", eventTime},
		{"ce_recordedtime", recordedTime},
		{"ce_edition", edition},
		{"content-type", contentType},
	} {
		if b := record.header(h.name); b != nil {
			d.found[h.into] = value{text, b}
		}
	}
	if e := &d.found[edition]; e.kind == text { // a header has the text of the number
		d.scanner.start(e.text)
		d.scanner.number()
		if !d.scanner.broken && d.scanner.at == len(e.text) {
			e.kind = number
		}
	}
	d.scanner.start(record.Value)
	d.scanData()
	if !d.scanner.end() {
		return &Rejection{Reason: NotJSON}
	}
	return nil
}

func (d *Decoder) readAttributes(e *Event) *Rejection {
	f := &d.found
	if f[specversion].kind != text || string(f[specversion].text) != "1.0" {
		return reject(NotCloudEvent, "specversion", f[specversion].text)
	}
	if f[eventType].kind != text || f[eventType].missing() {
		return reject(NotCloudEvent, "type", f[eventType].text)
	}
	if r := name("id", &f[eventID], &e.ID); r != nil {
		return r
	}
	if r := name("source", &f[source], &e.Source); r != nil {
		return r
	}
	if r := name("subject", &f[subject], &e.Subject); r != nil {
		return r
	}
	if r := instant("time", &f[eventTime], &e.Time); r != nil {
		return r
	}
	e.Recorded = e.Time
	if !f[recordedTime].missing() {
		if r := instant("recordedtime", &f[recordedTime], &e.Recorded); r != nil {
			return r
		}
	}
	if r := readEdition("edition", &f[edition], &e.Edition); r != nil {
		return r
	}
	if !f[contentType].missing() && (f[contentType].kind != text || mediaType(f[contentType].text) != "application/json") {
		return reject(InvalidField, "datacontenttype", f[contentType].text)
	}
	var ok bool
	if e.Type, ok = parseWire(f[eventType].text); !ok {
		return reject(UnknownType, "type", f[eventType].text)
	}
	if f[data].missing() {
		return &Rejection{Reason: MissingField, Field: "data"}
	}
	if f[data].kind != object {
		return reject(InvalidField, "data", f[data].text)
	}
	e.Data = f[data].text
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

// name reads an id, a source, a subject, a lane, a hold or a queue. CloudEvents has no control characters in them; of these, one would make two
// events one: KeyOf has a zero byte between source and id.
func name(field string, v *value, into *[]byte) *Rejection {
	switch {
	case v.missing():
		return &Rejection{Reason: MissingField, Field: field}
	case v.kind != text || len(v.text) == 0 || len(v.text) > MaxName || !utf8.Valid(v.text) || bytes.IndexByte(v.text, 0) >= 0:
		return reject(InvalidField, field, v.text)
	}
	*into = v.text
	return nil
}

// readEdition reads an edition; a missing one is 0.
func readEdition(field string, v *value, into *uint32) *Rejection {
	if v.missing() {
		return nil
	}
	if v.kind != number {
		return reject(InvalidField, field, v.text)
	}
	n, ok := integer(v.text, maxEdition)
	if !ok {
		return reject(InvalidField, field, v.text)
	}
	*into = uint32(n)
	return nil
}

func instant(field string, v *value, into *int64) *Rejection {
	if v.missing() {
		return &Rejection{Reason: MissingField, Field: field}
	}
	ms, ok := ParseInstant(v.text)
	if !ok || v.kind != text || ms < Earliest || ms >= Latest {
		return reject(InvalidField, field, v.text)
	}
	*into = ms
	return nil
}
