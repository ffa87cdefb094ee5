package prom

import (
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/metrics/engine"
	"dwell/metrics/presume"
	"dwell/metrics/visit"
)

// Overview returns what all shards of the border know now, those of other processes included, without waiting. Each collection
// calls it once.
type Overview func() *engine.Overview

// overviewCollector collects what is the same in each process: the trucks inside, the last events, and where the shards stand. It
// implements prometheus.Collector.
type overviewCollector struct {
	voc      *event.Vocabulary
	places   []place.Place
	overview Overview
	held     HeldBy
	ofPlace  OfPlace

	inside, trucksHeld, seen, lastEvent, silence, leftOut, watermark *prometheus.Desc
	queues                                                           queueSeries
	usual                                                            usualSeries
	target, targetValue, targetMet                                   *prometheus.Desc

	mu sync.Mutex
	// shown are the series of trucks held that were not zero once, so that they go to zero instead of vanishing.
	shown map[holding]struct{}
}

type holding struct {
	bcp       event.BCP
	direction event.Direction
	phase     visit.Phase
	holder    event.Agency
	presumed  bool
}

// HeldBy are the trucks inside a BCP in a direction by who has them now, known or presumed.
type HeldBy func(event.BCP, event.Direction, *engine.PlaceOverview) []presume.Held

func newOverviewCollector(voc *event.Vocabulary, places []place.Place, overview Overview, held HeldBy, ofPlace OfPlace) *overviewCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help+" Each process has it of the whole border: take the maximum over processes.", labels, nil)
	}
	return &overviewCollector{
		voc: voc, places: places, overview: overview, held: held, ofPlace: ofPlace, shown: map[holding]struct{}{},
		inside: desc("dwell_trucks_inside", "Trucks inside, as of the latest event.", "bcp", "direction"),
		trucksHeld: desc("dwell_trucks_held",
			"Trucks inside by phase (wait, service, hold, exit) and holder. No fact has said yet who has those that are presumed; processes may differ in these for a minute after something was learned.",
			"bcp", "direction", "phase", "holder", "presumed"),
		seen:      desc("dwell_bcp_seen", "1 if an event about the BCP has ever come, 0 if none has. Absent until all shards are known.", "bcp"),
		lastEvent: desc("dwell_bcp_last_event_timestamp_seconds", "Time of the latest event about the BCP.", "bcp"),
		silence: desc("dwell_bcp_silent_after_seconds",
			"Time without events after which the state of the BCP counts as unknown: its baseline for this hour of the week, or silent_after.", "bcp"),
		leftOut: desc("dwell_bcp_queues_left_out",
			"Queues, each of a source, whose readings are in the tables alone: API and page show those of the 64 that were seen first.", "bcp"),
		queues: newQueueSeries(desc),
		usual:  newUsualSeries(desc),
		target: desc("dwell_bcp_release_target_seconds", "Release time that the authority promised; statistic says of which, such as p90.", "bcp", "statistic"),
		targetValue: desc("dwell_bcp_release_value_seconds",
			"That statistic of the release times of the last dashboards.query.window (24 h), with corrections. Absent where no truck was released.", "bcp", "statistic"),
		targetMet: desc("dwell_bcp_release_target_met", "1 if that statistic is within the target, 0 if it is not. Absent where no truck was released.", "bcp", "statistic"),
		watermark: desc("dwell_shard_watermark_timestamp_seconds", "Event time up to which windows are final unless late data restates them.", "shard"),
	}
}

// Describe implements prometheus.Collector.
func (c *overviewCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.inside
	ch <- c.trucksHeld
	ch <- c.seen
	ch <- c.lastEvent
	ch <- c.silence
	ch <- c.leftOut
	c.queues.describe(ch)
	c.usual.describe(ch)
	ch <- c.target
	ch <- c.targetValue
	ch <- c.targetMet
	ch <- c.watermark
}

// Collect implements prometheus.Collector.
func (c *overviewCollector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	o := c.overview()
	for _, at := range o.Shards {
		if at.HasLatest {
			gauge(c.watermark, float64(at.Watermark)/1000, strconv.Itoa(at.Shard))
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	held := map[holding]int{}
	for b := 1; b < len(o.Places); b++ {
		last := int64(engine.Never)
		for d := range o.Places[b].Inside {
			in := &o.Places[b].Inside[d]
			last = max(last, in.LastEvent)
			if in.Trucks > 0 || engine.Seen(in.LastTruckEvent) { // before the first truck, their number is unknown, not zero
				gauge(c.inside, float64(in.Trucks), c.voc.BCPName(event.BCP(b)), event.Direction(d).String())
			}
			for _, h := range c.held(event.BCP(b), event.Direction(d), &o.Places[b]) {
				at := holding{event.BCP(b), event.Direction(d), h.Phase, h.Holder, h.Presumed}
				held[at] += h.Trucks
				c.shown[at] = struct{}{}
			}
		}
		gauge(c.seen, oneIf(engine.Seen(last)), c.voc.BCPName(event.BCP(b)))
		if engine.Seen(last) {
			gauge(c.lastEvent, float64(last)/1000, c.voc.BCPName(event.BCP(b)))
		}
	}
	for h := range c.shown {
		gauge(c.trucksHeld, float64(held[h]), c.voc.BCPName(h.bcp), h.direction.String(), h.phase.String(), c.voc.HolderName(h.holder), strconv.FormatBool(h.presumed))
	}
	for i := range c.places {
		id := c.places[i].ID
		of := c.ofPlace(id)
		gauge(c.silence, of.SilentAfter.Seconds(), id)
		gauge(c.leftOut, float64(of.QueuesLeftOut), id)
		c.queues.collect(gauge, id, &of)
		c.usual.collect(gauge, id, &of)
		if t := of.Target; t.Seconds > 0 {
			gauge(c.target, t.Seconds, id, t.Statistic)
			if t.Value != nil {
				gauge(c.targetValue, *t.Value, id, t.Statistic)
				gauge(c.targetMet, oneIf(*t.Met), id, t.Statistic)
			}
		}
	}
}
