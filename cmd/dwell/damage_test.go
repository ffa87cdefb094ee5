package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dwell/cmd/dwell/app"
	"dwell/ingest/event"
)

// TestDamagedTablesAreReportedAndRecounted loses the ends of files of two tables while everything is stopped, and bits of two others, one of
// which is read at the start.
func TestDamagedTablesAreReportedAndRecounted(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector sees as much in the tests of metrics/clickhouse")
	}
	cfg := app.DefaultConfig()
	cfg.Embed(filepath.Join(t.TempDir(), "data"))
	cfg.Listen, cfg.Engine.FlushEvery = "127.0.0.1:0", 50*time.Millisecond
	var log bytes.Buffer
	tryServe := func() (*app.System, error) {
		return app.Serve(t.Context(), cfg, io.Discard, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})), time.Now)
	}
	serve := func() counter {
		t.Helper()
		s, err := tryServe()
		if err != nil {
			t.Fatal(err)
		}
		return counter{s}
	}
	c := serve()
	days(t, c.System, 1)(c.System, 2*time.Hour)
	at := time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC).UnixMilli()
	if err := c.Producer.Write(t.Context(), event.Record{Key: []byte("T"), Value: []byte("no event"), Time: at}); err != nil {
		t.Fatal(err)
	}
	if err := c.CaughtUp(t.Context(), func(int64) {}); err != nil {
		t.Fatal(err)
	}
	until(t, "the process is ready", func() bool { return c.ready(t) })
	was := counts(t, c.System)
	files := map[string]string{}
	for _, table := range []string{"dead_letters", "events", "windows", "inside_now", "rules"} {
		var folder string
		const largest = "SELECT path FROM system.parts WHERE active AND database = 'dwell' AND table = ? ORDER BY bytes_on_disk DESC LIMIT 1"
		if err := c.Store.Conn().QueryRow(t.Context(), largest, table).Scan(&folder); err != nil {
			t.Fatal(err)
		}
		files[table] = filepath.Join(folder, "data.bin")
	}
	rules := files["rules"]
	delete(files, "rules")
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	for table, file := range files {
		text, err := os.ReadFile(file)
		if err == nil && (table == "windows" || table == "inside_now") {
			for i := 0; i < len(text); i += 32 { // in each column, since a process reads only some at its start
				text[i] ^= 1
			}
		} else if err == nil {
			text = text[:len(text)-50]
		}
		if err == nil {
			err = os.WriteFile(file, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}

	c = serve()
	for table := range files {
		until(t, "/readyz and metrics say that "+table+" is damaged", func() bool {
			code, reasons := c.get(t, "/readyz")
			_, metrics := c.get(t, "/metrics")
			return code == http.StatusServiceUnavailable && strings.Contains(reasons, "of table "+table+" is damaged, so that numbers may be missing: run dwell recount") &&
				strings.Contains(metrics, fmt.Sprintf("dwell_damaged_parts{table=%q} 1\n", table))
		})
	}
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	for table := range files {
		if !strings.Contains(log.String(), "table="+table+" part=") {
			t.Errorf("%s is not in the log:\n%s", table, log.String())
		}
	}

	t.Log("the rules become zeroes, as after a loss of power: nothing starts by rules that cannot be compared, but for a recount")
	info, err := os.Stat(rules)
	if err == nil {
		err = os.WriteFile(rules, make([]byte, info.Size()), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tryServe(); err == nil || !strings.Contains(err.Error(), "table rules is damaged: run dwell recount, which counts everything again") {
		t.Errorf("the start: %v", err)
	}
	var out bytes.Buffer
	if code := run(t.Context(), []string{"recount", "--data", cfg.Data}, strings.NewReader(""), &out, &out, nil); code != 0 {
		t.Fatalf("dwell recount: exit %d\n%s", code, out.String())
	}
	c = serve()
	until(t, "the process is ready after a recount", func() bool {
		_, metrics := c.get(t, "/metrics")
		return c.ready(t) && strings.Contains(metrics, "dwell_damaged_parts{table=\"windows\"} 0\n")
	})
	if now := counts(t, c.System); now != was {
		t.Errorf("the tables have\n%safter a recount, and had\n%s", now, was)
	}
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
}

// counts are how many rows the tables have.
func counts(t *testing.T, s *app.System) (all string) {
	t.Helper()
	for _, table := range []string{"dead_letters", "events", "windows"} {
		var rows uint64
		if err := s.Store.Conn().QueryRow(t.Context(), "SELECT count() FROM "+table+" FINAL").Scan(&rows); err != nil {
			t.Fatal(err)
		}
		all += fmt.Sprintln(table, rows)
	}
	return all
}
