package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// Parts are the dependencies of a shard. Commit commits the offset to Kafka, which only operators' tools read.
type Parts struct {
	// Budget is shared with the other shards of the process; nil gives the shard one of its own, of Config.FlushBytes.
	Budget *Budget
	Store  Store
	// DeadLetters writes invalid records to the dead-letter topic. It returns when they are acknowledged; the same letter
	// may be written again after a crash.
	DeadLetters func(ctx context.Context, letters ...event.DeadLetter) error
	Commit      func(ctx context.Context, next int64) error
	// PartitionOf is the shard that counts the visit of a subject; nil is this one.
	PartitionOf func(subject []byte) int
	// WriteToOwners writes copies of records whose subjects belong to other shards, by their keys. They may be written again after a
	// crash.
	WriteToOwners func(ctx context.Context, records ...event.Record) error
	// Forward writes facts about a place, found in this partition only, to all others. They may be written again after a
	// crash.
	Forward  func(ctx context.Context, shard int, records []event.Record) error
	Observer Observer
	Tracer   trace.Tracer
	Log      *slog.Logger
	Now      func() time.Time
}

// Shard brings one partition's log into the store. It is used by one goroutine, and a flush has another one until it is written.
type Shard struct {
	cfg Config
	Parts
	id int

	owner   engine.Owner
	state   *engine.State
	decoder *event.Decoder
	raw     *engine.Raw
	spare   *engine.Raw // memory for the next, nil if there is none
	forward []event.Record
	away    copies
	batch   Batch

	next      int64         // the offset of the next record
	records   int64         // before it, without those that were forwarded to the shards of their subjects
	end       int64         // the offset after the partition's last record, as of the latest fetch
	since     time.Time     // of the first change that was not flushed
	took      time.Duration // the latest flush
	flushed   time.Time     // when it was over
	inFlight  *inFlight     // what is on its way to the store, nil if nothing is
	published publication
	open      bool // and counted in the budget
	lost      bool // the log ends before offsets that were announced
}

// New makes the shard of a partition. Open comes first.
func New(cfg Config, id int, parts Parts) *Shard {
	if parts.Budget == nil {
		parts.Budget = NewBudget(cfg.FlushBytes)
	}
	parts.Log = parts.Log.With("component", "pipeline")
	return &Shard{
		cfg: cfg, Parts: parts, id: id, decoder: cfg.Decoder(cfg.Engine.Vocabulary),
		raw: &engine.Raw{}, batch: Batch{DeadLetters: map[event.Reason]int{}, Forwarded: map[string]int{}},
	}
}

// Open recovers the shard from the store and returns the offset to read from.
func (s *Shard) Open(ctx context.Context) (next int64, err error) {
	ctx, span := s.Tracer.Start(ctx, "shard.open", trace.WithAttributes(attribute.Int("dwell.shard", s.id)))
	defer span.End()
	if w := s.inFlight; w != nil {
		w.cancel()
		<-w.over
	}
	err = s.try(ctx, "recover", func() error { return s.recover(ctx) })
	if err != nil {
		s.Observer.Closed(s.id)
		return s.next, err
	}
	if !s.open {
		s.open = true
		s.Budget.open.Add(1)
	}
	return s.next, nil
}

func (s *Shard) recover(ctx context.Context) error {
	s.state = engine.New(s.cfg.Engine)
	s.raw.Reset()
	s.forward, s.away = nil, copies{}
	s.since, s.inFlight, s.lost = time.Time{}, nil, false
	owner, announced, err := s.Store.AcquireEpoch(ctx, s.id)
	if err != nil {
		return err
	}
	p, err := s.Store.Progress(ctx, s.id)
	if err != nil {
		return err
	}
	s.owner, s.next, s.records = owner, p.Offset, p.Records
	s.state.Resume(p)
	for _, asOf := range announced {
		s.state.Announced(asOf)
	}
	retentions, err := s.Store.Retentions(ctx, s.id)
	if err != nil {
		return err
	}
	for _, r := range retentions {
		s.state.Retain(r)
	}
	if err := s.Store.LastEvents(ctx, s.id, s.state.RestoreLastEvents); err != nil {
		return err
	}
	if err := s.Store.Hours(ctx, s.id, p.Offset, s.state.RestoreHours); err != nil {
		return err
	}
	horizon := s.state.Horizon()
	// Visits come before windows: if another instance writes in between, windows may be newer than visits, never older.
	if err := s.Store.RecentVisits(ctx, s.id, horizon, p.Offset, s.state.RestoreVisit, s.state.Stored); err != nil {
		return err
	}
	if err := s.Store.RecentWindows(ctx, s.id, horizon, p.Offset, s.state.RestoreWindow); err != nil {
		return err
	}
	s.state.Resumed()
	if next, changed := s.state.NextRetention(s.cfg.Visits, s.cfg.Events); changed && !s.cfg.LeaveRetentions {
		if next, err = s.Store.WriteRetention(ctx, s.id, next); err != nil {
			return err
		}
		s.state.Retain(next)
	}
	s.publish()
	return nil
}

