package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"dwell/dashboards/door"
	"dwell/dashboards/query"
	"dwell/metrics/clickhouse"
	"dwell/metrics/prom"
	"dwell/metrics/tracing"
)

// Serve starts the whole program: what Start starts, the engine, and the page with API and metrics. Now is the clock by
// which a BCP is stale. On an error, what has started is stopped.
func Serve(ctx context.Context, cfg Config, out io.Writer, log *slog.Logger, now func() time.Time) (_ *System, err error) {
	if err := cfg.CheckTokens(); err != nil { // before the data folder is closed to others, which hides that they could have written
		return nil, err
	}
	s, err := Start(ctx, cfg, All, out, log)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
		}
	}()
	s.warnOfProducerTimes(ctx)
	log.Info("starting", "version", Version(), "go", runtime.Version())
	reg := prometheus.NewRegistry()
	prom.NewBuild(reg, Version())
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	traces, err := tracing.Open(ctx, cfg.Tracing, Version(), log)
	if err != nil {
		return nil, err
	}
	s.Go(ctx, "tracing", func(ctx context.Context) error {
		<-ctx.Done()
		if err := traces.Close(context.WithoutCancel(ctx)); err != nil {
			log.Warn("spans were lost on the way out", "error", err)
		}
		return nil
	})
	// Readers have connections of their own, so that no flush waits for one.
	reading := s.Config.ClickHouse.Config
	reading.PoolSize = cfg.Dashboards.Query.Connections()
	readers, err := clickhouse.Connect(reading)
	if err != nil {
		return nil, err
	}
	s.Go(ctx, "readers", func(ctx context.Context) error {
		<-ctx.Done()
		return readers.Close()
	})
	known := newHealth(log, now, s.border.Wake, s.border.Elsewhere)
	known.unassigned = newUnassigned(cfg.Kafka.Group, cfg.Engine.SlowestFlush())
	cfg.Dashboards.Query.Health = known.Overview
	s.Source = query.New(readers, cfg.ClickHouse.Database, s.Book.Places, s.Vocabulary, cfg.Dashboards.Query, now, s.border)
	s.Go(ctx, "inspector", clickhouse.Inspector{Store: s.Store, Log: log, Found: known.damaged}.Run)
	if err := s.startEngine(ctx, reg, traces.Tracer(), known); err != nil {
		return nil, err
	}
	s.Go(ctx, "others", others{
		partitions: s.Config.Kafka.Partitions, bounds: s.Producer.Bounds, progress: s.Store.Progress, health: known, log: log.With("component", "health"),
	}.run)
	if err := s.StartNormalizing(ctx, reg, now); err != nil {
		return nil, err
	}
	if err := s.StartPolling(ctx, reg, known.hasFirst); err != nil {
		return nil, err
	}
	s.Go(ctx, "presumptions", s.presumptions(known.hasFirst, now, log).Run)
	s.Go(ctx, "usual", s.usual(known.hasFirst, now, log).Run)
	refusals := door.NewRefusals(log, reg)
	if err := s.startPprof(ctx, refusals); err != nil {
		return nil, err
	}
	if err := s.startWeb(ctx, reg, known, refusals, now); err != nil {
		return nil, err
	}
	return s, nil
}
