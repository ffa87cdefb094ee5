package clickhouse_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"dwell/deploy/embedded/clickhouse"
)

// TestDamagedListOfPartsIsSaid damages the list without which a part that is gone is not missed. The start goes on with a line in the log,
// and without one where the list is whole or missing, as after a statement that took parts away.
func TestDamagedListOfPartsIsSaid(t *testing.T) {
	whole := func(file string) error { return clickhouse.WriteList(file, "[]") }
	for how, c := range map[string]struct {
		make func(file string) error
		says string
	}{
		"whole":   {whole, ""},
		"missing": {func(string) error { return nil }, ""},
		"cut":     {func(file string) error { return clickhouse.WriteList(file, `[{"database":"dwell","na`) }, "unexpected end of JSON input"},
		"empty":   {func(file string) error { return clickhouse.WriteList(file, "") }, "unexpected end of JSON input"},
		"a FIFO":  {func(file string) error { return syscall.Mkfifo(file, 0o600) }, "is not a regular file (prw-------)"},
	} {
		t.Run(how, func(t *testing.T) {
			dir := t.TempDir()
			var log bytes.Buffer
			prepare := func() {
				t.Helper()
				if _, err := clickhouse.Prepare(dir, false, slog.New(slog.NewTextHandler(&log, nil))); err != nil {
					t.Fatal(err)
				}
			}
			prepare() // a folder of a version that keeps a list
			if err := c.make(filepath.Join(dir, "parts.json")); err != nil {
				t.Fatal(err)
			}
			prepare()
			prepare() // and the next one finds no list
			lines := 1
			if c.says == "" {
				lines = 0
			}
			if strings.Count(log.String(), "level=WARN") != lines || !strings.Contains(log.String(), c.says) {
				t.Errorf("log %q, want %d lines with %q", log.String(), lines, c.says)
			}
		})
	}
}

// TestListOfPartsIsWrittenInPlaceOfWhatIsThere, be it what a killed process left.
func TestListOfPartsIsWrittenInPlaceOfWhatIsThere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "parts.json")
	if err := syscall.Mkfifo(file+".tmp", 0o600); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"[]", "[ ]"} {
		if err := clickhouse.WriteList(file, text); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != text {
			t.Errorf("%q, %v, want %q", got, err, text)
		}
	}
}
