package event

import (
	"bytes"
	"slices"
	"strconv"
)

// Record is one record of the log, read or to be written. Its bytes belong to the call that hands it over; Clone keeps them.
type Record struct {
	// Offset is the record's place in its partition. A record that is to be written has none.
	Offset int64
	// Time is the record's own timestamp in Unix milliseconds. AppendTime says that it is the broker's, which appended the record
	// then (LogAppendTime), and not its producer's (CreateTime). A record that is to be written has the producer's.
	Time       int64
	AppendTime bool
	// Key is whatever the producer chose; that of records which dwell makes is the event's subject. Key and Value are nil where the
	// record has none.
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

// ForwardedHeader is the header of a copy that was forwarded to the partition of its subject. It says where the original lies,
// "partition/offset".
const ForwardedHeader = "dwell-forwarded"

// Forwarded is where the record was forwarded from, as its header says; nil if it has none, or one that is not "partition/offset".
func (r *Record) Forwarded() []byte {
	from := r.header(ForwardedHeader)
	partition, offset, ok := bytes.Cut(from, []byte("/"))
	if !ok || !isDecimal(partition) || !isDecimal(offset) {
		return nil
	}
	return from
}

func isDecimal(b []byte) bool {
	const most = 18 // digits, which an int64 always has room for
	if len(b) == 0 || len(b) > most || b[0] == '0' && len(b) > 1 {
		return false
	}
	_, ok := decimal(b)
	return ok
}

// SetForwarded says that the record, which lies at its offset in a partition, is a copy from there.
func (r *Record) SetForwarded(partition int) {
	from := strconv.AppendInt(append(strconv.AppendInt(nil, int64(partition), 10), '/'), r.Offset, 10)
	r.RemoveForwarded()
	r.Headers = append(slices.Clip(r.Headers), Header{Key: []byte(ForwardedHeader), Value: from})
}

// RemoveForwarded makes the record one that was never forwarded. Headers that other records share do not change.
func (r *Record) RemoveForwarded() { r.removeHeader(ForwardedHeader) }

func (r *Record) removeHeader(name string) {
	named := func(h Header) bool { return string(h.Key) == name }
	if slices.ContainsFunc(r.Headers, named) {
		r.Headers = slices.DeleteFunc(slices.Clone(r.Headers), named)
	}
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
	r.removeHeader(AllPartitionsHeader)
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
