package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"dwell/dashboards/query"
	"dwell/metrics/prom"
	"dwell/metrics/tracing"
)

type serveCommand struct {
	Config string `type:"path" help:"Configuration file (YAML). Every key is also an environment variable, DWELL_KAFKA_BROKERS for kafka.brokers."`
}

func (c *serveCommand) Run(ctx context.Context, e *env) error {
	cfg, err := loadConfig(c.Config, e.environ)
	if err != nil {
		return err
	}
	handler, err := cfg.Log.handler(e.err)
	if err != nil {
		return err
	}
	collectGarbage(e.environ)
	s, err := startServing(ctx, cfg, e, slog.New(handler), time.Now)
	if err != nil {
		return unlessStopped(ctx, err)
	}
	return errors.Join(s.wait(ctx), s.stop())
}

// unlessStopped is the error of a start, unless it is that somebody stopped the program meanwhile.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// startServing starts the whole program. Now is the clock by which a BCP is silent. On an error, what has started is stopped.
func startServing(ctx context.Context, cfg Config, e *env, log *slog.Logger, now func() time.Time) (_ *system, err error) {
	s, err := startSystem(ctx, cfg, e.out, log)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	log.Info("starting", "version", version(), "go", runtime.Version())
	reg := prometheus.NewRegistry()
	prom.NewBuild(reg, version())
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	traces, err := tracing.Open(ctx, cfg.Tracing, version(), log)
	if err != nil {
		return nil, err
	}
	s.start(ctx, "tracing", func(ctx context.Context) error {
		<-ctx.Done()
		if err := traces.Close(context.WithoutCancel(ctx)); err != nil {
			log.Warn("spans were lost on the way out", "error", err)
		}
		return nil
	})
	s.source = query.New(s.store.Conn(), cfg.ClickHouse.Database, s.book.Places, query.DefaultConfig(), now)
	ready := &readiness{stalled: map[int]error{}}
	if err := s.startEngine(ctx, reg, traces.Tracer(), ready); err != nil {
		return nil, err
	}
	if err := s.startWeb(ctx, reg, http.Handler(ready)); err != nil {
		return nil, err
	}
	return s, nil
}
