package kafka

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"dwell/deploy/embedded/broker/brokertest"
	"dwell/ingest/event"
)

// shortened is a broker with one partition, whose log is cut to half its size after the first n records; without its marks, as
// where the whole folder was put back from an old copy. It returns the address after that.
func shortened(t *testing.T, n int, marks bool, before func(cfg Config, p *Producer)) (cfg Config, p *Producer) {
	t.Helper()
	embeddedOnly(t)
	dir := t.TempDir()
	addr, stop := brokertest.StartStop(t, brokertest.DataDir(dir), brokertest.Topic(topic, 1), brokertest.Topic(letters, 1))
	cfg = config(addr)
	p = producer(t, cfg)
	for i := range n {
		numbered(t, p, i)
	}
	if before != nil {
		before(cfg, p)
	}
	stop()
	file := filepath.Join(dir, "partitions", topic+"-0", "0.dat")
	info, err := os.Stat(file)
	if err := errors.Join(err, os.Truncate(file, info.Size()/2)); err != nil {
		t.Fatal(err)
	}
	if !marks {
		if err := os.RemoveAll(filepath.Join(dir, "marks")); err != nil {
			t.Fatal(err)
		}
	}
	addr, stop = brokertest.StartStop(t, brokertest.DataDir(dir))
	t.Cleanup(stop)
	cfg = config(addr)
	return cfg, producer(t, cfg)
}

func numbered(t *testing.T, p *Producer, i int) {
	t.Helper()
	if err := p.Write(t.Context(), event.Record{Key: []byte("k"), Value: []byte(strconv.Itoa(i)), Time: time.Now().UnixMilli()}); err != nil {
		t.Fatal(err)
	}
}

// TestShortLogIsReadOnAfterItIsAccepted cuts the log of a partition that was read to its end. What is written to it then is read once,
// whatever was read before is not read again.
func TestShortLogIsReadOnAfterItIsAccepted(t *testing.T) {
	l := newLedger()
	cfg, p := shortened(t, 100, false, func(cfg Config, _ *Producer) {
		_, stop := consume(t, cfg, l)
		l.until(t, "all is stored", func() bool { return l.total() == 100 })
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	})
	var short []int64
	l.onShortLog = func(_ int, next, end int64) { l.update(func() { short = []int64{next, end} }) }
	_, stop := consume(t, cfg, l)
	l.until(t, "the log is known to be short", func() bool { return short != nil })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	next, end := short[0], short[1]
	if next != 100 || end >= 100 || end < 1 {
		t.Fatalf("the log ends at %d of %d", end, next)
	}
	for i := range 10 {
		numbered(t, p, 1000+i)
	}
	for range 2 { // the second time copies them again
		if n, err := p.Accept(t.Context(), 0, end, next); err != nil || n != 10 {
			t.Fatalf("copied %d records, %v", n, err)
		}
	}
	numbered(t, p, 2000)
	_, stop = consume(t, cfg, l)
	l.until(t, "the last one is stored", func() bool { return l.total() == 121 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	var want []string
	for range 2 {
		for i := range 10 {
			want = append(want, strconv.Itoa(1000+i))
		}
	}
	if got := l.values[0][100:]; !slices.Equal(got, append(want, "2000")) {
		t.Errorf("read %v", got)
	}
	l.check(t)
}

// TestRecordsThatTheLogHasLostAreCounted cuts the log of a partition of which half of the lost part was read. The embedded broker
// says in the log what it has lost.
func TestRecordsThatTheLogHasLostAreCounted(t *testing.T) {
	cfg, p := shortened(t, 100, true, nil)
	numbered(t, p, 1000)
	l := newLedger()
	l.stored[0] = 75
	_, stop := consume(t, cfg, l)
	l.until(t, "the record behind the gap is stored", func() bool { return l.total() == 1 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if l.lost != 25 {
		t.Errorf("%d records were lost, want 25", l.lost)
	}
	l.check(t)
}

// TestRecordsLostFromTheBeginningOfALogAreCounted damages the first batch of a log, so that nothing is left of it. Of its records none was read, or half.
func TestRecordsLostFromTheBeginningOfALogAreCounted(t *testing.T) {
	embeddedOnly(t)
	dir := t.TempDir()
	addr, stop := brokertest.StartStop(t, brokertest.DataDir(dir), brokertest.Topic(topic, 1), brokertest.Topic(letters, 1))
	p := producer(t, config(addr))
	for i := range 100 {
		numbered(t, p, i)
	}
	stop()
	file := filepath.Join(dir, "partitions", topic+"-0", "0.dat")
	text, err := os.ReadFile(file)
	if err == nil {
		text[17] ^= 1 // of the CRC
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	addr, stop = brokertest.StartStop(t, brokertest.DataDir(dir))
	t.Cleanup(stop)
	cfg := config(addr)
	numbered(t, producer(t, cfg), 1000)
	for _, story := range []struct{ stored, lost int64 }{{Earliest, 100}, {0, 100}, {50, 50}} {
		t.Run(fmt.Sprint("from ", story.stored), func(t *testing.T) {
			l := newLedger()
			l.stored[0] = story.stored
			_, stop := consume(t, cfg, l)
			l.until(t, "the record behind the gap is stored", func() bool { return l.total() == 1 })
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			if l.lost != story.lost {
				t.Errorf("%d records were lost, want %d", l.lost, story.lost)
			}
			l.check(t)
		})
	}
}
