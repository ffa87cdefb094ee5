package source

import (
	"fmt"

	"github.com/cespare/xxhash/v2"

	"dwell/ingest/event"
)

// Single finds a file of which each visit has one event, though the events have several types: its subject is the id of the record, and not that
// of the visit, so that no event is joined with another. It knows the first subjects of a file alone.
type Single struct {
	visits  map[uint64]bool
	types   map[event.Type]bool
	several bool // a visit has several events
}

// fewVisits may have one event each by chance.
const fewVisits = 5

// Add takes an event of the file.
func (s *Single) Add(e *event.Event) {
	if !e.Type.OfVisit() || s.several {
		return
	}
	if s.visits == nil {
		s.visits, s.types = map[uint64]bool{}, map[event.Type]bool{}
	}
	s.types[e.Type] = true
	key := xxhash.Sum64(e.Subject)*31 + uint64(e.BCP)
	switch {
	case s.visits[key]:
		s.several, s.visits = true, nil
	case len(s.visits) < maxPassages:
		s.visits[key] = true
	}
}

// String is a warning that says so, and the way out; empty where it is not so.
func (s *Single) String() string {
	if s.several || len(s.visits) < fewVisits || len(s.types) < 2 {
		return ""
	}
	return fmt.Sprintf("each of %d visits has one event, though there are %d types of events, so no dwell time can be computed: the subject is probably the id of the record; "+
		"that belongs in columns.id of a mapping, and in columns.subject what all events of a visit have, such as the number of its pass", len(s.visits), len(s.types))
}
