package main

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"dwell/cmd/dwell/app"
	"dwell/deploy/embedded/broker"
	"dwell/deploy/embedded/broker/brokertest"
)

// TestLogOfAnotherHistoryIsNotCountedInSilence gives the tables a log that they were not counted from. Nothing of it is counted until somebody
// accepts it; then each of its trucks is, in addition to those of the tables.
func TestLogOfAnotherHistoryIsNotCountedInSilence(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector sees as much in the tests of ingest/kafka")
	}
	const counted = 300
	for _, story := range []struct {
		name  string
		other func(t *testing.T, o *outpost, ends []int64)
	}{
		{name: "longer", other: func(t *testing.T, o *outpost, _ []int64) { o.begin(t, nil, 2*counted) }},
		{name: "shorter, behind a gap", other: func(t *testing.T, o *outpost, ends []int64) { o.begin(t, ends, 40) }},
		{name: "of another partition", other: func(t *testing.T, o *outpost, _ []int64) { o.exchange(t) }},
	} {
		t.Run(story.name, func(t *testing.T) {
			o := newOutpost(t)
			c, stop := o.serve(t)
			until(t, "the process is ready", func() bool { return c.ready(t) })
			for range 5 {
				o.arrive(t, c, counted/10)
			}
			o.untilCounted(t, c, "at first")
			err := c.CaughtUp(t.Context(), func(int64) {}) // the trucks are shown before they are stored
			if err != nil {
				t.Fatal(err)
			}
			ends, err := c.Store.LeastEnds(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			stop()

			story.other(t, o, ends)
			c, stop = o.serve(t)
			says := "it is not"
			until(t, "each partition says that its log is another one", func() bool {
				var code int
				code, says = c.get(t, "/readyz")
				return code == http.StatusServiceUnavailable && strings.Count(says, "the log is not the one that was counted up to offset ") == o.partitions
			})
			for p := range o.partitions {
				if way := "in addition: dwell log accept --partition " + strconv.Itoa(p) + "\n"; !strings.Contains(says, way) {
					t.Errorf("/readyz does not say %q:\n%s", way, says)
				}
			}
			for p, end := range ends {
				if progress, err := c.Store.Progress(t.Context(), p); err != nil || progress.Offset != end {
					t.Errorf("partition %d is counted up to %d, %v, want %d", p, progress.Offset, err, end)
				}
			}
			for p := range o.partitions {
				o.run(t, "log", "accept", "--partition", strconv.Itoa(p))
			}
			o.untilCounted(t, c, "after it was accepted")
			until(t, "the process is ready", func() bool { return c.ready(t) })
			o.wantNoDifference(t, c)
			stop()
			c, _ = o.serve(t)
			until(t, "the process is ready after another start", func() bool { return c.ready(t) })
			o.arrive(t, c, 10)
			o.untilCounted(t, c, "in the end")
		})
	}
}

// begin begins the broker's log anew, with other trucks. It goes on behind ends.
func (o *outpost) begin(t *testing.T, ends []int64, trucks int) {
	t.Helper()
	o.stopKafka()
	o.log = t.TempDir()
	o.stopKafka = o.startKafka()
	s, err := app.Start(t.Context(), o.cfg, app.All, io.Discard, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	o.arrive(t, counter{s}, trucks/2)
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if ends == nil {
		return
	}
	o.stopKafka()
	_, stop := brokertest.StartStop(t, brokertest.DataDir(o.log), func(c *broker.Config) {
		c.Topics = []broker.Topic{{Name: o.cfg.Kafka.Topic, Partitions: o.partitions, LeastEnds: ends}}
	})
	stop()
	o.stopKafka = o.startKafka()
}

// exchange gives each partition the log of its neighbour.
func (o *outpost) exchange(t *testing.T) {
	t.Helper()
	o.stopKafka()
	dir := func(p int) string {
		return filepath.Join(o.log, "partitions", o.cfg.Kafka.Topic+"-"+strconv.Itoa(p))
	}
	for p := 0; p < o.partitions; p += 2 {
		err := errors.Join(os.Rename(dir(p), dir(p)+".was"), os.Rename(dir(p+1), dir(p)), os.Rename(dir(p)+".was", dir(p+1)))
		if err != nil {
			t.Fatal(err)
		}
	}
	o.stopKafka = o.startKafka()
}
