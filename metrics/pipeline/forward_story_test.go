package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"dwell/ingest/event"
	"dwell/metrics/clickhouse"
	"dwell/metrics/engine"
	"dwell/metrics/pipeline"
)

// fact is a record of a truck at Torkham, so many minutes after midnight. Its id is that of type, truck and minute.
func fact(cfg pipeline.Config, source, truck string, typ event.Type, minute int) event.Record {
	at := time.Date(2026, 1, 5, 0, minute, 0, 0, time.UTC).UnixMilli()
	return event.NewRecord(cfg.Engine.Vocabulary, &event.Event{
		Type: typ, ID: fmt.Appendf(nil, "%v %s %d", typ, truck, minute), Source: []byte(source), Subject: []byte(truck), BCP: 1, Direction: event.Inbound,
		Time: at, Recorded: at,
	}, at)
}

// truckOf is a truck that belongs to a partition.
func truckOf(partition int) string {
	for n := 0; ; n++ {
		if truck := fmt.Sprintf("TK-%04d", n); belongs([]byte(truck)) == partition {
			return truck
		}
	}
}

func text(t *testing.T, store *clickhouse.Store, query string) (answer string) {
	t.Helper()
	if err := store.Conn().QueryRow(t.Context(), "SELECT arrayStringConcat(arraySort(groupArray(row)), '; ') FROM (SELECT toString(tuple(*)) AS row FROM ("+query+"))").Scan(&answer); err != nil {
		t.Fatal(query, err)
	}
	return answer
}

