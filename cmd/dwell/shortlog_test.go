package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"dwell/metrics/audit"
)

// shorten cuts the log of each partition to half, while the broker is stopped. With old, it is one that never was longer, as where the
// whole folder was put back from an old copy.
func (o *outpost) shorten(t *testing.T, old bool) {
	t.Helper()
	o.stopKafka()
	for p := range o.partitions {
		dir := filepath.Join(o.log, "partitions", o.cfg.Kafka.Topic+"-"+strconv.Itoa(p))
		file := filepath.Join(dir, "0.dat")
		if old {
			keepFirst(t, dir)
		}
		info, err := os.Stat(file)
		if err == nil {
			err = os.Truncate(file, info.Size()/2)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if old {
		if err := os.RemoveAll(filepath.Join(o.log, "marks")); err != nil {
			t.Fatal(err)
		}
	}
	o.stopKafka = o.startKafka()
}

// keepFirst deletes all segments of a partition but the first.
func keepFirst(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "[1-9]*"))
	for _, file := range files {
		err = errors.Join(err, os.Remove(file))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// wantNoDifference runs the audit.
func (o *outpost) wantNoDifference(t *testing.T, c counter) {
	t.Helper()
	var out bytes.Buffer
	found, err := audit.Run(t.Context(), c.Store.Conn(), audit.Config{Database: c.Config.ClickHouse.Database, Places: c.Book.Places, EventsPerBucket: 1000}, &out)
	if err != nil || found.Differences > 0 {
		t.Errorf("audit: %v\n%s", err, out.String())
	}
}

// TestShortenedLogLosesNothingInSilence cuts the logs of all partitions after they were counted. The embedded broker goes on behind what
// it has given; with a broker that does not, counting waits until somebody accepts the loss. What is acknowledged after the loss is
// counted in both cases, once.
func TestShortenedLogLosesNothingInSilence(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector sees as much in the tests of ingest/kafka")
	}
	o := newOutpost(t)
	c, stop := o.serve(t)
	until(t, "the process is ready", func() bool { return c.ready(t) })
	for range 10 { // batches of some of the trucks
		o.arrive(t, c, 30)
	}
	o.untilCounted(t, c, "at first")
	stop()

	t.Log("the embedded broker's marks are there")
	o.shorten(t, false)
	c, stop = o.serve(t)
	o.arrive(t, c, 30)
	o.untilCounted(t, c, "after the first loss")
	until(t, "the process is ready", func() bool { return c.ready(t) })
	stop()

	t.Log("they are not")
	o.shorten(t, true)
	c, stop = o.serve(t)
	waiting := "it has lost records, and nothing is counted until: dwell log accept --partition "
	until(t, "each partition says that it has lost records", func() bool {
		code, text := c.get(t, "/readyz")
		_, metrics := c.get(t, "/metrics")
		return code == http.StatusServiceUnavailable && strings.Count(text, waiting) == o.partitions &&
			strings.Count(metrics, "\ndwell_shard_short_log_records{") == o.partitions
	})
	for range 40 { // past what was counted
		o.arrive(t, c, 30)
	}
	stop()
	c, _ = o.serve(t)
	until(t, "each partition still says so", func() bool {
		_, text := c.get(t, "/readyz")
		return strings.Count(text, waiting) == o.partitions
	})
	before := c.ofAPI(t).trucks()
	for p := range o.partitions {
		o.run(t, "log", "accept", "--partition", strconv.Itoa(p))
	}
	o.untilCounted(t, c, "after the second loss")
	until(t, "the process is ready", func() bool { return c.ready(t) })
	if before >= o.trucks {
		t.Errorf("%d trucks were counted before the loss was accepted", before)
	}
	if err := o.fails(t, "log", "accept", "--partition", "0"); !strings.Contains(err, "waits for nothing") {
		t.Errorf("the second time: %s", err)
	}
	if err, want := o.fails(t, "log", "accept", "--partition", strconv.Itoa(o.partitions)), fmt.Sprintf("has partitions 0 to %d", o.partitions-1); !strings.Contains(err, want) {
		t.Errorf("a partition that does not exist: %s", err)
	}
	o.wantNoDifference(t, c)
}

// run runs a command against the outpost.
func (o *outpost) run(t *testing.T, args ...string) {
	t.Helper()
	if code, out := o.command(t, args...); code != 0 {
		t.Fatalf("%v: %d\n%s", args, code, out)
	}
}

func (o *outpost) fails(t *testing.T, args ...string) string {
	t.Helper()
	code, out := o.command(t, args...)
	if code != 1 {
		t.Errorf("%v: %d", args, code)
	}
	return out
}

func (o *outpost) command(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	var text bytes.Buffer
	environ := []string{
		"DWELL_KAFKA_BROKERS=" + o.cfg.Kafka.Brokers[0], "DWELL_CLICKHOUSE_ADDRESSES=" + o.cfg.ClickHouse.Addresses[0],
		"DWELL_CLICKHOUSE_USER=" + o.cfg.ClickHouse.User, "DWELL_CLICKHOUSE_PASSWORD=" + o.cfg.ClickHouse.Password,
	}
	code = run(t.Context(), args, strings.NewReader(""), &text, &text, environ)
	return code, text.String()
}
