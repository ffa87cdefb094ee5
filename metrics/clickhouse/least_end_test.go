package clickhouse

import (
	"slices"
	"testing"

	"dwell/ingest/event"
	"dwell/metrics/engine"
)

// Shards were killed after each step of a flush. Another log must give none of the offsets that their rows have.
func TestLogsEndBehindAllThatWasWrittenOfThem(t *testing.T) {
	cfg := fresh(t)
	cfg.Topic = "dwell.events"
	s := open(t, cfg, vocabulary(t))
	if ends, err := s.LeastEnds(t.Context()); err != nil || len(ends) > 0 {
		t.Fatalf("the logs of no shard end at %v, %v", ends, err)
	}
	const opened, ofLetters, announced, ofEvents, flushed = 0, 2, 3, 4, 5
	for _, shard := range []int{opened, ofLetters, announced, ofEvents, flushed} {
		o, _, err := s.AcquireEpoch(t.Context(), shard)
		if err == nil && shard >= announced {
			err = s.AnnounceFlush(t.Context(), shard, o, 100)
		}
		if err == nil && shard == flushed {
			err = s.WriteProgress(t.Context(), shard, &engine.Flush{AsOf: 100})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var raw engine.Raw
	for _, offset := range []int64{1, 120} {
		raw.Events.Append(&event.Record{Offset: offset, Time: 1_767_600_000_000}, &event.Event{
			Type: event.TruckArrived, ID: []byte("1"), Source: []byte("/post"), Subject: []byte("T1"), BCP: 1, Direction: event.Inbound, Time: 1_767_600_000_000,
		})
	}
	if err := s.WriteRaw(t.Context(), ofEvents, &raw); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteRaw(t.Context(), ofLetters, &engine.Raw{DeadLetters: fromEverywhere(cfg.Topic)}); err != nil {
		t.Fatal(err)
	}
	if ends, err := s.LeastEnds(t.Context()); err != nil || !slices.Equal(ends, []int64{0, 0, 8, 100, 121, 100}) {
		t.Errorf("the logs end at %v, %v", ends, err)
	}
}
