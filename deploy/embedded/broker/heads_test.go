package broker_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"dwell/deploy/embedded/broker"
	"dwell/deploy/embedded/broker/brokertest"
)

// TestFlipInAHeadOfABatchIsMendedOrSaid flips a bit of each byte of the head of the first, a middle and the last batch of a log. What the
// CRC does not cover has one right value, so nothing is lost. Otherwise the log says which records are, and no others are.
func TestFlipInAHeadOfABatchIsMendedOrSaid(t *testing.T) {
	const batches, records, head = 3, 10, 61
	whole := t.TempDir()
	addr, stop := brokertest.StartStop(t, brokertest.DataDir(whole), brokertest.Topic(topic, 1))
	for i := range batches {
		write(t, addr, 0, records*i, records)
	}
	stop()
	starts := batchStarts(t, segment(whole))
	if len(starts) != batches {
		t.Fatalf("the batches begin at %v", starts)
	}
	for which, start := range starts {
		t.Run(fmt.Sprint("batch ", which), func(t *testing.T) {
			for at := range head {
				t.Run(fmt.Sprint("byte ", at), func(t *testing.T) {
					t.Parallel()
					dir := copyOf(t, whole)
					flip(t, segment(dir), start+at, 1<<(at%8))
					if at == 0 {
						flip(t, segment(dir), start, 1<<6)
					}
					var log bytes.Buffer
					values := valuesAfterStart(t, dir, &log)
					covered := at >= 17
					left := batches * records
					if covered {
						left = which * records
					}
					var want []string
					for i := range left {
						want = append(want, strconv.Itoa(i))
					}
					if !slices.Equal(values, append(want, "x")) {
						t.Errorf("the log has %v, want %v and x", values, want)
					}
					said := fmt.Sprintf("first=%d last=%d records=%d\n", left, batches*records-1, batches*records-left)
					mended := fmt.Sprintf("file=%s byte=%d offset=%d ", segment(dir), start, which*records)
					if epoch := at >= 12 && at < 16; epoch { // nobody reads it
						return
					}
					if text := log.String(); strings.Contains(text, said) != covered || strings.Contains(text, mended) == covered {
						t.Errorf("log:\n%s", text)
					}
				})
			}
		})
	}
}

// batchesOfOne is a data folder whose log has so many batches of one record, and where each begins.
func batchesOfOne(t *testing.T, batches int) (dir string, starts []int) {
	t.Helper()
	dir = t.TempDir()
	addr, stop := brokertest.StartStop(t, brokertest.DataDir(dir), brokertest.Topic(topic, 1))
	for i := range batches {
		write(t, addr, 0, i, 1)
	}
	stop()
	if starts = batchStarts(t, segment(dir)); len(starts) != batches {
		t.Fatalf("the batches begin at %v", starts)
	}
	return dir, starts
}

// TestOffsetsThatNothingSaysAreWrongStay takes batches out of a log, as where a topic was compacted once, or where records in the middle and at
// the end are lost. The offsets of the others are what they were, and the log says what it found.
func TestOffsetsThatNothingSaysAreWrongStay(t *testing.T) {
	const batches = 6
	whole, starts := batchesOfOne(t, batches)
	for name, story := range map[string]struct {
		left []int
		said string
		next int64 // the offset of the next record, behind a batch that says what is lost at the end, if something is
	}{
		"nothing is gone":                        {[]int{0, 1, 2, 3, 4, 5}, "", 6},
		"gaps on both sides of a batch":          {[]int{0, 2, 4, 5}, "offset=2 expected=1", 6},
		"a gap, and the end":                     {[]int{0, 1, 3}, "offset=3 expected=2", 7},
		"a gap before batches that fit together": {[]int{0, 3, 4, 5}, "first=1 last=2", 6},
		"a gap before the last batch":            {[]int{0, 1, 2, 3, 5}, "first=4 last=4", 6},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copyOf(t, whole)
			text, err := os.ReadFile(segment(dir))
			if err != nil {
				t.Fatal(err)
			}
			var kept []byte
			var want []string
			for _, i := range story.left {
				kept = append(kept, text[starts[i]:append(starts, len(text))[i+1]]...)
				want = append(want, fmt.Sprint(i, ":", i))
			}
			if err := os.WriteFile(segment(dir), kept, 0o600); err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			var got []string
			withBroker(t, dir, &log, func(addr string) {
				for _, r := range recordsUpTo(t, addr, produced(t, addr, 0)) {
					got = append(got, fmt.Sprint(r.Offset, ":", string(r.Value)))
				}
			})
			if want = append(want, fmt.Sprint(story.next, ":x")); !slices.Equal(got, want) {
				t.Errorf("offsets and records are %q, want %q", got, want)
			}
			if text := log.String(); !strings.Contains(text, story.said) || strings.Contains(text, "no record is lost") || story.said == "" && strings.Contains(text, "file="+segment(dir)) {
				t.Errorf("log:\n%s", text)
			}
		})
	}
}

