package app

import (
	"context"
	"math"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/metrics/engine"
)

// Kept is what the tables keep of visits, to say before a message is counted that it will be too old. An event that is so stays so, since what is kept
// begins ever later; another one may become so before it is counted.
type Kept struct {
	since []int64 // by partition, in Unix milliseconds
	// Visits is how long visits are kept as it is configured here; 0 is without end.
	Visits time.Duration
}

// Kept reads since when each partition keeps visits.
func (s *System) Kept(ctx context.Context) (*Kept, error) {
	partitions, err := kafka.Partitions(ctx, s.Config.Kafka.Config)
	if err != nil {
		return nil, err
	}
	rows, err := s.Store.Kept(ctx)
	if err != nil {
		return nil, err
	}
	k := &Kept{since: make([]int64, partitions), Visits: s.Config.Retention.Visits}
	for i := range k.since {
		k.since[i] = math.MinInt64
	}
	for _, row := range rows {
		if int(row.Shard) < partitions {
			k.since[row.Shard] = row.VisitsSince
		}
	}
	return k, nil
}

// TooOld reports whether what is sent now about a visit will be too old, by its time or that of the event which it retracts, in Unix milliseconds.
func (k *Kept) TooOld(subject []byte, at int64) bool {
	return at < k.since[kafka.PartitionOf(subject, len(k.since))]
}

// Judge is the rejection of an event that will be too old.
func (k *Kept) Judge(e *event.Event) *event.Rejection {
	at := e.Time
	if e.Type == event.EventRetracted {
		at = e.RetractedTime
	}
	if e.OfPlace() || !k.TooOld(e.Subject, at) {
		return nil
	}
	return engine.RejectTooOld(e)
}
