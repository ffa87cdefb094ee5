package broker_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"dwell/deploy/embedded/broker/brokertest"
)

// A gate commits a truck, aborts one, and commits another. The broker is killed, and a bit of the index is flipped, or the index is cut or gone.
// A consumer reads what it read before, and the log says that the index was put right.
func TestFlipInAnIndexShowsNoAbortedRecord(t *testing.T) {
	commit, abort := kgo.TryCommit, kgo.TryAbort
	whole := t.TempDir()
	addr, stop := brokertest.StartStop(t, brokertest.DataDir(whole), brokertest.Topic(topic, 1))
	sends(t, addr, &commit, "T1 in")
	sends(t, addr, &abort, "T2 in", "T2 out")
	sends(t, addr, &commit, "T3 in")
	stop()
	snapshots, err := filepath.Glob(filepath.Join(whole, "partitions", "*", "snapshot.json"))
	if err != nil || len(snapshots) == 0 {
		t.Fatal(snapshots, err)
	}
	for _, snapshot := range snapshots { // as after a kill, when the index says what was aborted
		if err := os.Remove(snapshot); err != nil {
			t.Fatal(err)
		}
	}
	index := func(dir string) string { return strings.TrimSuffix(segment(dir), ".dat") + ".idx" }
	text, err := os.ReadFile(index(whole))
	if err != nil {
		t.Fatal(err)
	}
	after := func(t *testing.T, spoil func(dir string), says bool) {
		t.Helper()
		t.Parallel()
		dir := copyOf(t, whole)
		spoil(dir)
		var log bytes.Buffer
		var got []string
		withBroker(t, dir, &log, func(addr string) { got = committedValues(t, addr) })
		if want := []string{"T1 in", "T3 in"}; !slices.Equal(got, want) {
			t.Errorf("a consumer reads %q, want %q", got, want)
		}
		if said := strings.Contains(log.String(), "the index of a file of the log was damaged"); said != says {
			t.Errorf("log:\n%s", log.String())
		}
	}
	for at := range text {
		t.Run(fmt.Sprint("byte ", at), func(t *testing.T) {
			// The first byte of an entry is its version, which nobody reads.
			after(t, func(dir string) { flip(t, index(dir), at, 1<<(at%8)) }, at%15 != 0)
		})
	}
	t.Run("cut", func(t *testing.T) {
		after(t, func(dir string) {
			if err := os.Truncate(index(dir), int64(len(text)/2)); err != nil {
				t.Fatal(err)
			}
		}, true)
	})
	t.Run("gone", func(t *testing.T) {
		after(t, func(dir string) {
			if err := os.Remove(index(dir)); err != nil {
				t.Fatal(err)
			}
		}, true)
	})
	t.Run("whole", func(t *testing.T) { after(t, func(string) {}, false) })
}

// Behind the batches is damage that kfake cuts off: zeros, or a batch that does not fit to its CRC. No entry is made of it, and the log does
// not say that nothing is lost.
func TestIndexEndsWhereTheLogIsCut(t *testing.T) {
	const batches = 3
	whole, starts := batchesOfOne(t, batches)
	index := func(dir string) string { return strings.TrimSuffix(segment(dir), ".dat") + ".idx" }
	zeros := func(t *testing.T, dir string) {
		t.Helper()
		text, err := os.ReadFile(segment(dir))
		if err == nil {
			err = os.WriteFile(segment(dir), append(text, make([]byte, 4096)...), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	record := func(t *testing.T, dir string) { flip(t, segment(dir), starts[1]+65, 1) }
	for name, story := range map[string]struct {
		damage  func(t *testing.T, dir string)
		entries int64 // of the index that are left
		want    string
		said    string
	}{
		"zeros":                                {zeros, 3, "0 1 2 x", ""},
		"zeros, and an entry is lost":          {zeros, 2, "0 1 2 x", "entries=1"},
		"a record":                             {record, 3, "0 x", ""},
		"a record, and entries of it are lost": {record, 1, "0 x", ""},
		"a record, and the index is lost":      {record, 0, "0 x", "entries=1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := copyOf(t, whole)
			story.damage(t, dir)
			truncate(t, index(dir), 15*story.entries)
			var log bytes.Buffer
			if got := strings.Join(valuesAfterStart(t, dir, &log), " "); got != story.want {
				t.Errorf("the log has %q, want %q", got, story.want)
			}
			said := strings.Contains(log.String(), "the index of a file of the log was damaged")
			if said != (story.said != "") || !strings.Contains(log.String(), story.said) {
				t.Errorf("log:\n%s", log.String())
			}
		})
	}
}
