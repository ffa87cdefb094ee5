package broker_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dwell/deploy/embedded/broker/brokertest"
)

// otherDigit makes a digit of a file another one, so that the file is JSON as before. It reports whether there is a digit.
func otherDigit(t *testing.T, file string, at int) bool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if text[at] < '0' || text[at] > '9' {
		return false
	}
	text[at] = '1' + (text[at]-'0'+1)%9
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return true
}

// After an ordered stop, each digit of what the broker keeps of a partition is made another one. The partition has its ten records after the
// next start, which says what it found.
func TestOtherDigitInASnapshotIsSaidAndHarmless(t *testing.T) {
	whole := stopped(t)
	snapshot := func(dir string) string { return filepath.Join(dir, "partitions", topic+"-0", "snapshot.json") }
	text, err := os.ReadFile(snapshot(whole))
	if err != nil {
		t.Fatal(err)
	}
	for at := range text {
		dir := copyOf(t, whole)
		if !otherDigit(t, snapshot(dir), at) {
			continue
		}
		t.Run(fmt.Sprint("byte ", at), func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			withBroker(t, dir, &log, func(addr string) { read(t, addr, 0, 10) })
			if strings.Count(log.String(), "when it stopped is damaged") != 1 || strings.Contains(log.String(), "level=ERROR") {
				t.Errorf("log:\n%s", log.String())
			}
		})
	}
}

// A digit in the list of topics is another one, which may be a topic with fewer partitions: the start is refused, names the file and leaves
// the folder as it is, until the file is put back, or somebody says that it is right.
func TestOtherDigitInTheListOfTopicsIsRefused(t *testing.T) {
	whole := stopped(t)
	text, err := os.ReadFile(filepath.Join(whole, "topics.json"))
	if err != nil {
		t.Fatal(err)
	}
	for at := range text {
		dir := copyOf(t, whole)
		file := filepath.Join(dir, "topics.json")
		if !otherDigit(t, file, at) {
			continue
		}
		was := filesOf(t, dir)
		for range 2 {
			err := startOn(t, dir, discard)
			if wantLine(t, err, fmt.Sprintf("%q", file)); err != nil && !strings.Contains(err.Error(), "sums.json") && !strings.Contains(err.Error(), "is damaged") {
				t.Errorf("byte %d: the way out is missing in %v", at, err)
			}
			if now := filesOf(t, dir); now != was {
				t.Errorf("byte %d: the folder was\n%s\nand is\n%s", at, was, now)
			}
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := startOn(t, dir, discard); err != nil {
			t.Errorf("byte %d: with the file put back: %v", at, err)
		}
	}
}

// While it runs the broker has no sums, since kfake may change its files: after a kill nothing is refused that is right.
func TestSumsAreOfAnOrderedStopAlone(t *testing.T) {
	dir := stopped(t)
	sums := filepath.Join(dir, "sums.json")
	if _, err := os.Stat(sums); err != nil {
		t.Fatal(err)
	}
	_, stop := brokertest.StartStop(t, brokertest.DataDir(dir), brokertest.Topic("another", 3))
	if _, err := os.Stat(sums); !os.IsNotExist(err) {
		t.Errorf("while the broker runs: %v", err)
	}
	killed := copyOf(t, dir)
	stop()
	for name, folder := range map[string]string{"killed": killed, "stopped": dir} {
		var log bytes.Buffer
		if err := startOn(t, folder, slog.New(slog.NewTextHandler(&log, nil))); err != nil || strings.Contains(log.String(), "damaged") {
			t.Errorf("%s: %v\n%s", name, err, log.String())
		}
	}
}
