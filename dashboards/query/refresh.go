package query

import (
	"context"
	"errors"
	"time"

	"dwell/dashboards/overview"
	judge "dwell/dashboards/verdict"
	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/metrics/hours"
)

// ErrUnread is the error of questions before the first Refresh.
var ErrUnread = errors.New("the tables have not been read yet")

// read is what Refresh has read besides the border's overview. It never changes.
type read struct {
	baselines map[string]*baselines // by BCP
	learned   learning
	// latest and verdicts are the latest readings of each BCP, as of these offsets of all shards.
	latest   map[string][]published
	leftOut  map[string]int // queues of each BCP that are not shown
	verdicts map[string]map[queue]judge.Verdict
	offsets  uint64
	judging  work
}

// work is when something was done last, by the monotonic clock, and how long it took.
type work struct {
	began time.Time
	took  time.Duration
}

// rested reports whether it has not been done for sparing times as long as it takes, or for most, where that is shorter.
func (w *work) rested(most time.Duration) bool {
	return time.Since(w.began) >= min(sparing*w.took, most)
}

// learning is when baselines were learned: at this time, from events up to asOf.
type learning struct {
	at, asOf time.Time
	work
}

// relearnAfter is how long baselines count as those of now. Where an hour of events comes in less than that, as when a history is
// counted, they are learned again earlier, but with pauses of relearnPause at least.
const relearnAfter, relearnPause = time.Hour, 5 * time.Second

// What may be done again and again takes a twentieth of the time at most.
const sparing = 20

// readingsBehind is how far the readings that are shown may be behind the tables. Reading them takes long also where the database was
// away meanwhile, and twenty times as long would be minutes.
const readingsBehind = 30 * time.Second

func (l *learning) due(now time.Time, asOf *time.Time) bool {
	if age := now.Sub(l.at); l.began.IsZero() || age < 0 || age >= relearnAfter {
		return true
	}
	return asOf != nil && asOf.Sub(l.asOf) >= relearnAfter && time.Since(l.began) >= relearnPause && l.rested(relearnAfter)
}

// Refresh reads what the overview needs from the tables: the shards of which this process does not have as much, the baselines
// once an hour, and the readings if anything was written since. It is for one goroutine at a time.
func (s *Source) Refresh(ctx context.Context) error {
	standing, err := s.readProgress(ctx)
	if err != nil {
		return err
	}
	progress, have := standing.all(), s.border.Have()
	known, err := s.readStored(ctx, standing, have)
	if err != nil {
		return err
	}
	s.border.Stored(known, have)
	before := s.read.Load()
	now := s.now()
	next := &read{}
	if before != nil {
		*next = *before
	}
	if next.learned.due(now, progress.AsOf) {
		begin := time.Now()
		if next.baselines, err = s.learn(ctx, s.ids, now); err != nil {
			return err
		}
		next.learned = learning{at: now, work: work{begin, time.Since(begin)}}
		if progress.AsOf != nil {
			next.learned.asOf = *progress.AsOf
		}
	}
	if before != nil && next.learned == before.learned && (progress.Offsets == before.offsets || !before.judging.rested(readingsBehind)) {
		return nil
	}
	begin := time.Now()
	if err := s.judgeReadings(ctx, next); err != nil {
		return err
	}
	next.offsets, next.judging = progress.Offsets, work{begin, time.Since(begin)}
	s.read.Store(next)
	s.border.Wake()
	return nil
}

// refreshEvery is how often the tables are asked whether anything was written. Each query of a Refresh may take answerTimeout: a
// busy database, which has many to answer when a process starts, is not taken for one that is away.
const refreshEvery, answerTimeout = time.Second, 8 * time.Second

// answerWithin is the key of how long each query of a context may take.
type answerWithin struct{}

// Run refreshes until ctx ends. It calls reached with each outcome, nil where the store has answered.
func (s *Source) Run(ctx context.Context, reached func(error)) error {
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	bounded := context.WithValue(ctx, answerWithin{}, answerTimeout)
	for {
		err := s.Refresh(bounded)
		if ctx.Err() != nil {
			return nil
		}
		reached(err)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Changed is closed when an overview that is made then may differ from one that was made before the call.
func (s *Source) Changed() <-chan struct{} { return s.border.Changed() }

// judgeReadings reads the latest readings and judges them.
func (s *Source) judgeReadings(ctx context.Context, next *read) (err error) {
	if next.latest, next.leftOut, err = s.readReadings(ctx); err != nil {
		return err
	}
	next.verdicts = map[string]map[queue]judge.Verdict{}
	for _, id := range s.ids {
		if len(next.latest[id]) == 0 {
			continue
		}
		if next.verdicts[id], err = s.latestVerdicts(ctx, next.baselines[id], next.latest[id]); err != nil {
			return err
		}
	}
	return nil
}

// latestReadings are those of one place as they are now.
func (r *read) latestReadings(id string, now time.Time) []overview.LatestReading {
	out := []overview.LatestReading{}
	for i := range r.latest[id] {
		one := &r.latest[id][i]
		out = append(out, one.at(now, r.baselines[id], r.verdicts[id][one.queue]))
	}
	return out
}

// openings are when a place was open as far as is known; they are the caller's.
func (s *Source) openings(p *place.Place) *hours.Hours {
	b, _ := s.voc.BCP([]byte(p.ID))
	if known := s.border.Overview().Places[b].Openings; known != nil {
		return known.Clone()
	}
	return s.calendars[b].Clone()
}

// openAt reports whether a place was open at an instant, for either direction.
func openAt(h *hours.Hours, t time.Time) bool {
	ms := t.UnixMilli()
	return h.Open(event.Inbound, ms) || h.Open(event.Outbound, ms)
}

// closedDuring reports whether a place was closed at some time of [from, to), for either direction. The hours must not be shared.
func closedDuring(h *hours.Hours, from, to int64) bool {
	return h.Closed(event.Inbound, from, to) > 0 || h.Closed(event.Outbound, from, to) > 0
}
