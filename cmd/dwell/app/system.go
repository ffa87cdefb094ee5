package app

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"dwell/dashboards/query"
	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/ingest/place"
	"dwell/metrics/border"
	"dwell/metrics/clickhouse"
)

// System is what every command that works on data needs: Kafka, ClickHouse and the places, embedded or not.
//
//	clickhouse (child) ── store ── broker (embedded) ── topics ── producer
type System struct {
	*parts
	Config     Config
	Log        *slog.Logger
	Book       *place.Book
	Vocabulary *event.Vocabulary
	Store      *clickhouse.Store
	Producer   *kafka.Producer
	// A system that serves shows Source at Listening, host:port.
	Source    *query.Source
	Listening string

	border *border.Border
	folder *folder // nil where nothing is embedded
}

// Scope is how much a command needs.
type Scope int

const (
	// Server is ClickHouse as it is; no table is made.
	Server Scope = iota + 1
	// Stored is what has been counted: the server and the Store.
	Stored
	// All is Stored and Kafka with its topics and a Producer.
	All
)

// Start starts what is embedded of the scope and connects to the rest. On an error, what has started is stopped.
func Start(ctx context.Context, cfg Config, scope Scope, out io.Writer, log *slog.Logger) (_ *System, err error) {
	s := &System{parts: newParts(out), Config: cfg, Log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
		}
	}()
	if s.Book, err = cfg.ReadPlaces(); err != nil {
		return nil, err
	}
	if s.Vocabulary, err = s.Book.Vocabulary(); err != nil {
		return nil, err
	}
	s.border = border.New(len(s.Book.Places))
	if cfg.ClickHouse.Embedded || scope == All && cfg.Kafka.Embedded {
		if s.folder, err = ownFolder(cfg.Data); err != nil {
			return nil, err
		}
		s.Go(ctx, "folder", func(ctx context.Context) error {
			<-ctx.Done()
			return s.folder.release()
		})
	}
	steps := []func(context.Context) error{s.startClickHouse, s.openStore, s.startKafka}
	for _, step := range steps[:scope] {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	if s.folder != nil {
		// After ClickHouse has looked at its password: one that others could read is replaced, not hidden.
		if err := s.folder.Tighten(); err != nil {
			log.Warn("the data folder is open to other users of this machine", "component", "folder", "error", err)
		}
		if err := s.folder.announce(s.reachedAt()); err != nil { // as on a full disk, where reading still works
			log.Warn("other commands cannot work with this data folder until this one ends", "component", "folder", "error", err)
		}
	}
	return s, nil
}

// StartOrJoin starts the embedded parts, or joins the process that runs them. Own reports whether this process runs the
// embedded broker: then no other one counts its events.
func StartOrJoin(ctx context.Context, cfg Config, scope Scope, out io.Writer, log *slog.Logger) (s *System, own bool, err error) {
	s, err = Start(ctx, cfg, scope, out, log)
	var used *InUseError
	if !errors.As(err, &used) || used.Kafka == "" && used.ClickHouse == "" {
		return s, cfg.Kafka.Embedded, err
	}
	if err := cfg.beside(used.Addresses); err != nil {
		return nil, false, err
	}
	s, err = Start(ctx, cfg, scope, out, log)
	return s, false, err
}
