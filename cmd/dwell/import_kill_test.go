package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A year of queue readings, in which the border closes now and then, is imported into an empty data folder. The program is killed with its
// Kafka and ClickHouse in three of four tries, each time further into the file. In the end folder and log have what one import without a
// kill gives: every reading and every closing once, and of three imports is said that they were interrupted.
func TestImportThatIsKilledIsFinishedByTheNext(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts dwell seven times, and the race detector sees as much in TestImports")
	}
	const lines = 60_000
	var file bytes.Buffer
	file.WriteString("post,at,trucks,shut\n")
	at := time.Date(2025, 1, 5, 0, 0, 0, 0, time.UTC)
	for i := range lines {
		shut := 0
		if i/100%7 == 6 {
			shut = 1
		}
		_, _ = fmt.Fprintf(&file, "AF-NAN-TORKHAM,%s,%d,%d\n", at.Add(time.Duration(i)*8*time.Minute).Format(time.RFC3339), i%83, shut)
	}
	dir := t.TempDir()
	mapping := filepath.Join(dir, "map.yaml")
	if err := os.WriteFile(mapping, []byte("source: /ministry\ncolumns: {bcp: post, time: at, vehicles: trucks, closed: shut}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	killed, whole := filepath.Join(dir, "killed"), filepath.Join(dir, "whole")
	for tries := 1; tries <= 3; tries++ {
		cmd := dwell(t, "import", "readings", "-", "--map", mapping, "--data", killed)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		var output bytes.Buffer
		cmd.Stdout, cmd.Stderr = &output, &output
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		text := bufio.NewReader(bytes.NewReader(file.Bytes()))
		for range tries * 17_000 {
			line, err := text.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(in, line); err != nil {
				t.Fatalf("%v\n%s", err, output.String())
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = in.Close()
		_ = cmd.Wait()
	}
	says := func(args ...string) string {
		t.Helper()
		cmd := dwell(t, args...)
		if args[0] == "import" {
			cmd.Stdin = bytes.NewReader(file.Bytes())
		}
		text, err := cmd.Output()
		if err != nil {
			t.Fatalf("dwell %s: %v\n%s", args[0], err, text)
		}
		return string(text)
	}
	for _, data := range []string{killed, whole} {
		says("import", "readings", "-", "--map", mapping, "--data", data, "--wait")
	}
	for _, query := range []string{
		"SELECT count(), uniqExact(time), sum(vehicles), sum(cityHash64(time, vehicles)) FROM readings FINAL",
		"SELECT count(), sum(cityHash64(time, type)) FROM (SELECT DISTINCT type, time FROM events FINAL WHERE type LIKE 'bcp.%')",
	} {
		got, want := says("sql", query, "--data", killed), says("sql", query, "--data", whole)
		if got != want {
			t.Errorf("%s\nafter kills: %swithout:     %s", query, got, want)
		}
		t.Log(query, want)
	}
	if list := says("imports", "list", "--data", killed); strings.Count(list, "interrupted") != 3 {
		t.Errorf("imports after three kills:\n%s", list)
	}
}
