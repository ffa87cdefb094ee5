package event

import "strconv"

// Stored is a valid event as it is kept in a table, in the words of its vocabulary.
type Stored struct {
	// Type is the short name, "truck.arrived"; a later version may not know it.
	Type, ID, Source, Subject string
	Edition                   uint32
	// Time and Recorded are in Unix milliseconds.
	Time, Recorded int64
	BCP            string
	// Forwarded is where the record was forwarded from, empty if it was not.
	Forwarded string
	// Data is the event's data as it was sent.
	Data string
}

// Record returns the record of the event at a time in Unix milliseconds, as a CloudEvent in binary mode: its value is the data, byte
// for byte, so it is judged as the record was that the event came in. Decoding gives the same event again. A fact about a place is marked
// for every partition.
func (s *Stored) Record(at int64) Record {
	r := Record{
		Time: at, Key: []byte(s.Subject), Value: []byte(s.Data),
		Headers: []Header{
			{[]byte("content-type"), []byte("application/json")},
			{[]byte("ce_specversion"), []byte("1.0")},
			{[]byte("ce_id"), []byte(s.ID)},
			{[]byte("ce_source"), []byte(s.Source)},
			{[]byte("ce_type"), []byte("dwell." + s.Type + ".v1")},
			{[]byte("ce_subject"), []byte(s.Subject)},
			{[]byte("ce_time"), appendTime(nil, s.Time)},
		},
	}
	if s.Recorded != s.Time {
		r.Headers = append(r.Headers, Header{[]byte("ce_recordedtime"), appendTime(nil, s.Recorded)})
	}
	if s.Edition > 0 {
		r.Headers = append(r.Headers, Header{[]byte("ce_edition"), strconv.AppendUint(nil, uint64(s.Edition), 10)})
	}
	if s.Forwarded != "" {
		r.Headers = append(r.Headers, Header{[]byte(ForwardedHeader), []byte(s.Forwarded)})
	}
	typ, _ := ParseType([]byte(s.Type))
	r.SetAllPartitions(typ.OfPlace() || typ == EventRetracted && s.Subject == s.BCP)
	return r
}
