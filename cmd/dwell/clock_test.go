package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dwell/cmd/dwell/app"
	"dwell/deploy/embedded/broker/brokertest"
	"dwell/ingest/event"
)

// arrivals are trucks that arrive at Torkham, one a second, as posts report them that date their records themselves.
func arrivals(source string, trucks int, from time.Time) (records []event.Record) {
	for i := range trucks {
		at := from.Add(time.Duration(i) * time.Second).UnixMilli()
		e := event.Stored{
			Type: "truck.arrived", ID: "1", Source: source, Subject: fmt.Sprintf("T%d-%s", at, source), BCP: "AF-NAN-TORKHAM", Time: at, Recorded: at,
			Data: `{"bcp":"AF-NAN-TORKHAM","direction":"inbound"}`,
		}
		records = append(records, e.Record(at))
	}
	return records
}

// trucks says how many trucks are inside and have lapsed, with the dead letters and the time that the watermark follows.
func trucks(t *testing.T, s *app.System) (is string) {
	t.Helper()
	const query = `SELECT format('{} inside, {} lapsed, {} dead letters, {}', (SELECT sum(trucks) FROM inside_now FINAL), (SELECT countIf(lapsed IS NOT NULL) FROM visits FINAL),
		(SELECT count() FROM dead_letters), (SELECT toUnixTimestamp64Milli(max(latest)) FROM progress FINAL))`
	if err := s.Store.Conn().QueryRow(t.Context(), query).Scan(&is); err != nil {
		t.Fatal(err)
	}
	return is
}

// Two thousand trucks of four posts are inside when a fifth post, whose clock says 2099, sends forty, into a topic whose records have
// the times of their producers. No truck lapses, and none of the next hour; a recount says the same. Check and serve name the topic.
func TestPostWhoseClockIsAheadLapsesNoTruckOfOthers(t *testing.T) {
	addr := brokertest.Start(t, brokertest.Topic("dwell.events", 1), brokertest.Topic("dwell.dead_letters", 1))
	cfg := app.DefaultConfig()
	cfg.Data, cfg.ClickHouse.Embedded = filepath.Join(t.TempDir(), "data"), true
	cfg.Listen, cfg.Kafka.Brokers = "127.0.0.1:0", []string{addr}
	const named = "topic dwell.events has CreateTime: records have the times of their producers, whose clocks may be wrong; set its message.timestamp.type to LogAppendTime"

	file, said := filepath.Join(t.TempDir(), "dwell.yaml"), &bytes.Buffer{}
	if err := os.WriteFile(file, fmt.Appendf(nil, "data: %s\nkafka: {brokers: ['%s']}\nclickhouse: {embedded: true}\n", cfg.Data, addr), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (&checkCommand{Config: file}).Run(t.Context(), &env{strings.NewReader(""), said, io.Discard, nil}); err != nil || !strings.Contains(said.String(), named) {
		t.Errorf("check: %v\n%s", err, said)
	}
	var log bytes.Buffer
	s, err := app.Serve(t.Context(), cfg, io.Discard, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now().Add(-3 * time.Hour)
	for i := range 4 {
		if err := s.Producer.Write(t.Context(), arrivals(fmt.Sprint("/post/", i), 500, begin)...); err != nil {
			t.Fatal(err)
		}
	}
	ahead := arrivals("/post/ahead", 40, time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC))
	if err := s.Producer.Write(t.Context(), append(ahead, arrivals("/post/1", 30, begin.Add(time.Hour))...)...); err != nil {
		t.Fatal(err)
	}
	if err := s.CaughtUp(t.Context(), func(int64) {}); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("2070 inside, 0 lapsed, 0 dead letters, %d", begin.Add(time.Hour+29*time.Second).UnixMilli())
	if is := trucks(t, s); is != want {
		t.Errorf("the border has %s; want %s", is, want)
	}
	stopHere(t, s)
	if !strings.Contains(log.String(), named) {
		t.Errorf("serve logs:\n%s", log.String())
	}

	s = startHere(t, cfg)
	defer stopHere(t, s)
	if _, err := s.Recount(t.Context()); err != nil {
		t.Fatal(err)
	}
	if is := trucks(t, s); is != want {
		t.Errorf("recounted, the border has %s; want %s", is, want)
	}
	found, err := (&auditCommand{}).audit(t.Context(), &env{strings.NewReader(""), said, io.Discard, nil}, s)
	if err != nil || found.Differences != 0 || found.Visits != 2070 {
		t.Errorf("the audit: %+v, %v", found, err)
	}
}

// In a topic that dwell made the broker's clock decides, so a post whose clock says 2099 gets dead letters, also where it is the only one.
func TestEventsFromTheFutureAreDeadLettersInATopicOfDwell(t *testing.T) {
	cfg := app.DefaultConfig()
	cfg.Embed(t.TempDir())
	s := startHere(t, cfg)
	defer stopHere(t, s)
	begin := time.Now().Add(-time.Hour)
	ahead := arrivals("/post", 40, time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC))
	if err := s.Producer.Write(t.Context(), append(ahead, arrivals("/post", 10, begin)...)...); err != nil {
		t.Fatal(err)
	}
	count(t, s)
	if is, want := trucks(t, s), fmt.Sprintf("10 inside, 0 lapsed, 40 dead letters, %d", begin.Add(9*time.Second).UnixMilli()); is != want {
		t.Errorf("the border has %s; want %s", is, want)
	}
}
