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

// board knows who is inside, as the shards of this process do, and collects the sums, and how long each BCP may be silent
// now. It implements prometheus.Collector.
type board struct {
	voc                             *event.Vocabulary
	places                          []place.Place
	silentAfter                     SilentAfter
	inside, held, lastEvent, silent *prometheus.Desc

	mu     sync.Mutex
	shards map[int]map[bcpDirection]*seats
}

type bcpDirection struct {
	bcp       event.BCP
	direction event.Direction
}

// seats is what one shard knows of one BCP and direction.
type seats struct {
	lastEvent int64
	trucks    int
	// held has a zero for each holder that had a truck and has none, so that its series comes down before it ends.
	held map[window.Measure]int
	// ofTrucks is true once a visit came: without one, no truck inside is not zero trucks but unknown.
	ofTrucks bool
}

func newBoard(voc *event.Vocabulary, places []place.Place, silentAfter SilentAfter) *board {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &board{
		voc: voc, places: places, silentAfter: silentAfter,
		inside: desc("dwell_trucks_inside",
			"Trucks inside, as of the latest event. Sum it over processes.", "bcp", "direction"),
		held: desc("dwell_trucks_held",
			"Trucks inside by phase (wait, service, hold, exit) and by who has them. Sum it over processes.", "bcp", "direction", "phase", "holder"),
		lastEvent: desc("dwell_bcp_last_event_timestamp_seconds",
			"Time of the latest event about the BCP. Take the maximum over processes.", "bcp"),
		silent: desc("dwell_bcp_silent_after_seconds",
			"Silence after which what is known of the BCP counts as unknown: its own baseline at this hour of the week, or as configured.", "bcp"),
		shards: map[int]map[bcpDirection]*seats{},
	}
}

// never is above the time that a shard keeps for a BCP without events.
const never = -1 << 61

// update takes what a flush has changed.
func (b *board) update(id int, f *engine.Flush) {
	b.mu.Lock()
	defer b.mu.Unlock()
	places := b.shards[id]
	if places == nil {
		places = map[bcpDirection]*seats{}
		b.shards[id] = places
	}
	at := func(p bcpDirection) *seats {
		if places[p] == nil {
			places[p] = &seats{lastEvent: never, held: map[window.Measure]int{}}
		}
		return places[p]
	}
	for i := range f.Inside {
		row := &f.Inside[i]
		s := at(bcpDirection{row.BCP, row.Direction})
		s.lastEvent, s.trucks = row.LastEvent, row.Trucks
		s.ofTrucks = s.ofTrucks || row.Trucks > 0 || row.Visited
		for m := range s.held {
			s.held[m] = 0
		}
		maps.Copy(s.held, row.Holders)
	}
}

func (b *board) close(id int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.shards, id)
}

// Describe implements prometheus.Collector.
func (b *board) Describe(ch chan<- *prometheus.Desc) {
	ch <- b.inside
	ch <- b.held
	ch <- b.lastEvent
	ch <- b.silent
}

// Collect implements prometheus.Collector.
func (b *board) Collect(ch chan<- prometheus.Metric) {
	sum, lastEvent := b.sum()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for p, s := range sum {
		bcp, direction := b.voc.BCPName(p.bcp), p.direction.String()
		gauge(b.inside, float64(s.trucks), bcp, direction)
		for m, n := range s.held {
			if phase, holder, ok := m.Segment(); ok {
				gauge(b.held, float64(n), bcp, direction, phase.String(), b.voc.HolderName(holder))
			}
		}
	}
	for bcp, ms := range lastEvent {
		gauge(b.lastEvent, float64(ms)/1000, b.voc.BCPName(bcp))
	}
	for i := range b.places {
		id := b.places[i].ID
		gauge(b.silent, b.silentAfter(id).Seconds(), id)
	}
}

// sum adds up the shards: the places of which trucks are known, and when each BCP was last seen.
func (b *board) sum() (map[bcpDirection]*seats, map[event.BCP]int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	sum, lastEvent := map[bcpDirection]*seats{}, map[event.BCP]int64{}
	for _, places := range b.shards {
		for p, s := range places {
			if last, seen := lastEvent[p.bcp]; s.lastEvent > never && (!seen || s.lastEvent > last) {
				lastEvent[p.bcp] = s.lastEvent
			}
			if !s.ofTrucks {
				continue
			}
			if sum[p] == nil {
				sum[p] = &seats{held: map[window.Measure]int{}}
			}
			sum[p].trucks += s.trucks
			for m, n := range s.held {
				sum[p].held[m] += n
			}
		}
	}
	return sum, lastEvent
}