// Handle applies records in offset order; they are valid until it returns. Next is the offset to read from after them, which
// may be beyond the last record; highWatermark is the offset after the partition's last record. Call Write after it.
func (s *Shard) Handle(ctx context.Context, records []event.Record, next, highWatermark int64) error {
	if !s.busy() {
		if err := s.finish(ctx); err != nil {
			return err
		}
	}
	s.end = highWatermark
	if next <= s.next {
		return nil
	}
	return s.apply(ctx, records, next)
}

// Write publishes an overview when one is due, and begins a flush when one is. While a flush is being written it returns, unless
// the shard has buffered its share of bytes: then it waits. So does the next flush.
func (s *Shard) Write(ctx context.Context) error {
	s.publishDue()
	share := s.Budget.share()
	if s.busy() {
		if s.buffered()+s.inFlight.bytes < share {
			return nil
		}
		if s.published.stale { // the wait may be long
			s.publish()
		}
	}
	if err := s.finish(ctx); err != nil {
		return err
	}
	every := s.cfg.FlushEvery
	for n := 1; n < maxSlowdown && (s.farBehind() || every < s.took); n *= 2 {
		every *= 2
	}
	switch {
	case !s.since.IsZero() && !s.early() && (s.buffered() >= share || s.due(every)):
		return s.flush(ctx)
	case s.raw.Bytes()+s.away.bytes >= min(rawBytes, share):
		return s.writeRaw(ctx)
	}
	return nil
}

// farBehind reports whether more records wait in the log than arrive in a second or two.
func (s *Shard) farBehind() bool { return s.end-s.next > behind }

// due reports whether a flush interval has ended since the first change. Intervals are the same for all shards, so that their
// rows share inserts. A shard reads for at least half as long as its latest flush took.
func (s *Shard) due(every time.Duration) bool {
	now := s.Now()
	return every <= 0 || now.UnixNano()/int64(every) != s.since.UnixNano()/int64(every) && now.Sub(s.flushed) >= s.took/2
}

// early reports whether the shard must wait before it flushes, because another instance has announced rows as of a later
// offset. That instance has read up to there, so a log that ends earlier has lost records: that is reported.
func (s *Shard) early() bool {
	from := s.state.FlushFrom()
	switch lost := s.next < from && s.next >= s.end && s.end >= 0; {
	case lost:
		err := fmt.Errorf("the log ends at offset %d, and rows were announced as of %d: it has lost records", s.end, from)
		if !s.lost {
			s.Log.Error("stalled until the log has come to that offset", "shard", s.id, "error", err)
		}
		s.lost = true
		s.Observer.Stalled(s.id, err)
	case s.lost:
		s.lost = false
		s.Observer.Stalled(s.id, nil)
	}
	return s.next < from
}

// rawBytes is the size of raw events and copies that is worth an insert of its own.
const rawBytes = 4 << 20

// A shard flushes up to maxSlowdown times less often when its lag is above behind, or when its flushes take longer than the
// interval.
const behind, maxSlowdown = 1 << 16, 8

// buffered is the approximate number of bytes that wait for the next flush.
func (s *Shard) buffered() int { return s.raw.Bytes() + s.away.bytes + s.state.Buffered() }

