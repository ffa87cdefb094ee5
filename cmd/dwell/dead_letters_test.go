package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dwell/cmd/dwell/app"
	"dwell/ingest/event"
	"dwell/metrics/visit"
)

// T1's arrival names an unknown BCP, its release has the key of another visit, which says nothing, and its departure is truncated.
func TestDeadLettersAreCorrectedAndRedriven(t *testing.T) {
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
	happened := func(id, typ, at, bcp string) string {
		return fmt.Sprintf(`{"specversion":"1.0","id":"%s","source":"/post","type":"dwell.%s.v1","subject":"T1","time":"2026-01-05T%sZ","data":{"bcp":"%s","direction":"inbound"}}`, id, typ, at, bcp)
	}
	const torkham = "AF-NAN-TORKHAM"
	logged := time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC).UnixMilli()
	binary := []event.Header{}
	for name, value := range map[string]string{
		"ce_specversion": "1.0", "ce_id": "2", "ce_source": "/post", "ce_type": "dwell.truck.released.v1", "ce_subject": "T1",
		"ce_time": "2026-01-05T09:00:00Z", "content-type": "application/json",
	} {
		binary = append(binary, event.Header{Key: []byte(name), Value: []byte(value)})
	}
	departed := happened("3", "truck.departed", "09:30:00", torkham)
	truncated := departed[:150] + "\x1b[2J" // and it clears a terminal
	if err := s.Producer.Write(t.Context(),
		event.StructuredRecord([]byte("T1"), []byte(happened("1", "truck.arrived", "08:00:00", "AF-XXX-NOWHERE")), logged),
		event.Record{Key: []byte("T2"), Headers: binary, Time: logged + 1000, Value: []byte(`{"bcp":"AF-NAN-TORKHAM","direction":"inbound"}`)},
		event.StructuredRecord([]byte("T1"), []byte(truncated), logged+2000),
	); err != nil {
		t.Fatal(err)
	}
	if err := s.CaughtUp(t.Context(), func(int64) {}); err != nil {
		t.Fatal(err)
	}

	dwell := beside(t, cfg)
	says := func(text, want string) {
		t.Helper()
		if !strings.Contains(text, want) {
			t.Errorf("got\n%swant %q in it", text, want)
		}
	}
	letters := map[string]string{} // by reason
	for line := range strings.Lines(dwell(0, "dead-letters", "list")) {
		if f := strings.Fields(line); len(f) > 3 && strings.Contains(f[0], "/") {
			letters[strings.TrimSuffix(f[3], ":")] = f[0]
		}
	}
	if len(letters) != 2 {
		t.Fatalf("letters %v", letters)
	}
	says(dwell(0, "dead-letters", "list", "--reason", "unknown_bcp"), `unknown_bcp: data.bcp "AF-XXX-NOWHERE"`)
	shown := dwell(0, "dead-letters", "show", letters["unknown_bcp"])
	says(shown, `key       "T1"`)
	says(shown, `header    content-type: "application/cloudevents+json"`)
	raw := filepath.Join(dir, "raw")
	says(dwell(0, "dead-letters", "show", letters["not_json"], "--raw", raw), departed[:150]+`\x1b[2J`)
	if got, err := os.ReadFile(raw); err != nil || string(got) != truncated {
		t.Errorf("%v, raw is %q", err, got)
	}

	// Unchanged, the arrival would be refused again.
	says(dwell(1, "dead-letters", "redrive", "--reason", "unknown_bcp"), "redriven: 0, refused again: 1")
	corrected := filepath.Join(dir, "corrected.json")
	for reason, value := range map[string]string{"unknown_bcp": happened("1", "truck.arrived", "08:00:00", torkham), "not_json": departed} {
		if err := os.WriteFile(corrected, []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 { // a letter that is named is sent again, and still counts once
			says(dwell(0, "dead-letters", "redrive", letters[reason], "--value", corrected, "--wait"), "redriven: 1, refused again: 0")
		}
	}
	says(dwell(0, "dead-letters", "redrive", "--reason", "unknown_bcp"), "redriven: 0, refused again: 0")
	if n := strings.Count(dwell(0, "dead-letters", "list"), " - "); n != 0 {
		t.Errorf("%d letters are listed as not redriven", n)
	}
	bcp, _ := s.Vocabulary.BCP([]byte(torkham))
	key := []visit.Key{{BCP: bcp, ID: "T1"}}
	v, err := s.Store.Visits(t.Context(), 0, key)
	for p := 1; err == nil && len(v) == 0 && p < 64; p++ {
		v, err = s.Store.Visits(t.Context(), p, key)
	}
	if err != nil || len(v) != 1 || !v[0].Over {
		t.Fatalf("%v, T1 is %+v", err, v)
	}
	var output bytes.Buffer
	found, err := (&auditCommand{}).audit(t.Context(), &env{nil, &output, &output, os.Environ()}, s)
	if err != nil || found.Differences != 0 || found.Visits != 1 {
		t.Errorf("%v, audit: %s", err, &output)
	}

	says(dwell(1, "dead-letters", "show", "77"), `"77" is not an origin such as topic/dwell.events/3/1204, nor a partition and an offset`)
	for _, letter := range letters { // partition and offset name it, too
		short, ok := strings.CutPrefix(letter, "topic/dwell.events/")
		if !ok {
			t.Errorf("a letter is listed as %q", letter)
		}
		says(dwell(0, "dead-letters", "show", short), "letter    "+letter+"\n")
	}
	says(dwell(1, "dead-letters", "show", "topic/gate/"+strings.TrimPrefix(letters["not_json"], "topic/dwell.events/")), "there is no such dead letter")
	says(dwell(1, "dead-letters", "show", "0/999999"), "0/999999: there is no such dead letter")
	says(dwell(1, "dead-letters", "list", "--reason", "boredom"), `--reason "boredom" is not supported; use one of`)
	says(dwell(1, "dead-letters", "redrive"), "nothing to redrive")
}

