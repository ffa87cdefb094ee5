package main

import (
	"bytes"
	"hash/crc32"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"dwell/cmd/dwell/app"
	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/ingest/source"
)

// A truck arrives at each of four BCPs, and is inspected: the first posts over HTTP, the gate of the second writes to its own topic what it has words for, the
// third writes to Kafka as librdkafka does, and the fourth as dwell does. Check names the third alone, and says that it does so on purpose.
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
		for i, p := range book.Places[:4] {
			truck := "T" + strconv.Itoa(i)
			if i == 2 {
				truck = misplacedTruck(s.Config.Kafka.Partitions)
			}
			bcp, _ := s.Vocabulary.BCP([]byte(p.ID))
			at := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC).UnixMilli()
			for id, what := range map[string]event.Type{"1": event.TruckArrived, "2": event.InspectionStarted, "3": event.DeclarationLodged} {
				e := event.Event{
					Type: what, ID: []byte(id), Source: []byte("/bcp/" + p.ID), Subject: []byte(truck), BCP: bcp, Time: at, Recorded: at + 1000,
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
	const posted, normalized = `dwell_posted_events_total{outcome="accepted",token="demo-gate"} 6`, `dwell_source_records_total{outcome="accepted",topic="demo.gate"} 4`
	forwarded := `dwell_forwarded_records_total{source="/bcp/` + book.Places[2].ID + `"} 6`
	until(t, "events came by each way", func() bool {
		text := metrics()
		return strings.Contains(text, posted) && strings.Contains(text, normalized) && strings.Contains(text, forwarded)
	})
	if err := s.CaughtUp(t.Context(), func(int64) {}); err != nil {
		t.Fatal(err)
	}
	var counted string
	if err := s.Store.Conn().QueryRow(t.Context(), `SELECT toString(groupArray((bcp, n))) FROM (
		SELECT bcp, uniqExact(type, id, source, time, recorded, direction, regime, agency, kind) AS n FROM events FINAL GROUP BY bcp)`).Scan(&counted); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(counted, ",3)"); n != 4 {
		t.Errorf("of each BCP three events should be counted: %s", counted)
	}
	if n := strings.Count(metrics(), "\ndwell_forwarded_records_total{"); n != 1 {
		t.Errorf("records of %d sources were forwarded, not of one", n)
	}
	if err := os.WriteFile(demoFile(cfg.Data), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"check", "--data", cfg.Data}, strings.NewReader(""), &out, &errs, nil); code != 0 {
		t.Fatal(errs.String())
	}
	want := "               /bcp/" + book.Places[2].ID + ": 6 records\n" +
		"               one BCP of the demo does so on purpose, as the software of some agencies will; its numbers are exact all the same\n"
	if !strings.Contains(out.String(), want) {
		t.Errorf("%s\nshould have\n%s", &out, want)
	}
}

// misplacedTruck is one whose records librdkafka and dwell send to different partitions.
func misplacedTruck(partitions int) string {
	for n := 0; ; n++ {
		truck := "M" + strconv.Itoa(n)
		if int(crc32.ChecksumIEEE([]byte(truck)))%partitions != kafka.PartitionOf([]byte(truck), partitions) {
			return truck
		}
	}
}
