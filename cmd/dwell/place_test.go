package main

import (
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"dwell/cmd/dwell/app"
	"dwell/ingest/event"
	"dwell/ingest/place"
)

func serveForTest(t *testing.T, places string, now func() time.Time) *app.System {
	t.Helper()
	return serveWith(t, func(cfg *app.Config) { cfg.Places = places }, now)
}

// serveWith is serveForTest with a configuration that is changed.
func serveWith(t *testing.T, change func(cfg *app.Config), now func() time.Time) *app.System {
	t.Helper()
	cfg := app.DefaultConfig()
	cfg.Embed(filepath.Join(t.TempDir(), "data"))
	cfg.Listen = "127.0.0.1:0"
	cfg.Engine.FlushEvery = 50 * time.Millisecond
	change(&cfg)
	s, err := app.Serve(t.Context(), cfg, io.Discard, slog.New(slog.DiscardHandler), now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// A system may have time zones that ClickHouse lacks, such as one of last year. No process counts with it.
func TestPlacesInZonesThatClickHouseDoesNotKnowAreRefused(t *testing.T) {
	s := serveForTest(t, "afghanistan", time.Now)
	book := *s.Book
	book.Places = append(slices.Clone(book.Places), place.Place{ID: "NEW", Zone: time.FixedZone("Town/Hall", 3600)})
	next := &app.System{Config: s.Config, Book: &book, Store: s.Store}
	const want = `places: "afghanistan" has the time zones ["Town/Hall"], which ClickHouse does not know: use names of its table system.time_zones, such as another name of the same zone`
	if _, err := next.CheckRules(t.Context()); err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
	if err := s.Config.CheckNames(t.Context(), &book); err == nil || err.Error() != want {
		t.Errorf("check: %v\nwant %s", err, want)
	}
}

// TestAFactAboutAPlaceReachesEveryShard writes one as a source does that knows nothing of partitions: into one of them.
func TestAFactAboutAPlaceReachesEveryShard(t *testing.T) {
	s := serveForTest(t, "afghanistan", time.Now)
	at := time.Date(2026, 1, 5, 19, 0, 0, 0, time.UTC).UnixMilli()
	torkham, _ := s.Vocabulary.BCP([]byte("AF-NAN-TORKHAM"))
	closed := event.Event{
		Type: event.BCPClosed, ID: []byte("1"), Source: []byte("/torkham"), Subject: []byte("AF-NAN-TORKHAM"),
		Time: at, Recorded: at, BCP: torkham,
	}
	m := event.StructuredRecord(closed.Subject, event.AppendStructured(nil, s.Vocabulary, &closed), at)
	if err := s.Producer.Write(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	var shards, rows uint64
	until(t, "every shard has it", func() bool {
		row := s.Store.Conn().QueryRow(t.Context(), "SELECT uniqExact(shard), count() FROM events FINAL WHERE type = 'bcp.closed' AND id = '1'")
		if err := row.Scan(&shards, &rows); err != nil {
			t.Fatal(err)
		}
		return shards == uint64(s.Config.Kafka.Partitions)
	})
	if err := s.CaughtUp(t.Context(), func(int64) {}); err != nil {
		t.Fatal(err)
	}
	row := s.Store.Conn().QueryRow(t.Context(), "SELECT count() FROM events FINAL")
	if err := row.Scan(&rows); err != nil || rows != shards {
		t.Errorf("%d copies in %d shards (%v): copies were forwarded again", rows, shards, err)
	}
}