// beside runs commands about what is stored beside a process that has the data folder. They return their output.
func beside(t *testing.T, cfg app.Config) func(status int, args ...string) string {
	return func(want int, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		args = append([]string{args[0], args[1], "--data", cfg.Data}, args[2:]...)
		if got := run(t.Context(), args, strings.NewReader(""), &out, &out, os.Environ()); got != want {
			t.Fatalf("dwell %s: exit status %d, want %d\n%s", strings.Join(args, " "), got, want, &out)
		}
		return out.String()
	}
}

// T1 arrived forty days before its record, and visits are kept for fifteen. Redrive does not know how long they are kept, so it sends
// the letter again, and it is too old again.
func TestLetterThatFailsAgainIsAnotherLetter(t *testing.T) {
	cfg := app.DefaultConfig()
	cfg.Embed(filepath.Join(t.TempDir(), "data"))
	cfg.Kafka.NewPartitions, cfg.Kafka.ProducerTimes = 1, true
	cfg.Retention.Visits, cfg.Retention.Events = 15*24*time.Hour, 15*24*time.Hour
	cfg.Listen = "127.0.0.1:0"
	s, err := app.Serve(t.Context(), cfg, io.Discard, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer stopHere(t, s)
	now := time.Now()
	arrived := fmt.Sprintf(`{"specversion":"1.0","id":"1","source":"/post","type":"dwell.truck.arrived.v1","subject":"T1","time":%q,"data":{"bcp":"AF-NAN-TORKHAM","direction":"inbound"}}`,
		now.AddDate(0, 0, -40).UTC().Format(time.RFC3339))
	if err := s.Producer.Write(t.Context(), event.StructuredRecord([]byte("T1"), []byte(arrived), now.UnixMilli())); err != nil {
		t.Fatal(err)
	}
	if err := s.CaughtUp(t.Context(), func(int64) {}); err != nil {
		t.Fatal(err)
	}
	dwell := beside(t, cfg)
	const first, second, third = "topic/dwell.events/0/0", "topic/dwell.events/0/1", "topic/dwell.events/0/2"
	letters := func() (all []string) {
		t.Helper()
		for line := range strings.Lines(dwell(0, "dead-letters", "list", "--reason", "too_old")) {
			if f := strings.Fields(line); strings.Contains(f[0], "/") {
				all = append(all, fmt.Sprintf("%s %v", f[0], f[2] != "-"))
			}
		}
		return all
	}
	dwell(0, "dead-letters", "redrive", "0/0", "--wait")
	if got, want := letters(), []string{second + " false", first + " true"}; !slices.Equal(got, want) {
		t.Fatalf("the letters, and whether they were redriven, are %q, want %q", got, want)
	}
	if shown, want := dwell(0, "dead-letters", "show", second), `header    dwell-redrive: "`+first+`"`; !strings.Contains(shown, want) {
		t.Errorf("the second letter is\n%swant %q in it", shown, want)
	}
	dwell(0, "dead-letters", "redrive", "--reason", "too_old", "--wait")
	if got, want := letters(), []string{third + " false", second + " true", first + " true"}; !slices.Equal(got, want) {
		t.Errorf("the letters, and whether they were redriven, are %q, want %q", got, want)
	}
}