// The gate's software hashes as Kafka's Java client does, and customs' as librdkafka does. A hundred trucks arrive, are released after half an
// hour, and leave.
func TestGateAndCustomsHaveTwoPartitioners(t *testing.T) {
	_, cfg := aBorder(t, 0)
	l := &topic{t: t, cfg: cfg}
	for n := range 100 {
		truck := fmt.Sprintf("TK-%04d", n)
		l.add(belongs([]byte(truck)), fact(cfg, "/gate", truck, event.TruckArrived, 0))
		for _, r := range []event.Record{fact(cfg, "/customs", truck, event.TruckReleased, 30), fact(cfg, "/customs", truck, event.TruckDeparted, 40)} {
			l.add(balanced(kafkago.CRC32Balancer{}, r.Key), r)
		}
	}
	originals := l.logs
	store := open(t, cfg)
	l.count(store, 50)
	for query, want := range map[string]string{
		"SELECT status, count(), min(release_ms), max(release_ms) FROM visits FINAL GROUP BY status":      "('departed',100,1800000,1800000)",
		"SELECT sum(trucks) FROM inside_now FINAL":                                                        "(0)",
		"SELECT sum(n), sum(sum_ms) FROM windows FINAL WHERE measure = 'release_time' AND grain = 'hour'": "(100,180000000)",
		"SELECT count(), uniqExact(id), countIf(source = '/gate' AND forwarded != '') FROM events FINAL":  "(300,300,0)",
	} {
		if got := text(t, store, query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	copies := 0
	for p, log := range l.logs {
		for _, r := range log[len(originals[p]):] {
			copies++
			var partition, offset int
			if _, err := fmt.Sscanf(string(r.Forwarded()), "%d/%d", &partition, &offset); err != nil {
				t.Fatalf("a copy has the headers %q", r.Headers)
			}
			of := originals[partition][offset]
			if !bytes.Equal(r.Value, of.Value) || r.Time != of.Time || !slices.EqualFunc(r.Headers[:len(of.Headers)], of.Headers, sameHeader) || len(r.Headers) != len(of.Headers)+1 {
				t.Errorf("the copy %+v of %+v", r, of)
			}
		}
	}
	if copies != 152 {
		t.Errorf("%d of 200 records of customs were forwarded", copies)
	}
}

func sameHeader(a, b event.Header) bool {
	return bytes.Equal(a.Key, b.Key) && bytes.Equal(a.Value, b.Value)
}

// A truck of partition 1 is reported in partition 0 alone, which has nothing else: partition 0 is read, and knows of no event.
func TestRecordChangesNothingWhereItDoesNotBelong(t *testing.T) {
	_, cfg := aBorder(t, 0)
	l := &topic{t: t, cfg: cfg}
	l.add(0, fact(cfg, "/gate", truckOf(1), event.TruckArrived, 0))
	store := open(t, cfg)
	l.count(store, 50)
	read, err := store.Progress(t.Context(), 0)
	if err != nil || read.Offset != 1 || read.Records != 0 || read.HasLatest || read.Sources != (engine.Sources{}) {
		t.Errorf("%v, partition 0 has the progress %+v", err, read)
	}
	if counted, err := store.Progress(t.Context(), 1); err != nil || counted.Offset != 1 || counted.Records != 1 || !counted.HasLatest {
		t.Errorf("%v, partition 1 has the progress %+v", err, counted)
	}
	for table, want := range map[string]string{
		"SELECT shard, offset, forwarded FROM events FINAL":    "(1,0,'0/0')",
		"SELECT shard, status FROM visits FINAL":               "(1,'inside')",
		"SELECT DISTINCT shard FROM windows FINAL":             "(1)",
		"SELECT DISTINCT shard FROM inside_now FINAL":          "(1)",
		"SELECT count() FROM dead_letters FINAL":               "(0)",
		"SELECT shard, offset, records FROM progress FINAL":    "(0,1,0); (1,1,1)",
		"SELECT count() FROM restatements":                     "(0)",
		"SELECT trucks FROM inside_now FINAL WHERE trucks > 0": "(1)",
	} {
		if got := text(t, store, table); got != want {
			t.Errorf("%s: %s, want %s", table, got, want)
		}
	}
}

// An arrival is taken back, a queue is read and a visit is named by an unusable message, each in a partition where it does not belong. The
// message that cannot be used is a dead letter where it lies, and so is one that a broker would not take with one more header.
func TestRetractionsAndReadingsAreForwardedAndDeadLettersAreNot(t *testing.T) {
	_, cfg := aBorder(t, 0)
	voc := cfg.Engine.Vocabulary
	l := &topic{t: t, cfg: cfg}
	truck := truckOf(2)
	arrived := fact(cfg, "/gate", truck, event.TruckArrived, 0)
	l.add(2, arrived)
	at := arrived.Time
	e := event.Event{
		Type: event.EventRetracted, ID: []byte("r"), Source: []byte("/gate"), Subject: []byte(truck), BCP: 1, Time: at, Recorded: at,
		RetractedID: fmt.Appendf(nil, "%v %s 0", event.TruckArrived, truck), RetractedSource: []byte("/gate"), RetractedTime: at,
	}
	l.add(3, event.NewRecord(voc, &e, at))
	torkham := []byte(voc.BCPName(1))
	reading := event.Event{
		Type: event.QueueObserved, ID: []byte("q"), Source: []byte("/camera"), Subject: torkham, BCP: 1, Direction: event.Inbound, Time: at, Recorded: at,
		Observation: event.NoObservation(),
	}
	reading.Vehicles = 12
	l.add((belongs(torkham)+1)%partitions, event.NewRecord(voc, &reading, at))
	unusable := fact(cfg, "/gate", truck, event.TruckArrived, 1)
	unusable.Value = bytes.Replace(unusable.Value, torkham, []byte("XX-NOWHERE"), 1)
	l.add(0, unusable)
	large := fact(cfg, "/gate", truck, event.TruckArrived, 2)
	large.Value = bytes.Replace(large.Value, []byte(`"data":{`), fmt.Appendf(nil, `"data":{"note":%q,`, bytes.Repeat([]byte("x"), 1_000_000)), 1)
	l.add(1, large)
	// Visits are kept for fifteen days. A truck that is partition 3's own moves its watermark before an arrival of the month before comes.
	l.cfg.Visits, l.cfg.Events = 15*aDay, 15*aDay
	l.add(3, fact(cfg, "/gate", truckOf(3), event.TruckArrived, 30*24*60))
	l.add(3, fact(cfg, "/gate", truck, event.TruckArrived, 3))
	store := open(t, cfg)
	l.count(store, 50)
	for query, want := range map[string]string{
		"SELECT shard, status FROM visits FINAL":                           "(2,'void'); (3,'inside')",
		"SELECT shard, vehicles FROM readings FINAL":                       fmt.Sprintf("(%d,12)", belongs(torkham)),
		"SELECT part, reason FROM dead_letters FINAL":                      "(0,'unknown_bcp'); (1,'too_large'); (3,'too_old')",
		"SELECT DISTINCT shard FROM events WHERE type = 'event.retracted'": "(2)",
	} {
		if got := text(t, store, query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

// A producer writes the header of a copy itself. What says no place is forwarded as any record; what says one is counted where it lies.
func TestForgedHeaderOfACopy(t *testing.T) {
	_, cfg := aBorder(t, 0)
	l := &topic{t: t, cfg: cfg}
	for n, value := range []string{"", "2", "2/", "/7", "2/7/1", "-2/7", "2/-7", "02/7", "two/seven", "2/7 ", "2/9999999999999999999", "2/7"} {
		r := fact(cfg, "/gate", truckOf(1), event.TruckArrived, n)
		r.Headers = append(slices.Clone(r.Headers), event.Header{Key: []byte(event.ForwardedHeader), Value: []byte(value)})
		l.add(0, r)
	}
	store := open(t, cfg)
	l.count(store, 50)
	want := "(0,11,'2/7'); (1,0,'0/0'); (1,1,'0/1'); (1,10,'0/10'); (1,2,'0/2'); (1,3,'0/3'); (1,4,'0/4'); (1,5,'0/5'); (1,6,'0/6'); (1,7,'0/7'); (1,8,'0/8'); (1,9,'0/9')"
	if got := text(t, store, "SELECT shard, offset, forwarded FROM events FINAL"); got != want {
		t.Errorf("events %s, want %s", got, want)
	}
}

// A thousand trucks are in the wrong partition, and a flush is due in an hour: records are forwarded as memory fills.
func TestForwardedRecordsTakeTheirShareOfMemory(t *testing.T) {
	_, cfg := aBorder(t, 0)
	cfg.FlushEvery, cfg.FlushBytes = time.Hour, 64<<10
	l := &topic{t: t, cfg: cfg}
	s := l.shard(0, forgetful{})
	if _, err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n := range 1000 {
		r := fact(cfg, "/gate", truckOf(1), event.TruckArrived, n)
		r.Offset = int64(n)
		if err := handle(t.Context(), s, []event.Record{r}, r.Offset+1, farAhead); err != nil {
			t.Fatal(err)
		}
	}
	if copies := len(l.logs[1]); copies < 800 || copies > 999 {
		t.Errorf("%d of 1000 records were forwarded before the first flush was due", copies)
	}
	if err := s.Close(context.WithoutCancel(t.Context())); err != nil || len(l.logs[1]) != 1000 {
		t.Errorf("%v, %d of 1000 records were forwarded", err, len(l.logs[1]))
	}
}
