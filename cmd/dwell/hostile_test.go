package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/alecthomas/kong"

	"dwell/cmd/dwell/app"
	"dwell/ingest/annotation"
	"dwell/ingest/event"
)

// hostile is an id that sets the title of a terminal, forges a row, turns the direction of writing and is a formula.
const hostile = "=T1\x1b]0;owned\x07\n3/1204  2026-01-05T08:00:00Z  -  forged\r\u202egnp\u009b2J"

// commandNames are all commands that do something.
func commandNames(t *testing.T) (all []string) {
	t.Helper()
	var line commands
	parser, err := kong.New(&line, kong.Vars{"version": ""})
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range parser.Model.Leaves(true) {
		all = append(all, strings.TrimPrefix(leaf.Path(), "dwell "))
	}
	return all
}

// TestAllThatACommandPrintsIsMadeVisible runs commands that do not escape what they print themselves: to standard output, as errors, and
// while parts start.
func TestAllThatACommandPrintsIsMadeVisible(t *testing.T) {
	data := filepath.Join(t.TempDir(), "\u202egnp")
	if err := os.MkdirAll(filepath.Join(data, "clickhouse"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"config"}, {"sql", "--data", data, "SELECT 1"}} {
		var out, errs strings.Builder
		run(t.Context(), args, strings.NewReader(""), &out, &errs, []string{
			"DWELL_KAFKA_EMBEDDED=true", "DWELL_CLICKHOUSE_EMBEDDED=true", "DWELL_DATA=" + data, "HOME=" + os.Getenv("HOME"),
		})
		for name, text := range map[string]string{"output": out.String(), "standard error": errs.String()} {
			if strings.Contains(text, "\u202e") {
				t.Errorf("dwell %[2]s: the %[1]s has a character that turns the direction of writing", name, args[0])
			}
		}
		if !strings.Contains(out.String()+errs.String(), `\u202egnp`) {
			t.Errorf("dwell %s does not print what it was given", args[0])
		}
	}
}

