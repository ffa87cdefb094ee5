package visit

import "dwell/ingest/event"

// Key names a visit: the same subject at another BCP is another visit.
type Key struct {
	BCP event.BCP
	// ID is the subject of the visit's events.
	ID string
}

// Row is a visit as stored in a table.
type Row struct {
	Key
	// Month is that of the first event that was applied. It never changes, unlike the visit's first fact, so that all rows of a
	// visit are in one partition of the table. A visit that begins anew after the retention may have another one.
	Month Month
	// AsOf is an offset: the row includes the events of the shard before it, and no others.
	AsOf int64
	// Lapsed is the instant at which the visit had had no fact for as long as its BCP allows, None if it has not lapsed.
	Lapsed Time
	// Over says that nothing more is expected of the visit: it departed, lapsed, or has no fact left.
	Over bool
	// Facts are in the form of AppendFacts.
	Facts []byte
	// State is derived from the facts. Rows that are read back lack it.
	State State
}

// Statuses are those that a visit may have. It is void once every fact is retracted.
func Statuses() []string {
	return []string{"inside", "departed", "lapsed", "incomplete", "inconsistent", "void"}
}

// Status is the status of the visit, one of Statuses.
func (r *Row) Status() string {
	switch s := &r.State; {
	case s.Empty:
		return "void"
	case s.Fault == NoArrival:
		return "incomplete"
	case s.Fault != Sound:
		return "inconsistent"
	case s.Departed != None:
		return "departed"
	case r.Lapsed != None:
		return "lapsed"
	default:
		return "inside"
	}
}
