package clickhouse

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/engine"
)

func TestReceivedRecordsAreStoredOnce(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	var raw engine.Raw
	at := int64(1_767_600_000_001)
	raw.Events.Append(&event.Record{Offset: 1000, Time: at + 5}, &event.Event{
		Type: event.InspectionCompleted, ID: []byte("i'1"), Source: []byte("/post/ترخم"), Subject: []byte("T1"), Time: at, Recorded: at + 1,
		BCP: 3, Direction: event.Outbound, Channel: event.Red, Regime: event.Transit, Agency: voc.Customs, Kind: event.SPS,
		Result: event.NonConformant, Lane: []byte("7"), Edition: 1 << 30, Data: []byte(`{"a":"\u0001"}`),
	})
	raw.Events.Append(&event.Record{Offset: 1001, Time: at + 6}, &event.Event{
		Type: event.EventRetracted, ID: []byte("r1"), Source: []byte("s"), Subject: []byte("T1"), Time: at + 3, Recorded: at + 3, BCP: 1,
		RetractedID: []byte("i'1"), RetractedSource: []byte("/post/ترخم"), RetractedEdition: 1 << 30, RetractedTime: at, Data: []byte(`{}`),
	})
	forwarded := event.Record{Offset: 17}
	forwarded.SetForwarded(3)
	forwarded.Offset, forwarded.Time = 999, at+6
	raw.Events.Append(&forwarded, &event.Event{Type: event.HoldPlaced, ID: []byte("h1"), BCP: 1, Time: at, Hold: []byte("H'1"), Forwarded: true})
	for i := range 120 {
		raw.Events.Append(&event.Record{Offset: 1002 + int64(i), Time: at}, &event.Event{Type: event.TruckArrived, ID: []byte(strings.Repeat("x", i)), BCP: 2, Time: at + int64(i)*40*24*60*minute})
	}
	observed := func(vehicles, wait, age int64) event.Observation {
		return event.Observation{Vehicles: vehicles, WaitSeconds: wait, AgeSeconds: age, LanesOpen: event.Unknown, ServiceRate: event.Unknown}
	}
	raw.Readings = []engine.QueueReading{
		{Offset: 5, Logged: at + 9, Time: at, Recorded: at, Source: "s", ID: "q1", BCP: 1, Direction: event.Inbound, Observation: observed(0, event.Unknown, 90)},
		{Offset: 11, Time: at, Recorded: at, Source: "s", ID: "q2", Edition: 3, BCP: 1, Direction: event.Inbound, Observation: observed(4, event.Unknown, event.Unknown)},
		{Offset: 6, Time: at, Recorded: at, Source: "s", ID: "q2", BCP: 1, Direction: event.Inbound, Observation: observed(12, 3600, event.Unknown)},
		{Offset: 7, Time: at, Recorded: at, Source: "s", ID: "q2", BCP: 1, Observation: event.NoObservation(), Retracted: true},
		{Offset: 8, Time: at, Recorded: at, Source: "s", ID: "q3", Queue: "at least 7.5 t", BCP: 1, Observation: event.Observation{WaitSeconds: 60, LanesOpen: 3, ServiceRate: 40, State: event.PausedState}},
	}
	raw.DeadLetters = []event.DeadLetter{
		{Reason: event.NotJSON, Detail: "offset 3", Origin: event.RecordOrigin("dwell.events", 2, 8), Record: event.Record{
			Time: at, Key: []byte("k"), Value: []byte{0xff, 0, '\''},
			Headers: []event.Header{{Key: []byte("a"), Value: []byte{1}}, {Key: []byte("a"), Value: []byte{2, 0xfe}}},
		}},
		{Reason: "another", Origin: event.Origin{Kind: event.FromImport, Name: "i'1", Number: 9}, Record: event.Record{Time: at}},
		{Reason: event.NotJSON, Origin: event.Origin{Kind: event.FromRequest, Name: "r", Number: 10}, Record: event.Record{Time: at}},
	}
	for range 2 {
		if err := s.WriteRaw(t.Context(), 2, &raw); err != nil {
			t.Fatal(err)
		}
		raw.Readings[0], raw.Readings[3] = raw.Readings[3], raw.Readings[0] // a retraction that comes first
	}
	if err := s.WriteRaw(t.Context(), 2, &engine.Raw{}); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"SELECT count(), uniqExact(offset), max(length(id)) FROM events FINAL": "123\t123\t119\n",
		"SELECT id, hold FROM events FINAL WHERE hold != ''":                   "h1\tH\\'1\n",
		"SELECT offset, forwarded FROM events FINAL WHERE forwarded != ''":     "999\t3/17\n",
		"SELECT * EXCEPT (data, hold, forwarded) FROM events FINAL WHERE offset IN (1000, 1001) ORDER BY offset": "" +
			"2\t1000\t2026-01-05 08:00:00.006\t0\t2026-01-05 08:00:00.001\t2026-01-05 08:00:00.002\tinspection.completed\ti\\'1\t/post/ترخم\t1073741824\tT1\tگمرک تورخم\toutbound\tred\ttransit\tcustoms\tsps\tnon_conformant\t7\t\t\t0\t\\N\n" +
			"2\t1001\t2026-01-05 08:00:00.007\t0\t2026-01-05 08:00:00.004\t2026-01-05 08:00:00.004\tevent.retracted\tr1\ts\t0\tT1\tAF-NAN-TORKHAM\t\t\t\t\t\t\t\ti\\'1\t/post/ترخم\t1073741824\t2026-01-05 08:00:00.001\n",
		"SELECT id, edition, vehicles, wait_seconds, age_seconds, retracted FROM readings FINAL ORDER BY id, edition": "q1\t0\t0\t\\N\t90\t0\nq2\t0\t\\N\t\\N\t\\N\t1\nq2\t3\t4\t\\N\t\\N\t0\nq3\t0\t0\t60\t0\t0\n",
		"SELECT id, queue, lanes_open, service_rate, state FROM queue_readings ORDER BY id, edition":                  "q1\t\t\\N\t\\N\tunknown\nq2\t\t\\N\t\\N\tunknown\nq3\tat least 7.5 t\t3\t40\tpaused\n",
		"SELECT id, logged FROM readings FINAL WHERE id = 'q1'":                                                       "q1\t2026-01-05 08:00:00.010\n",
		"SELECT origin, name, part, number, reason, detail, key, hex(value), arrayMap(h -> (h.name, hex(h.value)), headers) FROM dead_letters FINAL ORDER BY number": "" +
			"topic\tdwell.events\t2\t8\tnot_json\toffset 3\tk\tFF0027\t[('a','01'),('a','02FE')]\n" +
			"import\ti\\'1\t0\t9\tanother\t\t\t\t[]\nrequest\tr\t0\t10\tnot_json\t\t\t\t[]\n",
	} {
		if got := s.text(t, query); got != want {
			t.Errorf("%s\n%q\nwant\n%q", query, got, want)
		}
	}
}

