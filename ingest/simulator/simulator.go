package simulator

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/place"
)

// Config says what to simulate.
type Config struct {
	// Places are the BCPs and agencies. Steps of an agency that is not listed are left out.
	Places *place.Book
	// From is when the simulation begins, with empty BCPs. Until is when it ends, with what is then under way delivered;
	// the zero time is never.
	From, Until time.Time
	Seed        uint64
	Faults      Faults
	Scenario    Scenario
	// Truth, if not nil, is called within Next with each visit that is over, and at the end with those still inside, ordered
	// by when they set out.
	Truth func(TruthLine)
}

// Emission is an event on its way to Kafka.
type Emission struct {
	// At is when it reaches Kafka, in Unix milliseconds. It never goes back.
	At int64
	// Event is valid until the next call of Next. Its Data is empty: what it says is in its fields.
	Event *event.Event
	// Key is the Kafka key; it is valid as long as Event is.
	Key []byte
	// AllPartitions says that every partition gets a copy.
	AllPartitions bool
}

// Simulator plays BCPs. It is not for concurrent use.
type Simulator struct {
	voc   *event.Vocabulary
	posts []*post
	until int64        // none if negative
	seen  func(*truck) // of each visit that is over, and at the end of those inside; may be nil

	now      int64
	happens  agenda[occurrence]
	delivery delivery
	ended    bool
	out      outbox
}

// occurrence is a scheduled step of a truck or a BCP.
type occurrence struct {
	post  *post
	truck *truck
	what  happening
}

// New makes a simulator of a configuration.
func New(cfg Config) (*Simulator, error) {
	s, err := newSimulator(cfg)
	if err != nil {
		return nil, err
	}
	s.begin()
	return s, nil
}

// newSimulator makes one in which nothing is scheduled yet.
func newSimulator(cfg Config) (*Simulator, error) {
	if cfg.Places == nil {
		return nil, errors.New("simulator: no places")
	}
	if y := cfg.From.Year(); y < 1990 || y >= 2200 {
		return nil, fmt.Errorf("simulator: from %q is not between 1990 and 2200", cfg.From.Format(time.RFC3339))
	}
	if !cfg.Until.IsZero() && !cfg.Until.After(cfg.From) {
		return nil, fmt.Errorf("simulator: until %q is not after from %q",
			cfg.Until.Format(time.RFC3339), cfg.From.Format(time.RFC3339))
	}
	voc, err := cfg.Places.Vocabulary()
	if err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	if err := cfg.Scenario.Check(cfg.Places); err != nil {
		return nil, fmt.Errorf("simulator: scenario: %w", err)
	}
	figures, err := loadCalibrations()
	if err != nil {
		return nil, err
	}
	s := &Simulator{voc: voc, now: cfg.From.UnixMilli(), until: -1}
	if cfg.Truth != nil {
		s.seen = func(t *truck) { cfg.Truth(t.line(t.visit, voc)) }
	}
	if !cfg.Until.IsZero() {
		s.until = cfg.Until.UnixMilli()
	}
	for i := range cfg.Places.Places {
		p := &cfg.Places.Places[i]
		q, err := newPost(s, p, voc.BCPs()[i], figures.of(p.ID), &cfg)
		if err != nil {
			return nil, fmt.Errorf("simulator: scenario: %w", err)
		}
		s.posts = append(s.posts, q)
	}
	s.delivery.plan(cfg.Faults, s, cfg.Seed)
	return s, nil
}

func (s *Simulator) begin() {
	for _, p := range s.posts {
		p.begin()
	}
}

// Vocabulary is the vocabulary of the events' codes.
func (s *Simulator) Vocabulary() *event.Vocabulary { return s.voc }

// Next returns the next event to reach Kafka, and false when all have.
func (s *Simulator) Next() (Emission, bool) {
	for !s.ended {
		if !s.delivery.empty() && !s.happens.empty() && s.delivery.next() < s.happens.next() {
			break // nothing that is still to happen can reach Kafka earlier
		}
		s.step()
	}
	if s.delivery.empty() {
		return Emission{}, false
	}
	at, r := s.delivery.take()
	return s.out.emission(at, r), true
}

// step lets the next thing happen, and returns false when the simulation has ended.
func (s *Simulator) step() bool {
	if s.happens.empty() || s.until >= 0 && s.happens.next() >= s.until {
		s.end()
		return false
	}
	at, o := s.happens.take()
	s.now = at
	o.post.happen(o.truck, o.what)
	return true
}

// end reports the truth of the trucks inside.
func (s *Simulator) end() {
	s.ended = true
	var inside []*truck
	for _, p := range s.posts {
		for t := range p.trucks {
			inside = append(inside, t)
		}
	}
	slices.SortFunc(inside, func(a, b *truck) int {
		return cmp.Or(cmp.Compare(a.visit.begun, b.visit.begun), slices.Compare(a.visit.id, b.visit.id))
	})
	for _, t := range inside {
		s.report(t)
	}
}

// report shows a truck of which an event has been sent.
func (s *Simulator) report(t *truck) {
	if s.seen != nil && t.visit.facts > 0 {
		s.seen(t)
	}
}
