package app

import (
	"time"

	"dwell/dashboards/overview"
	"dwell/ingest/event"
	"dwell/metrics/prom"
)

// queuesOf is what the metrics say of the latest readings of a BCP. A reading that is stale or frozen says nothing of its queue now,
// and a zero in doubt is no zero.
func queuesOf(readings []overview.LatestReading) []prom.Queue {
	all := make([]prom.Queue, len(readings))
	for i := range readings {
		r := &readings[i]
		all[i] = prom.Queue{Source: r.Source, Name: r.Queue, Direction: r.Direction, Age: time.Duration(r.AgeSeconds) * time.Second}
		if r.Stale || r.Frozen {
			continue
		}
		all[i].State, _ = event.ParseQueueState([]byte(r.State))
		if r.Reason == "" {
			all[i].Vehicles = gauge(r.Vehicles)
		}
		if r.Reason == "" && r.WaitReason == "" {
			all[i].Wait = gauge(r.WaitSeconds)
		}
	}
	return all
}

// gauge is a number that may be unknown, as the metrics have it.
func gauge(n *int64) *float64 {
	if n == nil {
		return nil
	}
	f := float64(*n)
	return &f
}
