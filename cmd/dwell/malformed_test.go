package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"dwell/cmd/dwell/app"
	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/ingest/simulator"
)

// malformed makes the nth bad message, of one of every kind there is, and says what must be said of it.
func malformed(rng *rand.Rand, n int, good string, at int64) (event.Record, event.Reason) {
	m := event.StructuredRecord(fmt.Appendf(nil, "bad-%d", n), nil, at)
	visit := func(typ, data string) string {
		return fmt.Sprintf(`{"specversion":"1.0","id":"b%d","source":"/bad","type":"dwell.%s.v1","subject":"bad-%d","time":"2026-01-05T08:00:00Z","data":%s}`, n, typ, n, data)
	}
	const place = `"bcp":"AF-NAN-TORKHAM","direction":"inbound"`
	kinds := []struct {
		value string
		why   event.Reason
	}{
		{"", event.NotJSON},
		{"\x00\xff\xfe", event.NotJSON},
		{good[:1+rng.IntN(len(good)-1)], event.NotJSON},
		{good + "}", event.NotJSON},
		{strings.Repeat("[", 1+rng.IntN(2000)), event.NotJSON},
		{strings.Replace(good, `"1.0"`, `"0.2"`, 1), event.NotCloudEvent},
		{`{"hello":"world"}`, event.NotCloudEvent},
		{visit("truck.teleported", "{"+place+"}"), event.UnknownType},
		{visit("truck.arrived", `{"bcp":"AF-NAN-TORKHAM"}`), event.MissingField},
		{visit("hold.placed", "{"+place+"}"), event.MissingField},
		{visit("inspection.completed", "{"+place+`,"agency":"customs","result":"conformant"}`), event.MissingField},
		{visit("channel.assigned", "{"+place+`,"channel":"purple"}`), event.InvalidField},
		{visit("truck.arrived", `{"bcp":7,"direction":"inbound"}`), event.InvalidField},
		{visit("truck.arrived", `[]`), event.InvalidField},
		{strings.Replace(visit("truck.arrived", "{"+place+"}"), "2026-01-05T08", "2026-01-05T25", 1), event.InvalidField},
		{visit("truck.arrived", `{"bcp":"AF-XXX-NOWHERE","direction":"inbound"}`), event.UnknownBCP},
		{visit("hold.placed", "{"+place+`,"agency":"pirates"}`), event.UnknownAgency},
		{strings.Replace(visit("truck.arrived", "{"+place+"}"), "2026-01-05", "2099-01-05", 1), event.FutureTime},
		{visit("bcp.closed", "{"+place+"}"), event.InvalidField},
		{`{"pad":"` + strings.Repeat("x", event.MaxMessage) + `"}`, event.TooLarge},
	}
	kind := kinds[n%len(kinds)]
	if kind.why == event.TooLarge && n >= 4*len(kinds) { // a few of a megabyte are enough
		kind = kinds[0]
	}
	m.Value = []byte(kind.value)
	return m, kind.why
}

