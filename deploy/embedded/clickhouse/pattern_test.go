package clickhouse_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
)

// TestFolderWithTheNameOfAPattern damages a data folder that has the name "[x]", as others are damaged, and finds the same there.
func TestFolderWithTheNameOfAPattern(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "[x]")
	engine := clickhousetest.Open(t, dir)
	ask(t, engine.Server, nil, "CREATE DATABASE dwell")
	for _, table := range []string{"cut", "gone"} {
		ask(t, engine.Server, nil, "CREATE TABLE dwell."+table+" (x UInt64) ENGINE = MergeTree ORDER BY x")
		ask(t, engine.Server, nil, "INSERT INTO dwell."+table+" SELECT number FROM numbers(100)")
	}
	cut, gone := partOf(t, engine.Server, "cut"), strings.TrimSuffix(partOf(t, engine.Server, "gone"), "/")
	engine.Stop(t)
	cutPart(t, cut)
	if err := os.WriteFile(filepath.Join(dir, "disk-was-full"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	away := filepath.Join(t.TempDir(), "away")
	if err := os.Rename(gone, away); err != nil {
		t.Fatal(err)
	}

	engine = clickhousetest.Open(t, dir)
	const aside = "SELECT table, name FROM system.detached_parts ORDER BY table"
	if got, want := ask(t, engine.Server, nil, aside), "cut\tunwritten_all_1_1_0\ngone\tbroken-gone_all_1_1_0\n"; got != want {
		t.Errorf("set aside are %q, want %q", got, want)
	}
	engine.Stop(t)
	if err := os.Rename(away, gone); err != nil {
		t.Fatal(err)
	}
	engine = clickhousetest.Open(t, dir)
	if got, want := ask(t, engine.Server, nil, aside), "cut\tunwritten_all_1_1_0\n"; got != want {
		t.Errorf("with the part put back set aside are %q, want %q", got, want)
	}
	engine.Stop(t)

	if err := os.Remove(filepath.Join(dir, "parts.json")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "metadata", "dwell", "gone.sql")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := refusedStart(t, dir); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", file)) {
		t.Errorf("without a definition: %v", err)
	}
}
