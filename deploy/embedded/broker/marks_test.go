package broker_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"dwell/deploy/embedded/broker"
	"dwell/deploy/embedded/broker/brokertest"
)

// TestNoOffsetIsGivenTwice damages the log of a partition in each way while the broker is stopped or killed, and appends.
func TestNoOffsetIsGivenTwice(t *testing.T) {
	const partition, n = 1, 3000
	for name, damage := range map[string]func(t *testing.T, dir string){
		"cut in the middle of a batch": func(t *testing.T, dir string) {
			truncate(t, filepath.Join(dir, "partitions", topic+"-1", "0.dat"), 20_000)
		},
		"cut to nothing": func(t *testing.T, dir string) {
			truncate(t, filepath.Join(dir, "partitions", topic+"-1", "0.dat"), 0)
		},
		"all files deleted": func(t *testing.T, dir string) {
			if err := os.RemoveAll(filepath.Join(dir, "partitions", topic+"-1")); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			addr, kill := child(t, dir)
			write(t, addr, partition, 0, n)
			kill()
			damage(t, dir)
			addr, stop := brokertest.StartStop(t, brokertest.DataDir(dir))
			first := produced(t, addr, partition)
			if first <= n-1 {
				t.Errorf("offset %d was given twice", first)
			}
			// The gap is there once, whatever comes after it.
			stop()
			addr = brokertest.Start(t, brokertest.DataDir(dir))
			if second := produced(t, addr, partition); second != first+1 {
				t.Errorf("the record after offset %d has offset %d", first, second)
			}
			values := readAll(t, addr, partition, first+2)
			if got := strings.Join(values[len(values)-2:], " "); got != "x x" {
				t.Errorf("the last records are %q", got)
			}
		})
	}
}

// TestTopicMadeAnewBeginsAtZero deletes a topic and makes it again.
func TestTopicMadeAnewBeginsAtZero(t *testing.T) {
	dir := t.TempDir()
	addr, stop := brokertest.StartStop(t, brokertest.DataDir(dir), brokertest.Topic(topic, 2))
	write(t, addr, 1, 0, 10)
	c := &kafka.Client{Addr: kafka.TCP(addr)}
	r, err := c.DeleteTopics(t.Context(), &kafka.DeleteTopicsRequest{Topics: []string{topic}})
	if err := errors.Join(err, r.Errors[topic]); err != nil {
		t.Fatal(err)
	}
	if err := create(t, addr, topic); err != nil {
		t.Fatal(err)
	}
	write(t, addr, 0, 0, 5)
	stop()
	addr = brokertest.Start(t, brokertest.DataDir(dir))
	read(t, addr, 0, 5)
}

func truncate(t *testing.T, file string, size int64) {
	t.Helper()
	if err := os.Truncate(file, size); err != nil {
		t.Fatal(err)
	}
}

// produced appends a record "x" and returns its offset.
func produced(t *testing.T, addr string, partition int) int64 {
	t.Helper()
	r, err := (&kafka.Client{Addr: kafka.TCP(addr)}).Produce(t.Context(), &kafka.ProduceRequest{
		Topic: topic, Partition: partition, RequiredAcks: kafka.RequireAll,
		Records: kafka.NewRecordReader(kafka.Record{Value: kafka.NewBytes([]byte("x"))}),
	})
	if err == nil {
		err = r.Error
	}
	if err != nil {
		t.Fatal(err)
	}
	return r.BaseOffset
}

// readAll reads a partition from its first record to the one before an offset.
func readAll(t *testing.T, addr string, partition int, end int64) (values []string) {
	t.Helper()
	r := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{addr}, Topic: topic, Partition: partition, MaxWait: 50 * time.Millisecond})
	defer func() { _ = r.Close() }()
	for {
		m, err := r.ReadMessage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, string(m.Value))
		if m.Offset == end-1 {
			return values
		}
	}
}

// TestHoleInTheLogIsNamedInIt damages a segment in the middle of a log, which kfake cuts there.
func TestHoleInTheLogIsNamedInIt(t *testing.T) {
	broker.SetSegmentBytes(t, 10_000)
	dir := t.TempDir()
	addr, stop := brokertest.StartStop(t, brokertest.DataDir(dir), brokertest.Topic(topic, 1))
	write(t, addr, 0, 0, 5000)
	stop()
	segments, err := filepath.Glob(filepath.Join(dir, "partitions", topic+"-0", "*.dat"))
	if err != nil || len(segments) < 3 {
		t.Fatalf("segments %v, %v", segments, err)
	}
	truncate(t, filepath.Join(dir, "partitions", topic+"-0", "0.dat"), 5_000)
	was := 0
	for range 2 { // the second start finds it repaired
		addr, stop = brokertest.StartStop(t, brokertest.DataDir(dir))
		defer stop()
		values := readAll(t, addr, 0, 5000)
		if len(values) == 0 || len(values) >= 5000 || values[len(values)-1] != "4999" {
			t.Errorf("%d records are left", len(values))
		}
		if n := produced(t, addr, 0); n < 5000 {
			t.Errorf("offset %d was given twice", n)
		}
		found, err := filepath.Glob(filepath.Join(dir, "partitions", topic+"-0", "*.dat"))
		if err != nil || was != 0 && len(found) != was {
			t.Errorf("there are %d segments, and were %d, %v", len(found), was, err)
		}
		was = len(found)
		stop()
	}
}

