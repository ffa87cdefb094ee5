package prom

import (
	"maps"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/metrics/engine"
	"dwell/metrics/window"
)

// insideCollector collects the trucks inside, summed over the shards of this process, and after how long without events each
// BCP counts as unknown now. It implements prometheus.Collector.
type insideCollector struct {
	voc                              *event.Vocabulary
	places                           []place.Place
	silentAfter                      SilentAfter
	inside, held, lastEvent, silence *prometheus.Desc

	mu     sync.Mutex
	shards map[int]map[bcpDirection]*occupancy
}

type bcpDirection struct {
	bcp       event.BCP
	direction event.Direction
}

// occupancy is the state of one BCP and direction in one shard.
type occupancy struct {
	lastEvent int64
	trucks    int
	// held keeps a zero for each holder that has no truck any more, so that its series goes to zero instead of vanishing.
	held map[window.Measure]int
	// visited is true after the first visit: before it, the number of trucks inside is unknown, not zero.
	visited bool
}

func newInsideCollector(voc *event.Vocabulary, places []place.Place, silentAfter SilentAfter) *insideCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &insideCollector{
		voc: voc, places: places, silentAfter: silentAfter,
		inside: desc("dwell_trucks_inside",
			"Trucks inside, as of the latest event. Sum it over processes.", "bcp", "direction"),
		held: desc("dwell_trucks_held",
			"Trucks inside by phase (wait, service, hold, exit) and holder. Sum it over processes.", "bcp", "direction", "phase", "holder"),
		lastEvent: desc("dwell_bcp_last_event_timestamp_seconds",
			"Time of the latest event about the BCP. Take the maximum over processes.", "bcp"),
		silence: desc("dwell_bcp_silent_after_seconds",
			"Time without events after which the state of the BCP counts as unknown: its baseline for this hour of the week, or silent_after.", "bcp"),
		shards: map[int]map[bcpDirection]*occupancy{},
	}
}

// never is the lastEvent of a BCP without events. A shard has a still smaller value for none; so only a greater one is a time.
const never = -1 << 61

// update applies the occupancy that a flush has changed.
func (c *insideCollector) update(id int, f *engine.Flush) {
	c.mu.Lock()
	defer c.mu.Unlock()
	places := c.shards[id]
	if places == nil {
		places = map[bcpDirection]*occupancy{}
		c.shards[id] = places
	}
	at := func(p bcpDirection) *occupancy {
		if places[p] == nil {
			places[p] = &occupancy{lastEvent: never, held: map[window.Measure]int{}}
		}
		return places[p]
	}
	for i := range f.Inside {
		row := &f.Inside[i]
		s := at(bcpDirection{row.BCP, row.Direction})
		s.lastEvent, s.trucks = row.LastEvent, row.Trucks
		s.visited = s.visited || row.Trucks > 0 || row.Visited
		for m := range s.held {
			s.held[m] = 0
		}
		maps.Copy(s.held, row.Holders)
	}
}

func (c *insideCollector) close(id int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.shards, id)
}

// Describe implements prometheus.Collector.
func (c *insideCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.inside
	ch <- c.held
	ch <- c.lastEvent
	ch <- c.silence
}

// Collect implements prometheus.Collector.
func (c *insideCollector) Collect(ch chan<- prometheus.Metric) {
	sum, lastEvent := c.sum()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for p, s := range sum {
		bcp, direction := c.voc.BCPName(p.bcp), p.direction.String()
		gauge(c.inside, float64(s.trucks), bcp, direction)
		for m, n := range s.held {
			if phase, holder, ok := m.Segment(); ok {
				gauge(c.held, float64(n), bcp, direction, phase.String(), c.voc.HolderName(holder))
			}
		}
	}
	for bcp, ms := range lastEvent {
		gauge(c.lastEvent, float64(ms)/1000, c.voc.BCPName(bcp))
	}
	for i := range c.places {
		id := c.places[i].ID
		gauge(c.silence, c.silentAfter(id).Seconds(), id)
	}
}

// sum adds up the shards: the occupancy of each BCP and direction with a visit so far, and the last event of each BCP.
func (c *insideCollector) sum() (map[bcpDirection]*occupancy, map[event.BCP]int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum, lastEvent := map[bcpDirection]*occupancy{}, map[event.BCP]int64{}
	for _, places := range c.shards {
		for p, s := range places {
			if last, seen := lastEvent[p.bcp]; s.lastEvent > never && (!seen || s.lastEvent > last) {
				lastEvent[p.bcp] = s.lastEvent
			}
			if !s.visited {
				continue
			}
			if sum[p] == nil {
				sum[p] = &occupancy{held: map[window.Measure]int{}}
			}
			sum[p].trucks += s.trucks
			for m, n := range s.held {
				sum[p].held[m] += n
			}
		}
	}
	return sum, lastEvent
}