// TestNothingFromOutsideReachesTheTerminal runs every command on events and dead letters of hostile senders.
func TestNothingFromOutsideReachesTheTerminal(t *testing.T) {
	cfg := app.DefaultConfig()
	cfg.Embed(filepath.Join(t.TempDir(), "data"))
	cfg.Kafka.NewPartitions = 1
	cfg.Listen = "127.0.0.1:0"
	s, err := app.Serve(t.Context(), cfg, io.Discard, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer stopHere(t, s)
	bcp, _ := s.Vocabulary.BCP([]byte("AF-NAN-TORKHAM"))
	now := time.Now().Truncate(time.Hour)
	fact := func(subject, id string, typ event.Type, hoursAgo int) event.Record {
		at := now.Add(-time.Duration(hoursAgo) * time.Hour).UnixMilli()
		return event.NewRecord(s.Vocabulary, &event.Event{
			Type: typ, ID: []byte(id), Source: []byte("/" + hostile), Subject: []byte(subject), BCP: bcp, Direction: event.Inbound, Time: at, Recorded: at,
		}, now.UnixMilli())
	}
	arrived := fact("T9", hostile, event.TruckArrived, 1)
	forged := fact(hostile, hostile, event.BCPClosed, 1) // its subject is no BCP
	forged.Headers = append(slices.Clone(forged.Headers), event.Header{Key: []byte(hostile), Value: []byte(hostile)})
	copied := fact("T2", "2", event.TruckArrived, 1)
	copied.SetForwarded(0)
	if err := s.Producer.Write(t.Context(),
		fact(hostile, "1", event.TruckArrived, 20), copied,
		fact(hostile, hostile, event.TruckReleased, 19), // late: it restates
		forged,
		event.Record{Key: []byte(hostile), Value: []byte(hostile + "\xff"), Time: now.UnixMilli()},
	); err != nil {
		t.Fatal(err)
	}
	if err := s.CaughtUp(t.Context(), func(int64) {}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "events.jsonl")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(hostile, "\n", " ")+"\n"+strings.ReplaceAll(string(arrived.Value), "T9", `T\u001b]0`)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	known := annotation.Version{Annotation: annotation.Annotation{ID: hostile, Kind: hostile, Place: hostile, From: now, Text: hostile, Author: hostile}, Written: now}
	if err := s.Store.WriteAnnotations(t.Context(), []annotation.Version{known}); err != nil {
		t.Fatal(err)
	}
	annotations := filepath.Join(t.TempDir(), "annotations.csv")
	if err := os.WriteFile(annotations, []byte("kind,from,text\n\""+hostile+"\",2026-03-21,x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const query = "SELECT subject, id, 'a' AS \"=b\x1b\" FROM events ORDER BY offset"
	ran := map[string][][]string{
		"dead-letters list":    {{}},
		"dead-letters show":    {{"0/3"}, {"0/4"}},
		"dead-letters redrive": {{"0/4"}},
		"restatements":         {{}},
		"sql":                  {{query}, {query, "--format", "csv"}, {query, "--format", "json"}, {"SELECT throwIf(1, '" + hostile + "')"}},
		"audit":                {{}},
		"check":                {{}},
		"imports list":         {{}},
		"imports undo":         {{"1"}},
		"import events":        {{file}},
		"annotations list":     {{}},
		"annotations add":      {{"--kind", hostile, "--from", "2026-03-21", "--text", hostile}},
		"annotations remove":   {{hostile, "--author", hostile}, {hostile, "--author", "x"}},
		"annotations import":   {{annotations}},
	}
	// What these print has nothing that others have sent: names of the configuration and numbers. A file of readings has a test of its own.
	others := []string{
		"demo", "serve", "normalize", "config", "log accept", "simulate", "import readings", "source try", "recount", "rebuild", "completion", "version", "post", "token create", "token list", "token revoke",
	}
	shown := map[string]string{}
	for _, name := range commandNames(t) {
		if !slices.Contains(others, strings.Fields(name)[0]) && !slices.Contains(others, name) && ran[name] == nil {
			t.Errorf("dwell %s: say here what it prints of hostile senders", name)
		}
		for i, args := range ran[name] {
			var out, errs strings.Builder
			run(t.Context(), append(append(strings.Fields(name), "--data", cfg.Data), args...), strings.NewReader(""), &out, &errs, os.Environ())
			at := fmt.Sprint(name, " ", i)
			shown[at], shown[at+" errors"] = out.String(), errs.String()
			for line := range strings.Lines(out.String() + errs.String()) {
				if strings.HasPrefix(line, "3/1204") && !strings.Contains(name, "show") && name != "sql" {
					t.Errorf("dwell %s has a forged line %q", name, line)
				}
				if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool {
					return r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r))
				}) {
					t.Errorf("dwell %s prints %q", name, line)
				}
			}
		}
	}
	for at, want := range map[string]string{
		"dead-letters list 0":    `invalid_field: subject "=T1`,
		"dead-letters show 0":    `header    =T1\x1b]0;owned\a\n3/1204  2026-01-05T08:00:00Z  -  forged\r\u202egnp\u009b2J: "=T1\x1b`,
		"dead-letters show 1":    `\xff`,
		"check 0":                `/=T1\x1b]0;owned\a\n3/1204  2026-01-05T08:00:00Z  -  forged\r\u202egnp\u009b2J: 1 records`,
		"restatements 0":         `visit =T1\x1b]0;owned\a\n3/1204`,
		"sql 0":                  `=T1\x1b]0;owned\a\n3/1204`,
		"sql 2":                  `"subject":"=T1\u001b]0;owned\u0007\n3/1204  2026-01-05T08:00:00Z  -  forged\r\u202egnp\u009b2J"`,
		"import events 0 errors": "line 1: ",
		"annotations list 0":     `=T1\x1b]0;owned\a\n3/1204  2026-01-05T08:00:00Z  -  forged`,

		"annotations add 0 errors":    `kind: "=T1\x1b]0;owned`,
		"annotations remove 0":        `annotation =T1\x1b]0;owned\a`,
		"annotations remove 1 errors": `was removed by "=T1\x1b]0;owned\a`,
		"annotations import 0 errors": `kind: "=T1\x1b]0;owned`,
		"sql 3 errors":                `forged\r\u202egnp\u009b2J`,
	} {
		if !strings.Contains(shown[at], want) {
			t.Errorf("dwell %s prints\n%swant %q in it", at, shown[at], want)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(shown["sql 1"])).ReadAll()
	if err != nil || len(rows) != 6 || rows[1][0] != "'=T1\\x1b]0;owned\\a\n3/1204  2026-01-05T08:00:00Z  -  forged\\r\\u202egnp\\u009b2J" || rows[0][2] != `'=b\x1b` {
		t.Errorf("%v, the CSV file has %q\nin %q", err, rows, shown["sql 1"])
	}
}

// A file of readings from elsewhere has escape bytes in its header and its values.
func TestFileOfReadingsIsShownWithoutItsEscapes(t *testing.T) {
	const red = "\x1b[31m"
	file := filepath.Join(t.TempDir(), "queues.csv")
	if err := os.WriteFile(file, []byte("post,time,trucks,"+red+"\nPL-18-MEDYKA,2026-07-01T00:00:00Z,"+red+",1\n"+red+",2026-07-01T00:00:00Z,1,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mapping := filepath.Join(t.TempDir(), "map.yaml")
	if err := os.WriteFile(mapping, []byte("source: /mine\ncolumns: {bcp: post, time: time, vehicles: trucks}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"source", "try", file},
		{"source", "try", file, "--map", mapping},
		{"import", "readings", file, "--map", mapping, "--data", filepath.Join(t.TempDir(), "data")},
	} {
		var out, errs strings.Builder
		run(t.Context(), append(args, "--places", "poland-ukraine"), strings.NewReader(""), &out, &errs, os.Environ())
		if all := out.String() + errs.String(); strings.Contains(all, "\x1b") || !strings.Contains(all, `\x1b[31m`) {
			t.Errorf("%q prints %q", args, all)
		}
	}
}
