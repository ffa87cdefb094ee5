package prom_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/pipeline"
)

// Eight shards open, report and close while the registry is scraped. Counters keep their sums; every series of a shard ends.
func TestClosedShardsLeaveNoSeriesWhileScraped(t *testing.T) {
	b := newBorder(t)
	var shards, scraper sync.WaitGroup
	done := make(chan struct{})
	scraper.Go(func() {
		for {
			if _, err := b.registry.Gather(); err != nil {
				t.Error(err)
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	for id := range 8 {
		shards.Go(func() {
			for n := range 50 {
				b.kafka.Assigned(id, true)
				b.kafka.Buffered(id, n)
				b.Applied(id, &pipeline.Batch{
					Next: int64(n), Events: []pipeline.EventClass{{BCP: torkham, Type: event.TruckArrived}},
				})
				b.Stalled(id, errors.New("connection refused"))
				b.Flushed(t.Context(), id, &engine.Flush{}, time.Millisecond)
				b.Memory(id, n, n)
				b.Closed(id)
				b.kafka.Assigned(id, false)
			}
		})
	}
	shards.Wait()
	close(done)
	scraper.Wait()
	b.wantSeries(t, `
		dwell_events_total{bcp="TORKHAM",type="truck.arrived"} 400
		dwell_kafka_assigned_partitions 0
		dwell_retries_total 400
	`, "dwell_events_total", "dwell_kafka_assigned_partitions", "dwell_kafka_buffered_bytes", "dwell_retries_total", "dwell_trucks_inside",
		"dwell_trucks_held", "dwell_bcp_last_event_timestamp_seconds", "dwell_shard_lag_records", "dwell_shard_stalled",
		"dwell_shard_visits", "dwell_shard_windows", "dwell_shard_watermark_timestamp_seconds", "dwell_shard_buffer_bytes")
}