// TestFilesGoneFromTheBeginningAreNamed removes the first files of a log. Of a topic whose records the broker deletes, they may be gone.
func TestFilesGoneFromTheBeginningAreNamed(t *testing.T) {
	broker.SetSegmentBytes(t, 10_000)
	for _, story := range []struct {
		config string
		said   int
	}{{"", 1}, {"retention.ms=-1", 1}, {"retention.ms=3600000", 0}, {"retention.bytes=1000000", 0}} {
		t.Run(story.config, func(t *testing.T) {
			configs := map[string]string{}
			if name, value, ok := strings.Cut(story.config, "="); ok {
				configs[name] = value
			}
			dir := t.TempDir()
			addr, stop := brokertest.StartStop(t, brokertest.DataDir(dir), func(c *broker.Config) {
				c.Topics = []broker.Topic{{Name: topic, Partitions: 1, Configs: configs}}
			})
			write(t, addr, 0, 0, 5000)
			stop()
			files, err := filepath.Glob(filepath.Join(dir, "partitions", topic+"-0", "*.dat"))
			if err != nil || len(files) < 4 {
				t.Fatalf("files %v, %v", files, err)
			}
			var bases []int
			for _, file := range files {
				base, _ := strconv.Atoi(strings.TrimSuffix(filepath.Base(file), ".dat"))
				bases = append(bases, base)
			}
			slices.Sort(bases)
			for _, base := range bases[:2] {
				for _, kind := range []string{"dat", "idx"} {
					if err := os.Remove(filepath.Join(dir, "partitions", topic+"-0", fmt.Sprintf("%d.%s", base, kind))); err != nil {
						t.Fatal(err)
					}
				}
			}
			said := fmt.Sprintf("first=0 last=%d records=%d\n", bases[2]-1, bases[2])
			for start, want := range []int{story.said, 0} { // the second start finds it repaired
				var log bytes.Buffer
				values := valuesAfterStart(t, dir, &log)
				if first := strconv.Itoa(bases[2]); values[0] != first || len(values) != 5000-bases[2]+1+start {
					t.Errorf("%d values from %s on, want them from %s on", len(values), values[0], first)
				}
				if got := strings.Count(log.String(), said); got != want || strings.Contains(log.String(), "lost records") != (want > 0) {
					t.Errorf("start %d:\n%s", start, log.String())
				}
			}
		})
	}
}

// TestOldCopyOfLogAndMarksGoesOnBehindWhatWasRead puts back the whole folder as it was before some records, and begins it anew. The broker
// is told up to where the partition was read.
func TestOldCopyOfLogAndMarksGoesOnBehindWhatWasRead(t *testing.T) {
	const n = 100
	dir, old := t.TempDir(), filepath.Join(t.TempDir(), "old")
	addr, stop := brokertest.StartStop(t, brokertest.DataDir(dir), brokertest.Topic(topic, 2))
	write(t, addr, 1, 0, n)
	stop()
	if err := os.CopyFS(old, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	addr, stop = brokertest.StartStop(t, brokertest.DataDir(dir))
	write(t, addr, 1, n, n)
	stop()
	for name, dir := range map[string]string{"whole": dir, "old copy": old, "new": filepath.Join(t.TempDir(), "new")} {
		t.Run(name, func(t *testing.T) {
			read := func(c *broker.Config) {
				c.Topics = []broker.Topic{{Name: topic, Partitions: 2, LeastEnds: []int64{0, 2 * n, 5}}}
			}
			addr, stop := brokertest.StartStop(t, brokertest.DataDir(dir), read)
			if first := produced(t, addr, 0); first != 0 {
				t.Errorf("the first record of a partition that was not read has offset %d", first)
			}
			first := produced(t, addr, 1)
			if want := map[string]int64{"whole": 2 * n}[name]; want > 0 && first != want || first < 2*n {
				t.Errorf("a record has offset %d", first)
			}
			stop()
			// The gap is there once, also for those that do not know up to where it was read.
			addr = brokertest.Start(t, brokertest.DataDir(dir))
			if second := produced(t, addr, 1); second != first+1 {
				t.Errorf("the record after offset %d has offset %d", first, second)
			}
		})
	}
}