// TestFlipInAMarkLosesNothing flips each bit of the mark of a log that is whole. The log says that the mark is damaged, and goes on at its end.
func TestFlipInAMarkLosesNothing(t *testing.T) {
	whole := stopped(t)
	mark := func(dir string) string { return filepath.Join(dir, "marks", topic+".ends") }
	for bit := range 64 {
		t.Run(fmt.Sprint("bit ", bit), func(t *testing.T) {
			t.Parallel()
			dir := copyOf(t, whole)
			flip(t, mark(dir), bit/8, 1<<(bit%8))
			var log bytes.Buffer
			if values := valuesAfterStart(t, dir, &log); strings.Join(values, " ") != "0 1 2 3 4 5 6 7 8 9 x" {
				t.Errorf("the log has %v", values)
			}
			if text := log.String(); strings.Count(text, "file="+mark(dir)+" topic="+topic+" partition=0\n") != 1 || strings.Contains(text, "lost records") {
				t.Errorf("log:\n%s", text)
			}
		})
	}
}

// TestMarkOfAnEarlierVersionHolds, which has no check.
func TestMarkOfAnEarlierVersionHolds(t *testing.T) {
	dir := stopped(t)
	if err := os.WriteFile(filepath.Join(dir, "marks", topic+".ends"), binary.LittleEndian.AppendUint64(nil, 12), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	if values := valuesAfterStart(t, dir, &log); strings.Join(values, " ") != "0 1 2 3 4 5 6 7 8 9 x" || !strings.Contains(log.String(), "first=10 last=11 records=2\n") {
		t.Errorf("the log has %v:\n%s", values, log.String())
	}
}

func segment(dir string) string { return filepath.Join(dir, "partitions", topic+"-0", "0.dat") }

// batchStarts are the places of the batches in a file.
func batchStarts(t *testing.T, file string) (starts []int) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(text); at += 12 + int(binary.BigEndian.Uint32(text[at+8:])) {
		starts = append(starts, at)
	}
	return starts
}

func flip(t *testing.T, file string, at int, bits byte) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		text[at] ^= bits
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// valuesAfterStart starts a broker that logs, appends "x" to partition 0, and reads all that the partition has.
func valuesAfterStart(t *testing.T, dir string, log *bytes.Buffer) (values []string) {
	t.Helper()
	withBroker(t, dir, log, func(addr string) { values = valuesUpTo(t, addr, produced(t, addr, 0)) })
	return values
}

// withBroker starts a broker that logs, and stops it after use.
func withBroker(t *testing.T, dir string, log *bytes.Buffer, use func(addr string)) {
	t.Helper()
	b, err := broker.New(broker.Config{DataDir: dir}, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	addr, err := b.Addr(ctx)
	if err == nil {
		use(addr)
	}
	cancel()
	if err := errors.Join(err, <-done); err != nil {
		t.Fatal(err)
	}
}

// valuesUpTo are those of partition 0 that a consumer is given, up to an offset.
func valuesUpTo(t *testing.T, addr string, last int64) (values []string) {
	t.Helper()
	for _, r := range recordsUpTo(t, addr, last) {
		values = append(values, string(r.Value))
	}
	return values
}

func recordsUpTo(t *testing.T, addr string, last int64) (records []*kgo.Record) {
	t.Helper()
	first := kgo.NewOffset().AtStart()
	c, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: first}}))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for {
		fetched := c.PollFetches(t.Context())
		if err := fetched.Err(); err != nil {
			t.Fatal(err)
		}
		for _, r := range fetched.Records() {
			if records = append(records, r); r.Offset == last {
				return records
			}
		}
	}
}