// TestTenThousandMalformedMessages strews them among the events of two days. All are in the dead-letter topic and in the
// table with the right reason and the original bytes, and every good event counts.
func TestTenThousandMalformedMessages(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector sees as much with one message")
	}
	dir := t.TempDir()
	cfg := app.DefaultConfig()
	cfg.Embed(filepath.Join(dir, "data"))
	cfg.Listen = "127.0.0.1:0"
	s, err := app.Serve(t.Context(), cfg, io.Discard, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	}()

	from := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	truthFile := filepath.Join(dir, "truth.jsonl")
	simulate := simulateCommand{
		From: "2026-01-05", For: 48 * time.Hour, Seed: 5, Speed: "max", Faults: "late=5%",
		Out: filepath.Join(dir, "unused.jsonl"), Truth: truthFile,
	}
	if err := simulate.Run(t.Context(), &env{strings.NewReader(""), io.Discard, io.Discard, nil}); err != nil {
		t.Fatal(err)
	}
	sim, err := simulator.New(simulator.Config{
		Places: s.Book, From: from, Until: from.Add(48 * time.Hour), Seed: 5, Faults: simulator.Faults{Late: 0.05},
	})
	if err != nil {
		t.Fatal(err)
	}
	const bad = 10_000
	rng := rand.New(rand.NewPCG(1, 2))
	want := map[string]int{}
	originals := map[string][]byte{}
	f := kafka.NewBuffered(s.Producer)
	good, n := 0, 0
	for em, ok := sim.Next(); ok; em, ok = sim.Next() {
		one := event.NewRecord(s.Vocabulary, em.Event, em.At)
		if err := f.Add(t.Context(), one); err != nil {
			t.Fatal(err)
		}
		good++
		for ; n < bad && n < good; n++ {
			m, why := malformed(rng, n, string(one.Value), from.Add(72*time.Hour).UnixMilli())
			want[string(why)]++
			originals[string(m.Key)] = m.Value
			if err := f.Add(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n != bad {
		t.Fatalf("%d malformed messages among %d events", n, good)
	}
	if err := s.CaughtUp(t.Context(), func(int64) {}); err != nil {
		t.Fatal(err)
	}

	got := map[string]int{}
	readDeadLetters(t, s, func(m kafkago.Message) {
		why := ""
		for _, h := range m.Headers {
			if h.Key == kafka.ReasonHeader {
				why = string(h.Value)
			}
		}
		got[why]++
		original, known := originals[string(m.Key)]
		if !known || !bytes.HasPrefix(original, m.Value) || why != string(event.TooLarge) && len(original) != len(m.Value) {
			t.Errorf("dead letter %q (%s) has not its original bytes", m.Key, why)
		}
		delete(originals, string(m.Key))
	})
	if !maps.Equal(got, want) {
		t.Errorf("dead-letter topic: got %v, want %v", got, want)
	}
	inTable := map[string]int{}
	rows, err := s.Store.Conn().Query(t.Context(), "SELECT reason, count() FROM dead_letters FINAL GROUP BY reason")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var why string
		var count uint64
		if err := rows.Scan(&why, &count); err != nil {
			t.Fatal(err)
		}
		inTable[why] = int(count)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(inTable, want) {
		t.Errorf("table: got %v, want %v", inTable, want)
	}
	var output bytes.Buffer
	audit := auditCommand{Truth: truthFile}
	found, err := audit.audit(t.Context(), &env{nil, &output, &output, os.Environ()}, s)
	if err != nil || found.Differences != 0 || found.True == 0 {
		t.Errorf("audit: %v\n%s", err, output.String())
	}
}

// readDeadLetters reads the dead-letter topic to its end. A letter may occur twice, if a flush was interrupted and
// repeated; its partition and offset identify it.
func readDeadLetters(t *testing.T, s *app.System, one func(kafkago.Message)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := kafkago.DialLeader(ctx, "tcp", s.Config.Kafka.Brokers[0], s.Config.Kafka.DeadLetterTopic, 0)
	if err != nil {
		t.Fatal(err)
	}
	end, err := conn.ReadLastOffset()
	if err = errors.Join(err, conn.Close()); err != nil {
		t.Fatal(err)
	}
	r := kafkago.NewReader(kafkago.ReaderConfig{
		Brokers: s.Config.Kafka.Brokers, Topic: s.Config.Kafka.DeadLetterTopic, Partition: 0, MaxBytes: 8 << 20, MaxWait: 100 * time.Millisecond,
	})
	defer func() { _ = r.Close() }()
	if err := r.SetOffset(0); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for next := int64(0); next < end; {
		m, err := r.ReadMessage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		next = m.Offset + 1
		coordinates := ""
		for _, h := range m.Headers {
			if h.Key == kafka.PartitionHeader || h.Key == kafka.OffsetHeader {
				coordinates += string(h.Value) + " "
			}
		}
		if !seen[coordinates] {
			seen[coordinates] = true
			one(m)
		}
	}
}