// Close flushes what has been applied, unless it is too early to flush: then the next owner reads it again. It returns when
// nothing is being written any more; if ctx ends first, that is cancelled. The shard may be opened again.
func (s *Shard) Close(ctx context.Context) error {
	defer s.Observer.Closed(s.id)
	if s.open {
		s.open = false
		s.Budget.open.Add(-1)
	}
	if err := s.finish(ctx); err != nil || s.since.IsZero() || s.next < s.state.FlushFrom() {
		return err
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	return s.finish(ctx)
}

func (s *Shard) apply(ctx context.Context, records []event.Record, next int64) error {
	ctx, span := s.Tracer.Start(ctx, "shard.batch", trace.WithAttributes(attribute.Int("dwell.shard", s.id)))
	defer span.End()
	s.batch.reset()
	work := s.Budget.work()
	defer s.Budget.done(work)
	span.SetAttributes(attribute.Int("dwell.records", len(records)))
	letters, forwarded := len(s.raw.DeadLetters), len(s.away.records)
	s.decode(ctx, work, records)
	if err := s.loadOverlapped(ctx, work.events); err != nil {
		return err
	}
	if err := s.load(ctx, work); err != nil {
		return err
	}
	for i := range work.events {
		r, e, at := work.records[i], &work.events[i], work.visits[i]
		if work.away[i] {
			s.forwardLater(r, e)
			continue
		}
		if rejection := s.state.Admit(r.Offset, r.Time, e, at); rejection != nil {
			s.reject(r, rejection)
			continue
		}
		s.raw.Events.Append(r, e)
		if e.Type == event.QueueObserved || e.Type == event.EventRetracted && e.AboutPlace {
			s.raw.Readings = append(s.raw.Readings, reading(r.Offset, r.Time, e))
		}
		if e.OfPlace() && !r.AllPartitions() {
			s.forward = append(s.forward, r.Clone())
		}
		s.applyOne(r.Offset, e, at)
	}
	slices.SortFunc(s.raw.DeadLetters[letters:], func(a, b event.DeadLetter) int { return cmp.Compare(a.Offset, b.Offset) })
	s.next = next
	s.published.stale = true
	s.records += int64(len(records) - (len(s.away.records) - forwarded))
	if s.since.IsZero() {
		s.since = s.Now()
	}
	s.batch.Next, s.batch.Bytes = next, s.buffered()
	s.Observer.Applied(s.id, &s.batch)
	return nil
}

// decode sorts the records into events and dead letters. What is too old now is not looked for in the store.
func (s *Shard) decode(ctx context.Context, w *work, records []event.Record) {
	_, span := s.Tracer.Start(ctx, "shard.decode")
	defer span.End()
	s.decoder.Reset()
	for i := range records {
		r := &records[i]
		e := w.event()
		if rejection := s.decoder.Decode(r, e); rejection != nil {
			w.events = w.events[:len(w.events)-1]
			s.reject(r, rejection)
			continue
		}
		if s.state.TooOld(r.Offset, r.Time, e) {
			w.events = w.events[:len(w.events)-1]
			s.reject(r, engine.RejectTooOld(e))
			continue
		}
		w.records = append(w.records, r)
	}
}

func (s *Shard) reject(r *event.Record, why *event.Rejection) {
	s.raw.DeadLetters = append(s.raw.DeadLetters, event.DeadLetter{
		Record: r.Clone(), Origin: event.RecordOrigin(s.cfg.Topic, s.id, r.Offset), Reason: why.Reason, Detail: why.Error(),
	})
	s.batch.DeadLetters[why.Reason]++
}

// load finds the visits of the batch, and restores those that are no longer in memory.
func (s *Shard) load(ctx context.Context, w *work) error {
	var keys []visit.Key
	seen := map[visit.Key]bool{}
	for i := range w.events {
		e := &w.events[i]
		away := s.elsewhere(e)
		if w.away = append(w.away, away); away {
			w.visits = append(w.visits, engine.Found{})
			continue
		}
		at, absent := s.state.Find(e)
		w.visits = append(w.visits, at)
		if !absent {
			continue
		}
		if k := (visit.Key{BCP: e.BCP, ID: string(e.Subject)}); !seen[k] {
			seen[k] = true
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	return s.restore(ctx, func() ([]visit.Row, error) { return s.Store.Visits(ctx, s.id, keys) })
}

// loadOverlapped restores the visits that late openings and closings of the batch overlap and that are no longer in memory.
func (s *Shard) loadOverlapped(ctx context.Context, events []event.Event) error {
	during := s.state.Overlapped(events)
	if len(during) == 0 {
		return nil
	}
	return s.restore(ctx, func() ([]visit.Row, error) { return s.Store.OverDuring(ctx, s.id, during) })
}

func (s *Shard) restore(ctx context.Context, read func() ([]visit.Row, error)) error {
	if err := s.finish(ctx); err != nil { // which may have their rows
		return err
	}
	var rows []visit.Row
	err := s.try(ctx, "load visits", func() (err error) {
		rows, err = read()
		return err
	})
	if err != nil {
		return err
	}
	for i := range rows {
		if err := s.state.RestoreVisit(&rows[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Shard) applyOne(offset int64, e *event.Event, at engine.Found) {
	s.batch.Events = append(s.batch.Events, EventClass{e.BCP, e.Type})
	out := s.state.Apply(offset, e, at)
	switch out.Result {
	case engine.Duplicate:
		s.batch.Duplicates++
	case engine.Replayed:
		s.batch.Replayed++
	}
	if out.Late {
		s.batch.Late++
	}
	if out.Restated {
		s.batch.Restated++
	}
	s.known(e, window.ReleaseTime, out.ReleaseTime, out.ReleaseTimeNet)
	s.known(e, window.CrossingTime, out.CrossingTime, out.CrossingTimeNet)
}

func (s *Shard) known(e *event.Event, m window.Measure, ms, net int64) {
	if ms != visit.None {
		s.batch.Times = append(s.batch.Times, KnownTime{e.BCP, e.Direction, m, ms, net})
	}
}

func reading(offset, logged int64, e *event.Event) engine.QueueReading {
	r := engine.QueueReading{
		Offset: offset, Logged: logged, Time: e.Time, Recorded: e.Recorded, Source: string(e.Source), Queue: string(e.Queue), ID: string(e.ID), Edition: e.Edition,
		BCP: e.BCP, Direction: e.Direction, Observation: e.Observation,
	}
	if e.Type == event.EventRetracted {
		r.Source, r.ID, r.Edition, r.Retracted = string(e.RetractedSource), string(e.RetractedID), e.RetractedEdition, true
	}
	return r
}
