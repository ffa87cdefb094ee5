package app

import (
	"dwell/ingest/kafka"
	"dwell/metrics/border"
	"dwell/metrics/engine"
	"dwell/metrics/pipeline"
)

// shards reports the shards to an observer. Besides, the border gets what they publish, and health how far they are.
type shards struct {
	pipeline.Observer
	border *border.Border
	health *health
}

func (s shards) Published(id int, o *engine.Overview) {
	s.border.Published(id, o)
	s.Observer.Published(id, o)
}

func (s shards) Applied(id int, b *pipeline.Batch) {
	s.health.applied(id, b.Next)
	s.Observer.Applied(id, b)
}

func (s shards) Stalled(id int, err error) {
	s.health.stalled(id, err)
	s.Observer.Stalled(id, err)
}

func (s shards) Closed(id int) {
	s.border.Closed(id)
	s.health.closed(id)
	s.Observer.Closed(id)
}

// reading reports the reading of Kafka to an observer and to health.
type reading struct {
	kafka.Observer
	health *health
}

func (r reading) Joined(assigned []int) {
	r.health.groupJoined(assigned)
	r.Observer.Joined(assigned)
}

func (r reading) Left() {
	r.health.groupLeft()
	r.Observer.Left()
}

func (r reading) Reached(err error) {
	r.health.kafkaReached(err)
	r.Observer.Reached(err)
}

func (r reading) Opened(partition int, next int64) {
	r.health.opened(partition, next)
	r.Observer.Opened(partition, next)
}

func (r reading) Fetched(partition int, bytes int, highWatermark, lastStable int64) {
	r.health.fetched(partition, highWatermark, lastStable)
	r.Observer.Fetched(partition, bytes, highWatermark, lastStable)
}

func (r reading) Standing(partition int, why error) {
	r.health.standing(partition, why)
	r.Observer.Standing(partition, why)
}
