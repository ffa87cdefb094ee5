package visit

// Row is a visit as a table keeps it.
type Row struct {
	// ID is the visit's id, the subject of its events.
	ID string
	// AsOf is the offset up to which the shard's log is in this row: every event before AsOf is, none from AsOf on.
	AsOf int64
	// Lapsed says that the visit fell silent for longer than its BCP allows, as of AsOf.
	Lapsed bool
	// Over says that nothing more is expected of the visit: it departed, lapsed, or has no fact left.
	Over bool
	// Facts are in the form of AppendFacts.
	Facts []byte
	// State is what the facts say. A row that was read back has none; derive it.
	State State
}

// Status is the word for where the visit stands: "inside", "departed", "lapsed", "incomplete", "inconsistent" or "void"
// (every fact retracted).
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
	case r.Lapsed:
		return "lapsed"
	default:
		return "inside"
	}
}
