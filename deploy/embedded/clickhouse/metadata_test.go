package clickhouse_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dwell/deploy/embedded/clickhouse"
	"dwell/deploy/embedded/clickhouse/clickhousetest"
)

// TestLostDefinitionIsNamed removes or changes a file without which the engine would not find rows, and would say nothing of it.
func TestLostDefinitionIsNamed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	engine := clickhousetest.Open(t, dir)
	for _, statement := range []string{
		"CREATE DATABASE dwell", "CREATE TABLE dwell.t (x UInt64) ENGINE = MergeTree ORDER BY x", "INSERT INTO dwell.t VALUES (1)",
		"CREATE VIEW dwell.v AS SELECT x FROM dwell.t",
	} {
		ask(t, engine.Server, nil, statement)
	}
	engine.Stop(t)
	remove := func([]byte) []byte { return nil }
	bit := func(text []byte) []byte { text[30] ^= 1; return text } // of the UUID
	empty := func(text []byte) []byte { return text[:0] }
	cut := func(text []byte) []byte { return text[:len(text)*2/3] }
	for _, story := range []struct {
		how, file string
		damage    func([]byte) []byte
		unlisted  bool
	}{
		{"gone", "metadata/dwell.sql", remove, false},
		{"gone, no list", "metadata/dwell.sql", remove, true},
		{"a bit", "metadata/dwell.sql", bit, false},
		{"a bit, no list", "metadata/dwell.sql", bit, true},
		{"empty", "metadata/dwell.sql", empty, false},
		{"cut", "metadata/dwell.sql", cut, false},
		{"gone", "metadata/dwell/t.sql", remove, false},
		{"gone, no list", "metadata/dwell/t.sql", remove, true},
		{"a bit", "metadata/dwell/t.sql", bit, false},
		{"empty", "metadata/dwell/t.sql", empty, true},
		{"cut", "metadata/dwell/t.sql", cut, false},
		{"gone", "metadata/dwell/v.sql", remove, false},
		{"cut, no list", "metadata/dwell/v.sql", cut, true},
	} {
		t.Run(story.file+" "+story.how, func(t *testing.T) {
			copied := filepath.Join(t.TempDir(), "data")
			if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			if story.unlisted {
				if err := os.Remove(filepath.Join(copied, "parts.json")); err != nil {
					t.Fatal(err)
				}
			}
			file := filepath.Join(copied, story.file)
			text, err := os.ReadFile(file)
			if err == nil {
				if text = story.damage(text); text == nil {
					err = os.Remove(file)
				} else {
					err = os.WriteFile(file, text, 0o600)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second start finds it as it was
				err = refusedStart(t, copied)
				if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", file)) || !strings.Contains(err.Error(), "put it back from a copy") || strings.Contains(err.Error(), "\n") {
					t.Errorf("%v", err)
				}
			}
		})
	}
}

// refusedStart is why an engine does not start on the folder.
func refusedStart(t *testing.T, dir string) error {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := clickhouse.CreatePassword(clickhousetest.PasswordFile(dir)); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	child := clickhouse.NewChild([]string{exe}, []string{clickhousetest.DataVariable + "=" + dir}, os.Stderr)
	go func() {
		select {
		case <-child.Ready():
			stop()
		case <-ctx.Done():
		}
	}()
	return child.Run(ctx)
}

// TestTableThatCannotBeOpenedIsNamed damages a file that only the engine can judge.
func TestTableThatCannotBeOpenedIsNamed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	engine := clickhousetest.Open(t, dir)
	ask(t, engine.Server, nil, "CREATE TABLE t (x UInt64) ENGINE = MergeTree ORDER BY x")
	ask(t, engine.Server, nil, "INSERT INTO t VALUES (1)")
	file := filepath.Join(partOf(t, engine.Server, "t"), "..", "format_version.txt")
	engine.Stop(t)
	if err := os.WriteFile(file, []byte("0"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := refusedStart(t, dir); err == nil || !strings.Contains(err.Error(), `/t.sql" defines`) || !strings.Contains(err.Error(), "restore the data folder from a copy") {
		t.Errorf("%v", err)
	}
}
