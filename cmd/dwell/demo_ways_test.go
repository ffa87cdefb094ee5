package main

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"dwell/cmd/dwell/app"
	"dwell/ingest/event"
	"dwell/ingest/source"
)

// A truck arrives at each of three BCPs, and is inspected: the first posts over HTTP, the gate of the second writes to its own topic what it has words for, the
// third writes to Kafka.
func TestDemoTakesEachWay(t *testing.T) {
	cfg := app.DefaultConfig()
	cfg.Embed(t.TempDir())
	cfg.Listen = "127.0.0.1:0"
	book, err := cfg.ReadPlaces()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Sources = map[string]source.Description{"demo": demoGate(book.Places[1].ID)}
	s, err := app.Serve(t.Context(), cfg, io.Discard, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { stopHere(t, s) }()
	for range 2 { // a restart makes the token anew
		ways, err := newDemoWays(s, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		ways.live = true
		for i, p := range book.Places[:3] {
			bcp, _ := s.Vocabulary.BCP([]byte(p.ID))
			at := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC).UnixMilli()
			for id, what := range map[string]event.Type{"1": event.TruckArrived, "2": event.InspectionStarted, "3": event.DeclarationLodged} {
				e := event.Event{
					Type: what, ID: []byte(id), Source: []byte("/bcp/" + p.ID), Subject: []byte{'T', byte('1' + i)}, BCP: bcp, Time: at, Recorded: at + 1000,
					Direction: event.Inbound, Regime: event.Transit, Observation: event.NoObservation(),
				}
				if what == event.InspectionStarted {
					e.Agency, e.Kind = s.Vocabulary.Customs, event.Scan
				}
				if err := ways.Add(t.Context(), event.NewRecord(s.Vocabulary, &e, at)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := ways.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		ways.Close()
	}
	metrics := func() string {
		answer, err := http.Get("http://" + s.Listening + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	const posted, normalized = `dwell_posted_events_total{outcome="accepted"} 6`, `dwell_source_records_total{outcome="accepted",topic="demo.gate"} 4`
	until(t, "events came by each way", func() bool {
		text := metrics()
		return strings.Contains(text, posted) && strings.Contains(text, normalized)
	})
	if err := s.CaughtUp(t.Context(), func(int64) {}); err != nil {
		t.Fatal(err)
	}
	var counted string
	if err := s.Store.Conn().QueryRow(t.Context(), `SELECT toString(groupArray((bcp, n))) FROM (
		SELECT bcp, uniqExact(type, id, source, time, recorded, direction, regime, agency, kind) AS n FROM events FINAL GROUP BY bcp)`).Scan(&counted); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(counted, ",3)"); n != 3 {
		t.Errorf("of each BCP three events should be counted: %s", counted)
	}
}
