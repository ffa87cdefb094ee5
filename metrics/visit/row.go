package visit

// Row is a visit as stored in a table.
type Row struct {
	// ID is the visit's id, the subject of its events.
	ID string
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

// Status is the status of the visit: "inside", "departed", "lapsed", "incomplete", "inconsistent" or "void" (every fact
// retracted).
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
