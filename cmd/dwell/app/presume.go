package app

import (
	"context"
	"log/slog"
	"time"

	"dwell/dashboards/query"
	"dwell/ingest/event"
	"dwell/metrics/clickhouse"
	"dwell/metrics/hours"
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

// presuming keeps in force what was learned last, and learns where this process is the one of all that does.
type presuming struct {
	*System
	elected func() bool
	now     func() time.Time
	log     *slog.Logger
	known   []clickhouse.Presumption // those in force in the time that is judged, in order
	said    string                   // the error that was logged last
}

// run goes on until ctx ends. Without ClickHouse what was learned before stays in force.
func (p *presuming) run(ctx context.Context) error {
	tick := time.NewTicker(presumeEvery)
	defer tick.Stop()
	for {
		switch err := p.look(ctx); {
		case ctx.Err() != nil:
			return nil
		case err != nil && p.said != err.Error():
			p.said = err.Error()
			p.log.Warn("who presumably has the trucks could not be learned; what was learned before holds", "error", err)
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

// look reads what other processes have learned, and learns if that is due.
func (p *presuming) look(ctx context.Context) error {
	last, err := p.Store.LastLearned(ctx)
	if err != nil {
		return err
	}
	if n := len(p.known); n == 0 && !last.IsZero() || n > 0 && !p.known[n-1].Learned.Equal(last) {
		if err := p.read(ctx); err != nil {
			return err
		}
	}
	if !p.elected() || !p.due() {
		return nil
	}
	if learned, err := p.learn(ctx); err != nil || !learned {
		return err
	}
	return p.read(ctx)
}

// due reports whether to learn now. A clock that was set back does not stop it.
func (p *presuming) due() bool {
	n := len(p.known)
	if n == 0 {
		return true
	}
	last := p.known[n-1].Learned
	age := p.now().Sub(last)
	return age < 0 || age >= min(max(last.Sub(p.known[0].Learned), relearnLeast), relearnMost)
}

// read puts in force what was learned last.
func (p *presuming) read(ctx context.Context) error {
	known, err := p.Store.Presumptions(ctx, visit.RulesOf(p.Vocabulary), p.now().Add(-judgeFrom-longestVisit))
	if err != nil || len(known) == 0 {
		return err
	}
	last := known[len(known)-1]
	records, err := p.Store.PresumptionRecords(ctx, last.Learned)
	if err != nil {
		return err
	}
	p.known = known
	p.Source.Presume(&query.Presumption{Table: last.Table, Learned: last.Learned, Records: records})
	return nil
}

// learn makes a version of the visits that have departed, and judges those before it. It reports false where no visit has departed.
func (p *presuming) learn(ctx context.Context) (bool, error) {
	now := p.now().UTC().Truncate(time.Millisecond)
	rules := visit.RulesOf(p.Vocabulary)
	rules.Hours = p.hours()
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
func (p *presuming) judge(r *presume.Report, visit []presume.Stretch) {
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

// hoursNow is when BCPs were open, as far as is known now.
type hoursNow []*hours.Hours // by event.BCP

func (h hoursNow) Closed(b event.BCP, d event.Direction, from, to visit.Time) int64 {
	return h[b].Closed(d, from, to)
}

func (p *presuming) hours() hoursNow {
	all := hoursNow{nil}
	known := p.border.Overview()
	for i := range p.Book.Places {
		if openings := known.Places[1+i].Openings; openings != nil {
			all = append(all, openings.Clone())
		} else {
			all = append(all, hours.New(p.Book.Places[i].Calendar, p.Book.Places[i].Zone))
		}
	}
	return all
}
