package engine

import (
	"cmp"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/metrics/engine/mem"
	"dwell/metrics/hours"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// Config is shared by all shards of a program.
type Config struct {
	Vocabulary *event.Vocabulary `yaml:"-" rule:"-"`
	// Places are the BCPs of the Vocabulary, in its order.
	Places []place.Place `yaml:"-" rule:"-"`
	// MemoryRetention is how far behind the watermark finished visits and windows stay in memory, and how far back an Overview goes.
	MemoryRetention time.Duration `yaml:"memory_retention" rule:"-"`
	// WatermarkDelay is how far the watermark stays behind the latest event, or behind that of the second latest source where
	// producers date their records.
	WatermarkDelay time.Duration `yaml:"watermark_delay"`
	// MostFacts is how many facts a visit takes; 0 is visit.MostFacts.
	MostFacts int `yaml:"-" rule:"-"`
}

// State is the state of one shard.
type State struct {
	cfg   Config
	rules visit.Rules
	// places are by event.BCP; that of NoBCP, for visits without a fact, is empty.
	places []place.Place

	visits visits
	// dirty are the visits that have changed since the last flush; collected is their contributions as of the last
	// collectDeltas, which has nothing to do while deltasDue is false.
	dirty     []dirtyVisit
	collected mem.Slab[window.Contribution]
	deltasDue bool
	lapses    mem.Queue[mem.Ref]
	inside    []*Inside // by BCP and direction
	doneSets  map[string]Agencies

	windows windows
	recent  []recentHours // by BCP
	hours   bcpHours
	// openings are copies of hours for overviews, nil where an event has changed them since.
	openings []*hours.Hours

	// stored has the keys of all visits that are in the store and not in memory, and some others as false positives.
	stored mem.Filter

	// recovering is true from Resume until Resumed. written is the AsOf of the last flush.
	recovering bool
	retentions []Retention // in the order of their offsets
	written    int64
	// restatedUntil is the highest AsOf of the visits that the recovery loaded: restatements are written before visits.
	restatedUntil int64
	// ahead has the AsOf of the windows that are ahead of the log while the shard replays.
	ahead map[window.Key]int64
	// boundaries are the offsets as of which another instance may have written rows and which the log has not reached yet:
	// in order, none twice.
	boundaries []int64
	applied    int64 // the offset of the last event

	finalMinute int32        // of the watermark before the current event: windows that ended by it are final
	finalDeltas []finalDelta // of the current event
	restated    []window.Restatement
	// restatedAt is where in restated the windows of the current event are: memory for the next one.
	restatedAt map[window.Key]int
	spareBins  []window.Bin

	lead          // as of the last event
	newest  int64 // no fact in memory is later, Unix milliseconds
	horizon int64 // visits and windows that ended at or before it are not in memory, Unix milliseconds
	// keptVisits and keptWindows are how many the last eviction kept.
	keptVisits, keptWindows int

	// memory for the next event, and for the next flush
	before, after []window.Contribution
	scratch       visit.State
	derived       mem.Ref // the visit of scratch, 0 where it is none
	keyRoom       []byte
	doneRoom      []event.Agency
	setRoom       []byte
	spare         Flush
}

const directions = int(event.Outbound) + 1

// placeOf is the index of a BCP and direction among all.
func placeOf(b event.BCP, d event.Direction) int { return int(b)*directions + int(d) }

const (
	never     = -1 << 62
	notQueued = 1<<63 - 1
)

// New makes the state of a shard whose log is empty.
func New(cfg Config) *State {
	cfg.MostFacts = cmp.Or(cfg.MostFacts, visit.MostFacts)
	s := &State{
		cfg: cfg, rules: visit.RulesOf(cfg.Vocabulary), places: append([]place.Place{{}}, cfg.Places...),
		inside:   make([]*Inside, (1+len(cfg.Places))*directions), // there is no BCP 0
		doneSets: map[string]Agencies{},
		ahead:    map[window.Key]int64{}, restatedAt: map[window.Key]int{},
		lead: lead{latest: never}, newest: never, horizon: never,
		windows: newWindows(cfg.Places), recent: make([]recentHours, 1+len(cfg.Places)),
		hours: make(bcpHours, 1+len(cfg.Places)), openings: make([]*hours.Hours, 1+len(cfg.Places)),
	}
	for i := range cfg.Places {
		s.hours[1+i] = hours.New(cfg.Places[i].Calendar, cfg.Places[i].Zone)
	}
	s.rules.Hours = s.hours
	return s
}

// Watermark is the instant, in Unix milliseconds, up to which windows are final unless late data restates them; ok is
// false before the first event.
func (s *State) Watermark() (ms int64, ok bool) {
	if s.latest == never {
		return 0, false
	}
	return s.watermark(), true
}

func (s *State) watermark() int64 { return s.latest - s.cfg.WatermarkDelay.Milliseconds() }

// Visits is the number of visits in memory.
func (s *State) Visits() int { return s.visits.Len() }

// Windows is the number of windows in memory.
func (s *State) Windows() int { return s.windows.n }

func (s *State) place(b event.BCP) *place.Place { return &s.places[b] }
