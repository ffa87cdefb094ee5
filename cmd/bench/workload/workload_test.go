package workload

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/ingest/place"
)

func small() Config {
	cfg := Default()
	cfg.Events = 20_000
	return cfg
}

func all(t *testing.T, cfg Config) []Record {
	t.Helper()
	records, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var got []Record
	for r, ok := records.Next(); ok; r, ok = records.Next() {
		got = append(got, r)
	}
	return got
}

func TestSameSeedGivesTheSameRecords(t *testing.T) {
	cfg := small()
	one, two := all(t, cfg), all(t, cfg)
	if len(one) != cfg.Events || len(two) != cfg.Events {
		t.Fatalf("%d and %d records, want %d", len(one), len(two), cfg.Events)
	}
	for i := range one {
		if one[i].Time != two[i].Time || !bytes.Equal(one[i].Value, two[i].Value) {
			t.Fatalf("record %d: %s, then %s", i, one[i].Value, two[i].Value)
		}
	}
	cfg.Seed++
	if other := all(t, cfg); bytes.Equal(one[0].Value, other[0].Value) {
		t.Errorf("another seed begins with the same %s", one[0].Value)
	}
}

// What is wrong with the records is asked of dwell's own decoder.
func TestSharesOfLateAndDuplicateEvents(t *testing.T) {
	cfg := small()
	cfg.Events = 100_000
	book, err := place.Parse("places.yaml", Places(cfg))
	if err != nil {
		t.Fatal(err)
	}
	voc, err := book.Vocabulary()
	if err != nil {
		t.Fatal(err)
	}
	if len(book.Places) != cfg.BCPs {
		t.Errorf("%d places, want %d", len(book.Places), cfg.BCPs)
	}
	decoder := event.NewDecoder(voc, 5*time.Minute)
	var disorder, byHours, again, refused, size int
	seen, ahead, in := map[string]bool{}, map[string]bool{}, map[int]int{}
	previous := int64(0)
	for i, r := range all(t, cfg) {
		if r.Time < previous {
			t.Fatalf("record %d of %d comes after one of %d", i, r.Time, previous)
		}
		previous = r.Time
		if want := kafka.PartitionOf(r.Key, cfg.Partitions); r.Partition != want {
			t.Fatalf("key %q is in partition %d, Kafka puts it into %d", r.Key, r.Partition, want)
		}
		in[r.Partition]++
		size += len(r.Value)
		if len(r.Value) < 160 || len(r.Value) > 300 {
			t.Errorf("%d bytes: %s", len(r.Value), r.Value)
		}
		var e event.Event
		truck, _, _ := strings.Cut(strings.TrimPrefix(string(r.Key), "T-"), "-")
		record := event.StructuredRecord(r.Key, r.Value, r.Time)
		if why := decoder.Decode(&record, &e); why != nil {
			if why.Reason != event.FutureTime {
				t.Fatalf("%v: %s", why, r.Value)
			}
			refused++
			ahead[truck] = true
			continue
		}
		id := string(e.ID)
		if seen[id] {
			again++
			continue
		}
		seen[id] = true
		switch delay := r.Time - e.Time; {
		case delay > time.Hour.Milliseconds():
			byHours++
		case delay > prompt:
			disorder++
		}
	}
	t.Logf("%d bytes on average, %d refused", size/cfg.Events, refused)
	for _, share := range []struct {
		what      string
		got       int
		low, high float64
	}{
		{"out of order", disorder, 0.045, 0.055}, {"hours late", byHours, 0.008, 0.012}, {"sent twice", again, 0.008, 0.012},
	} {
		if part := float64(share.got) / float64(cfg.Events); part < share.low || part > share.high {
			t.Errorf("%.2f %% are %s, want %.1f to %.1f %%", 100*part, share.what, 100*share.low, 100*share.high)
		}
	}
	if refused == 0 || len(ahead) != 1 || !ahead["0"] {
		t.Errorf("%d events refused, of the trucks %v; want those of truck 0 alone", refused, ahead)
	}
	for p := range cfg.Partitions {
		if n, silent := in[p], p == cfg.Partitions-1; n == 0 || silent && n > 5*lastPartition || !silent && n < cfg.Events/10 {
			t.Errorf("%d of %d records are in partition %d", n, cfg.Events, p)
		}
	}
}

// Two million visits are about ten million records, whatever the seed.
func TestVisitHasAboutFiveRecords(t *testing.T) {
	cfg := small()
	visits := map[string]bool{}
	for _, r := range all(t, cfg) {
		visits[string(r.Key)] = true
	}
	if per := float64(cfg.Events) / float64(len(visits)); per < 4.8 || per > 5.4 {
		t.Errorf("%.2f records a visit", per)
	}
}

func TestTruthCountsReleasedTrucksOnly(t *testing.T) {
	cfg := small()
	windows, err := Truth(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var n uint64
	for i, w := range windows {
		n += w.N
		if w.P50 > w.P95 || w.P95 > w.P99 || w.Sum < w.P99 {
			t.Errorf("%+v", w)
		}
		if i > 0 && w.BCP == windows[i-1].BCP && w.Minute <= windows[i-1].Minute {
			t.Errorf("%+v comes after %+v", w, windows[i-1])
		}
	}
	released := map[string]bool{}
	for _, r := range all(t, cfg) {
		if bytes.Contains(r.Value, []byte("truck.released")) && !bytes.HasPrefix(r.Key, []byte("T-0-")) {
			released[string(r.Key)] = true
		}
	}
	if int(n) != len(released) {
		t.Errorf("the truth is of %d trucks, %d were released", n, len(released))
	}
}

func TestInvalidConfigIsRefused(t *testing.T) {
	for _, cfg := range []Config{{}, {Events: 1, BCPs: 1, Trucks: 1}, {Events: 1, BCPs: 100_000, Trucks: 1, Partitions: 1}} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
		if _, err := Truth(cfg); err == nil {
			t.Errorf("%+v has a truth", cfg)
		}
	}
}
