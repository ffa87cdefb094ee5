package event

import (
	"bytes"
	"slices"
)

// Record is one record of the log, read or to be written. Its bytes belong to the call that hands it over; Clone keeps them.
type Record struct {
	// Offset is the record's place in its partition. A record that is to be written has none.
	Offset int64
	// Time is the record's own timestamp in Unix milliseconds. AppendTime says that it is the broker's, which appended the record
	// then (LogAppendTime), and not its producer's (CreateTime). A record that is to be written has the producer's.
	Time       int64
	AppendTime bool
	// Key is the visit id, or the BCP id of a fact about a place. Key and Value are nil where the record has none.
	Key, Value []byte
	Headers    []Header
	// Unreadable is set where the record stands for a whole batch that cannot be read, and says why. Value has the bytes of the
	// batch then, or the first of them, and Offset is the first that it covers.
	Unreadable string
}

// Header is one header of a record.
type Header struct{ Key, Value []byte }

// AllPartitionsHeader is the header of a record of which every partition has a copy.
const AllPartitionsHeader = "dwell-everywhere"

var (
	structuredHeaders   = []Header{{Key: []byte("content-type"), Value: []byte("application/cloudevents+json")}}
	allPartitionsHeader = Header{Key: []byte(AllPartitionsHeader), Value: []byte("1")}
)

// NewRecord returns the record of an event at a time in Unix milliseconds, as a structured CloudEvent. A fact about a place is
// marked for every partition.
func NewRecord(v *Vocabulary, e *Event, at int64) Record {
	r := StructuredRecord(bytes.Clone(e.Subject), AppendStructured(nil, v, e), at)
	r.SetAllPartitions(e.OfPlace())
	return r
}

// StructuredRecord returns the record of a structured CloudEvent that is encoded already.
func StructuredRecord(key, value []byte, at int64) Record {
	return Record{Key: key, Value: value, Time: at, Headers: structuredHeaders}
}

// Clone copies the record with its bytes. Nil stays nil, since Kafka distinguishes an absent key from an empty one.
func (r *Record) Clone() Record {
	c := *r
	c.Key, c.Value, c.Headers = bytes.Clone(r.Key), bytes.Clone(r.Value), nil
	for _, h := range r.Headers {
		c.Headers = append(c.Headers, Header{Key: bytes.Clone(h.Key), Value: bytes.Clone(h.Value)})
	}
	return c
}

// AllPartitions reports whether every partition has, or is to get, a copy of the record.
func (r *Record) AllPartitions() bool { return r.header(AllPartitionsHeader) != nil }

// SetAllPartitions marks the record for every partition, or removes the mark. Headers that other records share do not change.
func (r *Record) SetAllPartitions(all bool) {
	if r.AllPartitions() == all {
		return
	}
	if all {
		r.Headers = append(slices.Clip(r.Headers), allPartitionsHeader)
		return
	}
	r.Headers = slices.DeleteFunc(slices.Clone(r.Headers), func(h Header) bool { return string(h.Key) == AllPartitionsHeader })
}

// header returns the last header of this name, nil if the record has no such header.
func (r *Record) header(name string) []byte {
	for i := len(r.Headers) - 1; i >= 0; i-- {
		if string(r.Headers[i].Key) == name {
			return r.Headers[i].Value
		}
	}
	return nil
}

// DeadLetter is a message that cannot be used, as a record, and why.
type DeadLetter struct {
	Record
	// Origin is where the message came from; no other letter has the same.
	Origin Origin
	Reason Reason
	// Detail is the reason with the field and the value at fault, for people.
	Detail string
}
