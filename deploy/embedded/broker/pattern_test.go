package broker_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The data folder of the crossing with the name "[x]" is damaged as others are, and what is found there is the same.
func TestFolderWithTheNameOfAPattern(t *testing.T) {
	whole := stopped(t)
	named := func(t *testing.T) string {
		t.Helper()
		dir := filepath.Join(t.TempDir(), "[x]")
		if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	t.Run("head of a batch", func(t *testing.T) {
		dir := named(t)
		flip(t, segment(dir), 5, 1)
		var log bytes.Buffer
		values := valuesAfterStart(t, dir, &log)
		if got := strings.Join(values, " "); got != "0 1 2 3 4 5 6 7 8 9 x" || strings.Count(log.String(), " byte=0 offset=0 ") != 1 {
			t.Errorf("the log has %q:\n%s", got, log.String())
		}
	})
	t.Run("beginning of the log", func(t *testing.T) {
		dir := named(t)
		if err := os.Rename(segment(dir), filepath.Join(filepath.Dir(segment(dir)), "5.dat")); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		if err := startOn(t, dir, slog.New(slog.NewTextHandler(&log, nil))); err != nil || !strings.Contains(log.String(), "first=0 last=4 records=5\n") {
			t.Errorf("%v:\n%s", err, log.String())
		}
	})
	t.Run("list of topics", func(t *testing.T) {
		dir := named(t)
		if err := startOn(t, dir, discard); err != nil { // its stop is what the next start compares with
			t.Fatal(err)
		}
		file := filepath.Join(dir, "topics.json")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !otherDigit(t, file, bytes.Index(text, []byte(`"partitions":1`))+len(`"partitions":`)) {
			t.Fatalf("%s", text)
		}
		wantLine(t, startOn(t, dir, discard), fmt.Sprintf("%q", file))
	})
	t.Run("snapshots", func(t *testing.T) {
		dir := named(t)
		withBroker(t, dir, &bytes.Buffer{}, func(string) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(segment(dir)), "snapshot.json")); !os.IsNotExist(err) {
				t.Errorf("while the broker runs: %v", err)
			}
		})
	})
}
