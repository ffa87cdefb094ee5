package prom

import (
	"context"
	"strconv"
	"time"

	"dwell/metrics/engine"
	"dwell/metrics/pipeline"
)

// Published is of no interest here: Overview has what all shards have published.
func (m *Metrics) Published(int, *engine.Overview) {}

// Applied counts a batch.
func (m *Metrics) Applied(id int, b *pipeline.Batch) {
	m.events.count(b.Events)
	m.forwarded.count(b.Forwarded)
	for reason, n := range b.DeadLetters {
		m.deadLetters.WithLabelValues(string(reason)).Add(float64(n))
	}
	m.duplicates.Add(float64(b.Duplicates))
	m.late.Add(float64(b.Late))
	m.replayed.Add(float64(b.Replayed))
	m.restated.Add(float64(b.Restated))
	m.times.count(b.Times)
	shard := strconv.Itoa(id)
	m.buffer.WithLabelValues(shard).Set(float64(b.Bytes))
	// The series of a shard starts with its first batch.
	m.stalled.WithLabelValues(shard)
}

// commit is what pipeline.Observer calls the commit of an offset to Kafka, which has no rows.
const commit = "commit"

// Written observes one write of a flush.
func (m *Metrics) Written(ctx context.Context, _ int, table string, rows int, took time.Duration) {
	observe(ctx, m.write.WithLabelValues(table), took)
	if table != commit {
		m.rows.WithLabelValues(table).Add(float64(rows))
	}
}

// Flushed observes a whole flush.
func (m *Metrics) Flushed(ctx context.Context, id int, _ *engine.Flush, took time.Duration) {
	observe(ctx, m.flush, took)
}

// Memory sets the number of visits and windows in memory. A flush begins, so nothing waits for the next one.
func (m *Metrics) Memory(id int, visits, windows int) {
	shard := strconv.Itoa(id)
	m.buffer.WithLabelValues(shard).Set(0)
	m.visits.WithLabelValues(shard).Set(float64(visits))
	m.windows.WithLabelValues(shard).Set(float64(windows))
}

// Stalled sets whether a shard's read or write fails.
func (m *Metrics) Stalled(id int, err error) {
	stalled := m.stalled.WithLabelValues(strconv.Itoa(id))
	if err == nil {
		stalled.Set(0)
		return
	}
	stalled.Set(1)
	m.retries.Inc()
}

// Closed ends the gauges of a shard; counters stay.
func (m *Metrics) Closed(id int) {
	shard := strconv.Itoa(id)
	m.buffer.DeleteLabelValues(shard)
	m.stalled.DeleteLabelValues(shard)
	m.visits.DeleteLabelValues(shard)
	m.windows.DeleteLabelValues(shard)
}
