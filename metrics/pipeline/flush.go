package pipeline

import (
	"cmp"
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"dwell/metrics/engine"
	"dwell/metrics/window"
)

// flush takes what has been applied out of the state, and has it written (inflight.go).
func (s *Shard) flush(ctx context.Context) error {
	if err := s.finish(ctx); err != nil {
		return err
	}
	ctx, span := s.Tracer.Start(ctx, "shard.flush", trace.WithAttributes(
		attribute.Int("dwell.shard", s.id), attribute.Int64("dwell.as_of", s.next)))
	begin := s.Now()
	if err := s.loadWindows(ctx); err != nil {
		span.RecordError(err)
		span.End()
		return err
	}
	f := s.state.Flush(s.next)
	f.Records = s.records
	s.since = time.Time{}
	s.publish() // now it costs least, and nobody need read from the store what this process has
	s.Observer.Memory(s.id, s.state.Visits(), s.state.Windows())
	w := s.take(span, begin)
	s.takeFlush(w, f)
	return s.start(ctx, w)
}

// writeRaw has the raw events written ahead of the flush.
func (s *Shard) writeRaw(ctx context.Context) error {
	ctx, span := s.Tracer.Start(ctx, "shard.raw", trace.WithAttributes(attribute.Int("dwell.shard", s.id)))
	return s.start(ctx, s.take(span, s.Now()))
}

// writeAll writes w in the order that recovery rests on: facts about places and records that belong elsewhere to the
// other partitions, dead letters, the raw tables, and then the flush. It runs beside the shard, of which it reads only what Open has set.
func (s *Shard) writeAll(ctx context.Context, w *inFlight) error {
	raw, f := w.raw, w.flush
	err := inOrder(
		func() error {
			return s.write(ctx, "other_partitions", len(w.forward), func(ctx context.Context) error {
				return s.Forward(ctx, s.id, w.forward)
			})
		},
		func() error {
			return s.write(ctx, "other_partitions", len(w.away.records), func(ctx context.Context) error {
				return s.WriteToOwners(ctx, w.away.records...)
			})
		},
		func() error {
			return s.write(ctx, "dead_letter_topic", len(raw.DeadLetters), func(ctx context.Context) error {
				return s.DeadLetters(ctx, raw.DeadLetters...)
			})
		},
		func() error {
			return s.write(ctx, "events", raw.Events.Len()+len(raw.Readings)+len(raw.DeadLetters), func(ctx context.Context) error {
				return s.Store.WriteRaw(ctx, s.id, raw)
			})
		},
	)
	if err != nil || f == nil {
		return err
	}
	err = inOrder(
		func() error {
			return s.write(ctx, "restatements", len(f.Restatements), func(ctx context.Context) error {
				return s.Store.WriteRestatements(ctx, s.id, f.Restatements)
			})
		},
		func() error { return s.announce(ctx, f.AsOf) },
		func() error { return s.write(ctx, "windows", w.windows.n, w.windows.write) },
		func() error { return s.write(ctx, "visits", w.visits.n, w.visits.write) },
		func() error {
			return s.write(ctx, "inside_now", len(f.Inside), func(ctx context.Context) error {
				return s.Store.WriteInside(ctx, s.id, f.Inside)
			})
		},
		func() error {
			return s.write(ctx, "progress", 1, func(ctx context.Context) error {
				return s.Store.WriteProgress(ctx, s.id, f)
			})
		},
	)
	if err != nil {
		return err
	}
	s.Observer.Flushed(ctx, s.id, f, s.Now().Sub(w.begin))
	s.commit(ctx, f.AsOf)
	return nil
}

// inOrder runs the steps until one fails.
func inOrder(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// write runs one write of a flush until it succeeds; writing again is harmless.
func (s *Shard) write(ctx context.Context, table string, rows int, do func(context.Context) error) error {
	if rows == 0 {
		return nil
	}
	ctx, span := s.Tracer.Start(ctx, "write "+table, trace.WithAttributes(attribute.Int("dwell.rows", rows)))
	defer span.End()
	begin := s.Now()
	err := s.try(ctx, "write "+table, func() error { return do(ctx) })
	if err != nil {
		span.RecordError(err)
		return err
	}
	s.Observer.Written(ctx, s.id, table, rows, s.Now().Sub(begin))
	return nil
}

// announce writes the intent to flush, unless an instance with a later epoch has the shard.
func (s *Shard) announce(ctx context.Context, asOf int64) (fenced error) {
	err := s.write(ctx, "owners", 1, func(ctx context.Context) error {
		err := s.Store.AnnounceFlush(ctx, s.id, s.owner, asOf)
		if errors.Is(err, engine.ErrFenced) {
			fenced, err = err, nil
		}
		return err
	})
	return cmp.Or(err, fenced)
}

// commit commits the offset to Kafka. Only operators' tools read it, so a failure is only logged.
func (s *Shard) commit(ctx context.Context, next int64) {
	ctx, span := s.Tracer.Start(ctx, "commit")
	defer span.End()
	begin := s.Now()
	if err := s.Commit(ctx, next); err != nil {
		span.RecordError(err)
		if ctx.Err() == nil {
			s.Log.Warn("offset not committed to kafka; progress is kept in clickhouse", "shard", s.id, "offset", next, "error", err)
		}
		return
	}
	s.Observer.Written(ctx, s.id, "commit", 1, s.Now().Sub(begin))
}

// loadWindows restores the windows that late data changes and that are no longer in memory.
func (s *Shard) loadWindows(ctx context.Context) error {
	missing := s.state.Missing()
	if len(missing) == 0 {
		return nil
	}
	ctx, span := s.Tracer.Start(ctx, "load windows", trace.WithAttributes(attribute.Int("dwell.rows", len(missing))))
	defer span.End()
	var rows []window.Row
	err := s.try(ctx, "load windows", func() (err error) {
		rows, err = s.Store.Windows(ctx, s.id, missing)
		return err
	})
	if err != nil {
		return err
	}
	for i := range rows {
		if err := s.state.RestoreWindow(&rows[i]); err != nil {
			return err
		}
	}
	return nil
}

const firstPause = 100 * time.Millisecond

// try runs do until it succeeds or ctx is done, with growing pauses.
func (s *Shard) try(ctx context.Context, what string, do func() error) error {
	stalled := false
	for pause := firstPause; ; pause = min(2*pause, s.cfg.RetryMax) {
		err := do()
		if err == nil {
			if stalled {
				s.Log.Info("flush resumed", "shard", s.id, "step", what)
				s.Observer.Stalled(s.id, nil)
			}
			return nil
		}
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
		stalled = true
		s.Observer.Stalled(s.id, err)
		s.Log.Warn("stalled, will try again", "shard", s.id, "step", what, "pause", pause, "error", err)
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return errors.Join(ctx.Err(), err)
		case <-timer.C:
		}
	}
}
