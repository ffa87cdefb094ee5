package source

import (
	"fmt"

	"github.com/cespare/xxhash/v2"

	"dwell/ingest/event"
)

// Again finds subjects of a file that arrive again after they have departed. A subject is one visit, so the later passage of a truck whose subject
// is its plate is not counted. It knows the first subjects of a file alone, which suffice to tell a plate from the id of a visit.
type Again struct {
	passages map[uint64]passage
	found    int
	such     string // the first one that was found
}

// passage is when a subject arrived first and last, and departed first, in Unix milliseconds.
type passage struct{ arrived, arrivedLast, departed int64 }

// maxPassages bounds the subjects that are known.
const maxPassages = 100_000

// Add takes an event of the file, in any order of times.
func (a *Again) Add(e *event.Event) {
	if e.Type != event.TruckArrived && e.Type != event.TruckDeparted {
		return
	}
	key := xxhash.Sum64(e.Subject)*31 + uint64(e.BCP)
	p, known := a.passages[key]
	if !known {
		if len(a.passages) == maxPassages {
			return
		}
		p = passage{event.Latest, 0, event.Latest}
	}
	was := p.again()
	if e.Type == event.TruckDeparted {
		p.departed = min(p.departed, e.Time)
	} else {
		p.arrived, p.arrivedLast = min(p.arrived, e.Time), max(p.arrivedLast, e.Time)
	}
	if !was && p.again() {
		if a.found++; a.found == 1 {
			a.such = string(e.Subject)
		}
	}
	if a.passages == nil {
		a.passages = map[uint64]passage{}
	}
	a.passages[key] = p
}

// again reports whether it arrived, departed, and arrived.
func (p *passage) again() bool { return p.arrived <= p.departed && p.departed < p.arrivedLast }

// String is a warning that says how many were found, and the way out; empty where none was.
func (a *Again) String() string {
	if a.found == 0 {
		return ""
	}
	verb := "arrive again after they have"
	if a.found == 1 {
		verb = "arrives again after it has"
	}
	return fmt.Sprintf("%s %s departed, such as %q: a subject is one visit, and its second passage is not counted as another; "+
		"take the number of the visit as the subject, or in a mapping several columns, such as [plate, trip]", many(int64(a.found), "subject"), verb, a.such)
}