// A source sends two readings under one id, which CloudEvents forbids, and each comes twice. Whichever comes first, and in whichever partition, the same
// one counts, logged when it first was; one that is retracted counts in no order.
func TestOneOfTwoReadingsOfOneIDCountsInAnyOrder(t *testing.T) {
	voc := vocabulary(t)
	at := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC).UnixMilli()
	reading := func(id string, vehicles, logged int64) engine.QueueReading {
		return engine.QueueReading{
			Offset: logged, Logged: at + 1000*logged, Time: at, Recorded: at, Source: "s", ID: id, BCP: 1,
			Observation: event.Observation{Vehicles: vehicles, WaitSeconds: event.Unknown, AgeSeconds: event.Unknown, LanesOpen: event.Unknown, ServiceRate: event.Unknown},
		}
	}
	s := open(t, fresh(t), voc)
	for _, logged := range []int64{math.MinInt64, math.MaxInt64} { // by clocks of producers
		if v := (&engine.QueueReading{Logged: logged}).Version(); v >= (&engine.QueueReading{Retracted: true}).Version() {
			t.Errorf("a reading that was logged at %d is above its retraction", logged)
		}
	}
	rounds := make([]engine.Raw, 5)
	for order := range 24 {
		id := fmt.Sprint(order)
		left := []engine.QueueReading{reading(id, 7, 1), reading(id, 8, 2), reading(id, 7, 3), reading(id, 8, 4)}
		for n := len(left); n > 0; n-- {
			i := order % n
			order /= n
			rounds[4-n].Readings = append(rounds[4-n].Readings, left[i])
			left = slices.Delete(left, i, i+1)
		}
		rounds[4].Readings = append(rounds[4].Readings, engine.QueueReading{
			Offset: 5, Logged: at, Time: at, Source: "s", ID: id, BCP: 1, Observation: event.NoObservation(), Retracted: true,
		})
	}
	write := func(rounds ...engine.Raw) {
		t.Helper()
		for i := range rounds {
			if err := s.WriteRaw(t.Context(), i%2, &rounds[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(rounds[:4]...)
	if got := s.text(t, "SELECT count(), uniqExact(vehicles), uniqExact(logged), min(logged) IN ('2026-01-05 08:00:01', '2026-01-05 08:00:02') FROM readings FINAL"); got != "24\t1\t1\t1\n" {
		t.Errorf("the order decides which reading counts: %s", got)
	}
	write(rounds[4])
	write(rounds[:4]...)
	if got := s.text(t, "SELECT count() FROM queue_readings"); got != "0\n" {
		t.Errorf("readings that were retracted count: %s", got)
	}
}

// text is the answer to a query as TabSeparated.
