package broker_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

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

// dwell is put back to an earlier version, which knows nothing of sums, and then forward again. The earlier one has written the list of topics
// in another order. In a container all of them have the same process id.
func TestSumsOfAStopBeforeAnEarlierVersionAreNotCompared(t *testing.T) {
	dir := stopped(t)
	file := filepath.Join(dir, "topics.json")
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, append(text, '\n'), 0o600)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "lock"), fmt.Appendln(nil, os.Getpid()), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	if values := strings.Join(valuesAfterStart(t, dir, &log), " "); values != "0 1 2 3 4 5 6 7 8 9 x" {
		t.Errorf("the log has %s", values)
	}
	said := "are of a stop before the last one\" component=embedded-broker file=" + filepath.Join(dir, "sums.json") + "\n"
	if strings.Count(log.String(), said) != 1 || strings.Contains(log.String(), "level=WARN") {
		t.Errorf("log:\n%s", log.String())
	}
	if otherDigit(t, file, bytes.Index(text, []byte(`"partitions":`))+len(`"partitions":`)); startOn(t, dir, discard) == nil {
		t.Error("after the next stop a digit in the list of topics is not noticed")
	}
}

// A digit of the sums themselves is another one: the start says so, and refuses nothing that is right.
func TestOtherDigitInTheSumsIsSaid(t *testing.T) {
	dir := stopped(t)
	sums := filepath.Join(dir, "sums.json")
	text, err := os.ReadFile(sums)
	if err != nil {
		t.Fatal(err)
	}
	otherDigit(t, sums, bytes.IndexAny(text, "0123456789"))
	var log bytes.Buffer
	if err := startOn(t, dir, slog.New(slog.NewTextHandler(&log, nil))); err != nil || strings.Count(log.String(), "level=WARN") != 1 || !strings.Contains(log.String(), "the sums of the broker's files are damaged") {
		t.Errorf("%v\n%s", err, log.String())
	}
}

// A start ends before the log is opened, since something is in the place of a file. The files are compared at the next start.
func TestSumsOutliveAStartThatFails(t *testing.T) {
	dir := stopped(t)
	folder := filepath.Join(dir, "partitions", topic+"-0", "10.dat")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	wantLine(t, startOn(t, dir, discard), "10.dat")
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "topics.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	otherDigit(t, file, bytes.Index(text, []byte(`"partitions":`))+len(`"partitions":`))
	wantLine(t, startOn(t, dir, discard), fmt.Sprintf("%q is not what it was", file))
}

// The broker stops in the middle of a gate's transaction, and what it kept of it is gone or damaged. The transaction is aborted, so that
// consumers read what comes behind it.
func TestLostSessionsAbortWhatWasOpen(t *testing.T) {
	commit := kgo.TryCommit
	whole := t.TempDir()
	addr, stop := brokertest.StartStop(t, brokertest.DataDir(whole), brokertest.Topic(topic, 2))
	sends(t, addr, &commit, "T1 in")
	sends(t, addr, nil, "T2 in")
	stop()
	for name, spoil := range map[string]func(file string) error{
		"gone":     os.Remove,
		"cut":      func(file string) error { return os.Truncate(file, 9) },
		"replaced": func(file string) error { return os.WriteFile(file, []byte(`{}`), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := copyOf(t, whole)
			file := filepath.Join(dir, "session_state.json")
			if err := spoil(file); err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			var got []string
			withBroker(t, dir, &log, func(addr string) { got = committedValues(t, addr) })
			if want := []string{"T1 in"}; !slices.Equal(got, want) {
				t.Errorf("a consumer reads %q, want %q", got, want)
			}
			if strings.Count(log.String(), "when it stopped is damaged or gone") != 1 || !strings.Contains(log.String(), "file="+file) {
				t.Errorf("log:\n%s", log.String())
			}
		})
	}
}
