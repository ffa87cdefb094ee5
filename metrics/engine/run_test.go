package engine

import (
	"slices"
	"strings"

	"dwell/ingest/event"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// tables keep, of each key, the row with the highest AsOf: as ClickHouse's ReplacingMergeTree does.
type tables struct {
	windows  map[window.Key]window.Row
	visits   map[visit.Key]visit.Row
	restated map[restatement]window.Change
	progress *Progress
	// announced has, by owner in the order of their epochs, the offset of its last flush.
	announced []int64
	// kept are the retentions.
	kept []Retention
}

// announce says of an owner that it is about to write rows as of an offset.
func (t *tables) announce(owner int, asOf int64) error {
	t.announced[owner] = asOf
	if owner < len(t.announced)-1 {
		return ErrFenced
	}
	return nil
}

// restatement is the window and the event that one is of.
type restatement struct {
	key    window.Key
	offset int64
}

// cloned has bins of its own.
func cloned(r window.Row) window.Row {
	r.Bins, r.Net.Bins = slices.Clone(r.Bins), slices.Clone(r.Net.Bins)
	return r
}

// clonedVisit has memory of its own.
func clonedVisit(r visit.Row) visit.Row {
	r.ID, r.Facts = strings.Clone(r.ID), slices.Clone(r.Facts)
	r.State.Segments = append([]visit.Segment(nil), r.State.Segments...) // nil where there is none
	return r
}

func (t *tables) writeWindow(r window.Row) {
	if old, ok := t.windows[r.Key]; !ok || r.AsOf >= old.AsOf {
		t.windows[r.Key] = cloned(r)
	}
}

func (t *tables) writeVisit(r visit.Row) {
	if old, ok := t.visits[r.Key]; !ok || r.AsOf >= old.AsOf {
		t.visits[r.Key] = clonedVisit(r)
	}
}

func (t *tables) writeRestatement(r window.Restatement) {
	r.Bins, r.NetBins = slices.Clone(r.Bins), slices.Clone(r.NetBins)
	t.restated[restatement{r.Key, r.Offset}] = r.Change
}

func (t *tables) writeProgress(f *Flush) {
	if t.progress == nil || f.AsOf >= t.progress.Offset {
		t.progress = &Progress{Offset: f.AsOf, Latest: f.Latest, HasLatest: f.HasLatest, Sources: f.Sources}
	}
}

// recover makes the state that a new owner of the shard has.
func (t *tables) recover(tb fataler, cfg Config, log []event.Event) *run {
	t.announced = append(t.announced, 0)
	s := New(cfg)
	var p Progress
	if t.progress != nil {
		p = *t.progress
	}
	s.Resume(p)
	for _, r := range t.kept {
		s.Retain(r)
	}
	for _, asOf := range t.announced {
		s.Announced(asOf)
	}
	for i := range log[:p.Offset] {
		s.RestoreHours(&log[i])
	}
	for k, r := range t.visits {
		if !r.Over || r.State.Last > s.Horizon() || r.AsOf > p.Offset {
			if err := s.RestoreVisit(&r); err != nil {
				tb.Fatalf("%v", err)
			}
		} else {
			s.Stored(k)
		}
	}
	for k, r := range t.windows {
		if endOf(cfg, k) > s.Horizon() || r.AsOf > p.Offset {
			r := cloned(r)
			if err := s.RestoreWindow(&r); err != nil {
				tb.Fatalf("%v", err)
			}
		}
	}
	s.Resumed()
	return &run{state: s, next: p.Offset, tables: t, cfg: cfg, owner: len(t.announced) - 1}
}

// endOf is when a window ends, in Unix milliseconds.
func endOf(cfg Config, k window.Key) int64 {
	clock := window.NewClock(cfg.Places[k.BCP-1].Zone)
	return int64(clock.End(k)) * 60_000
}

type fataler interface{ Fatalf(string, ...any) }

// run is a shard at work on a log.
type run struct {
	state  *State
	next   int64
	tables *tables
	cfg    Config
	owner  int
}

// newRun is a shard at work on a log from its beginning, with tables of its own.
func newRun(cfg Config, kept ...Retention) *run {
	r := &run{state: New(cfg), tables: &tables{
		windows: map[window.Key]window.Row{}, visits: map[visit.Key]visit.Row{}, restated: map[restatement]window.Change{}, announced: []int64{0},
		kept: kept,
	}, cfg: cfg}
	for _, one := range kept {
		r.state.Retain(one)
	}
	return r
}

// visitOf is the key of an event's visit in the tables.
func visitOf(e *event.Event) visit.Key { return visit.Key{BCP: e.BCP, ID: string(e.Subject)} }

func (r *run) apply(log []event.Event) error {
	e := &log[r.next]
	at, absent := r.state.Find(e)
	if absent {
		if row, ok := r.tables.visits[visitOf(e)]; ok {
			if err := r.state.RestoreVisit(&row); err != nil {
				return err
			}
		}
	}
	if r.state.Admit(r.next, e.Time, e, at) != nil {
		r.next++
		return nil
	}
	during := r.state.Overlapped(log[r.next : r.next+1])
	for _, row := range r.tables.visits {
		if overDuring(&row, during) {
			if err := r.state.RestoreVisit(&row); err != nil {
				return err
			}
		}
	}
	r.state.Apply(r.next, e, at)
	r.next++
	return nil
}

// overDuring reports whether a visit is over and overlaps one of these.
func overDuring(row *visit.Row, during []Overlap) bool {
	st := &row.State
	return row.Over && !st.Empty && slices.ContainsFunc(during, func(o Overlap) bool {
		return st.BCP == o.BCP && st.First < o.To && st.Last > o.From
	})
}

// ahead applies up to n events while a flush is written, as long as none needs a row of the tables.
func (r *run) ahead(log []event.Event, n int) error {
	for ; n > 0 && r.next < int64(len(log)); n-- {
		_, absent := r.state.Find(&log[r.next])
		if absent || len(r.state.Overlapped(log[r.next:r.next+1])) > 0 {
			return nil
		}
		if err := r.apply(log); err != nil {
			return err
		}
	}
	return nil
}

// flushed is a flush with windows of its own.
type flushed struct {
	*Flush
	windows []window.Row
	visits  []visit.Row
}

func (r *run) flush() (*flushed, error) {
	if err := r.tables.announce(r.owner, r.next); err != nil {
		return nil, err
	}
	for _, k := range r.state.Missing() {
		if row, ok := r.tables.windows[k]; ok {
			row := cloned(row)
			if err := r.state.RestoreWindow(&row); err != nil {
				return nil, err
			}
		}
	}
	f := &flushed{Flush: r.state.Flush(r.next)}
	for row := range f.Windows.All() {
		f.windows = append(f.windows, cloned(*row))
	}
	for rows := range f.Visits.Chunks(3) {
		for _, r := range rows {
			f.visits = append(f.visits, clonedVisit(r))
		}
	}
	return f, nil
}

// work applies up to n events, or as many more as it must, and flushes.
func (r *run) work(log []event.Event, n int) (*flushed, error) {
	for until := max(r.next+int64(n), r.state.FlushFrom()); r.next < min(until, int64(len(log))); {
		if err := r.apply(log); err != nil {
			return nil, err
		}
	}
	return r.flush()
}
