// Package learn learns once a day which holders waiting trucks presumably have (package presume), and keeps the last version in force.
//
// It promises that one process of all learns, that all of them have what was learned last within a minute, also after a restart, that failures are tried again ever more rarely, up to an hour, and that
// presumptions are judged by the version that was in force when a wait began. While ClickHouse is away, what was learned before holds. It
// refuses to learn in the time of events: the visits of the last weeks are those before now, whatever clock gives that.
package learn

import (
	"context"
	"log/slog"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/presume"
	"dwell/metrics/repeat"
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

// presumeEvery is between looks at whether another process has learned, and longestPause between looks of which each fails.
const presumeEvery, longestPause = time.Minute, time.Hour

// Store is what the loop needs of ClickHouse.
type Store interface {
	// DepartedVisits yields the visits of a BCP and direction that departed at or after since, the latest most of them.
	DepartedVisits(ctx context.Context, b event.BCP, d event.Direction, since time.Time, most int, yield func(*visit.Visit)) error
	// Learned is when the first and the last version until an instant were learned, zero before the first: a clock that was ahead may have made
	// later ones.
	Learned(ctx context.Context, until time.Time) (first, last time.Time, err error)
	// Presumptions returns the versions that were learned from since until an instant, and the one that was in force at since, in order.
	Presumptions(ctx context.Context, rules visit.Rules, since, until time.Time) ([]presume.Version, error)
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

	last time.Time // the version that was put in force
}

// Run goes on until ctx ends. Without ClickHouse what was learned before stays in force.
func (p *Loop) Run(ctx context.Context) error {
	return repeat.Every{
		Pause: presumeEvery, Longest: longestPause, Failed: "who presumably has the trucks could not be learned; what was learned before holds", Log: p.Log,
	}.Run(ctx, p.Look)
}

// Look reads what other processes have learned, and learns if that is due.
func (p *Loop) Look(ctx context.Context) error {
	first, last, err := p.Store.Learned(ctx, p.Now())
	if err != nil {
		return err
	}
	if !last.IsZero() && !last.Equal(p.last) {
		if err := p.read(ctx, last); err != nil {
			return err
		}
	}
	if !p.Elected() || !repeat.Daily.Due(first, last, p.Now()) {
		return nil
	}
	learned, err := p.learn(ctx)
	if err != nil || learned.IsZero() {
		return err
	}
	return p.read(ctx, learned)
}

// read puts in force what was learned at an instant.
func (p *Loop) read(ctx context.Context, learned time.Time) error {
	known, err := p.Store.Presumptions(ctx, visit.RulesOf(p.Vocabulary), learned, learned)
	if err != nil || len(known) == 0 {
		return err
	}
	records, err := p.Store.PresumptionRecords(ctx, learned)
	if err != nil {
		return err
	}
	p.last = learned
	p.Put(&presume.InForce{Version: known[len(known)-1], Records: records})
	return nil
}

// learn makes a version of the visits that have departed, judges those before it, and returns when that was: zero where too few visits have departed,
// or another process learns meanwhile.
func (p *Loop) learn(ctx context.Context) (learned time.Time, err error) {
	now := p.Now()
	rules := visit.RulesOf(p.Vocabulary)
	before, err := p.Store.Presumptions(ctx, rules, now.Add(-judgeFrom-longestVisit), now)
	if err != nil {
		return learned, err
	}
	rules.Hours = p.Hours()
	learner := presume.NewLearner(rules)
	records := map[event.BCP]*presume.Report{}
	var room []presume.Stretch
	for _, b := range p.Vocabulary.BCPs() {
		records[b] = &presume.Report{}
		for d := event.Inbound; d <= event.Outbound; d++ {
			err := p.Store.DepartedVisits(ctx, b, d, now.Add(-learnFrom), learnVisits, func(v *visit.Visit) {
				if room = presume.Stretches(room[:0], v, rules); len(room) == 0 {
					return
				}
				learner.Add(room)
				if room[0].Departed >= now.Add(-judgeFrom).UnixMilli() {
					judge(records[b], before, room)
				}
			})
			if err != nil {
				return learned, err
			}
		}
	}
	table := learner.Table()
	if len(table.Rows()) == 0 || !p.Elected() {
		return learned, nil
	}
	learned = p.Now().UTC().Truncate(time.Millisecond)
	for b, r := range records {
		if err := p.Store.WritePresumptionRecord(ctx, learned, b, r); err != nil {
			return time.Time{}, err
		}
	}
	// The version last: what is read with it is complete then.
	return learned, p.Store.WritePresumptions(ctx, learned, table)
}

// judge scores the stretches of a visit, each by the version that was in force when the wait began; versions are in order.
func judge(r *presume.Report, versions []presume.Version, visit []presume.Stretch) {
	judged := false
	for i := range visit {
		s := &visit[i]
		for n := len(versions) - 1; n >= 0; n-- {
			if versions[n].Learned.UnixMilli() <= s.Since {
				r.Score(versions[n].Table.Presume(s.BCP, s.Direction, s.Key, presume.NetOf(s.Age)), s)
				judged = true
				break
			}
		}
	}
	if judged {
		r.Visits++
	}
}
