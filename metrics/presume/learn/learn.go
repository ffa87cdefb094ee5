// Package learn keeps in force what is presumed of trucks that wait (package presume), and learns it anew once a day.
//
// It promises that one process of all learns, that all of them have what was learned last within a minute, also after a restart, and that
// presumptions are judged by the version that was in force when a wait began. While ClickHouse is away, what was learned before holds. It
// refuses to learn in the time of events: the visits of the last weeks are those before now, whatever clock gives that.
package learn

import (
	"context"
	"log/slog"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/presume"
	"dwell/metrics/visit"
)

// What is presumed is learned from the latest visits of each BCP and direction that departed in the weeks before, and judged by those of the
// last 30 days (NUMBERS, section 1).
const (
	learnFrom   = 8 * 7 * 24 * time.Hour
	learnVisits = 5000
	judgeFrom   = 30 * 24 * time.Hour
	// longestVisit is how long before its departure a visit may have begun whose presumptions are judged.
	longestVisit = 30 * 24 * time.Hour
)

// It is learned anew once a day. At first, when a history may still be counted, that is sooner: when twice as much time has passed since the
// first version.
const (
	relearnLeast = 10 * time.Minute
	relearnMost  = 24 * time.Hour
	presumeEvery = time.Minute // between looks at whether another process has learned
)

// Store is what the loop needs of ClickHouse.
type Store interface {
	// DepartedVisits yields the visits of a BCP and direction that departed at or after since, the latest most of them.
	DepartedVisits(ctx context.Context, b event.BCP, d event.Direction, since time.Time, most int, yield func(*visit.Visit)) error
	// LastLearned is when the last version was learned, zero before the first.
	LastLearned(context.Context) (time.Time, error)
	// Presumptions returns the versions that were learned at or after since, and the one that was in force then, in order.
	Presumptions(ctx context.Context, rules visit.Rules, since time.Time) ([]presume.Version, error)
	// PresumptionRecords are the records that were made at an instant.
	PresumptionRecords(ctx context.Context, learned time.Time) (map[event.BCP]presume.Report, error)
	WritePresumptionRecord(ctx context.Context, learned time.Time, b event.BCP, r *presume.Report) error
	WritePresumptions(ctx context.Context, learned time.Time, t *presume.Table) error
}

// Loop keeps in force what was learned last, and learns where this process is the one of all that does.
type Loop struct {
	Store      Store
	Vocabulary *event.Vocabulary
	// Hours are when BCPs were open, as far as is known now; the loop's own.
	Hours func() visit.Hours
	// Elected reports whether this process learns.
	Elected func() bool
	// Put takes what is in force from now on.
	Put func(*presume.InForce)
	Now func() time.Time
	Log *slog.Logger

	known []presume.Version // those in force in the time that is judged, in order
	said  string            // the error that was logged last
}

// Run goes on until ctx ends. Without ClickHouse what was learned before stays in force.
func (p *Loop) Run(ctx context.Context) error {
	tick := time.NewTicker(presumeEvery)
	defer tick.Stop()
	for {
		switch err := p.Look(ctx); {
		case ctx.Err() != nil:
			return nil
		case err != nil && p.said != err.Error():
			p.said = err.Error()
			p.Log.Warn("who presumably has the trucks could not be learned; what was learned before holds", "error", err)
		case err == nil:
			p.said = ""
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Look reads what other processes have learned, and learns if that is due.
func (p *Loop) Look(ctx context.Context) error {
	last, err := p.Store.LastLearned(ctx)
	if err != nil {
		return err
	}
	if n := len(p.known); n == 0 && !last.IsZero() || n > 0 && !p.known[n-1].Learned.Equal(last) {
		if err := p.read(ctx); err != nil {
			return err
		}
	}
	if !p.Elected() || !p.due() {
		return nil
	}
	if learned, err := p.learn(ctx); err != nil || !learned {
		return err
	}
	return p.read(ctx)
}

// due reports whether to learn now. A clock that was set back does not stop it.
func (p *Loop) due() bool {
	n := len(p.known)
	if n == 0 {
		return true
	}
	last := p.known[n-1].Learned
	age := p.Now().Sub(last)
	return age < 0 || age >= min(max(last.Sub(p.known[0].Learned), relearnLeast), relearnMost)
}

// read puts in force what was learned last.
func (p *Loop) read(ctx context.Context) error {
	known, err := p.Store.Presumptions(ctx, visit.RulesOf(p.Vocabulary), p.Now().Add(-judgeFrom-longestVisit))
	if err != nil || len(known) == 0 {
		return err
	}
	last := known[len(known)-1]
	records, err := p.Store.PresumptionRecords(ctx, last.Learned)
	if err != nil {
		return err
	}
	p.known = known
	p.Put(&presume.InForce{Version: last, Records: records})
	return nil
}

// learn makes a version of the visits that have departed, and judges those before it. It reports false where no visit has departed.
func (p *Loop) learn(ctx context.Context) (bool, error) {
	now := p.Now().UTC().Truncate(time.Millisecond)
	rules := visit.RulesOf(p.Vocabulary)
	rules.Hours = p.Hours()
	learner := presume.NewLearner(rules)
	records := map[event.BCP]*presume.Report{}
	waits := 0
	var room []presume.Stretch
	for _, b := range p.Vocabulary.BCPs() {
		records[b] = &presume.Report{}
		for d := event.Inbound; d <= event.Outbound; d++ {
			err := p.Store.DepartedVisits(ctx, b, d, now.Add(-learnFrom), learnVisits, func(v *visit.Visit) {
				if room = presume.Stretches(room[:0], v, rules); len(room) == 0 {
					return
				}
				waits += len(room)
				learner.Add(room)
				if room[0].Departed >= now.Add(-judgeFrom).UnixMilli() {
					p.judge(records[b], room)
				}
			})
			if err != nil {
				return false, err
			}
		}
	}
	if waits == 0 {
		return false, nil
	}
	for b, r := range records {
		if err := p.Store.WritePresumptionRecord(ctx, now, b, r); err != nil {
			return false, err
		}
	}
	// The version last: what is read with it is complete then.
	return true, p.Store.WritePresumptions(ctx, now, learner.Table())
}

// judge scores the stretches of a visit, each by the version that was in force when the wait began.
func (p *Loop) judge(r *presume.Report, visit []presume.Stretch) {
	judged := false
	for i := range visit {
		s := &visit[i]
		for n := len(p.known) - 1; n >= 0; n-- {
			if p.known[n].Learned.UnixMilli() <= s.Since {
				r.Score(p.known[n].Table.Presume(s.BCP, s.Direction, s.Key, presume.NetOf(s.Age)), s)
				judged = true
				break
			}
		}
	}
	if judged {
		r.Visits++
	}
}
