package prom

import (
	"cmp"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"dwell/ingest/event"
	"dwell/metrics/pipeline"
	"dwell/metrics/window"
)

// classic are the upper bounds, in seconds, of the classic buckets, up to seven days.
var classic = [...]float64{
	5 * minute, 10 * minute, 15 * minute, 30 * minute, 45 * minute, hour, 1.5 * hour, 2 * hour, 3 * hour, 4 * hour, 6 * hour,
	8 * hour, 12 * hour, 18 * hour, day, 1.5 * day, 2 * day, 3 * day, 4 * day, 5 * day, 7 * day,
}

// times are the histograms of release and crossing times, with native buckets at schema 5, which are the bins of
// metrics/window, and classic ones. They expose the same as a prometheus.HistogramVec, and implement prometheus.Collector. A
// batch is counted under one lock in plain numbers, where a HistogramVec looks up a series and a bucket for each time. That
// takes ten times as long (BenchmarkTimes, median of 12 alternating pairs, 2026-11-29, 2 cores that were busy), and took a
// twelfth of the program's CPU time.
type times struct {
	voc   *event.Vocabulary
	descs map[kind]*prometheus.Desc

	mu      sync.Mutex
	tallies map[series]*tallies
}

// kind is which time it is.
type kind struct {
	measure window.Measure
	net     bool
}

// series is a time of a BCP and direction, gross and net.
type series struct {
	measure   window.Measure
	bcp       event.BCP
	direction event.Direction
}

// tallies are the gross and the net tally of a series. At a BCP that never closes they are the same.
type tallies struct {
	tally
	net *tally // nil while equal to gross
}

// tally is one histogram.
type tally struct {
	created time.Time
	count   uint64
	ms      int64
	// zero counts times of zero; bins has one count for each bin from low on.
	zero uint64
	low  int16
	bins []uint64
	// classic counts the times in each classic bucket, not cumulated; the last has no upper bound.
	classic [len(classic) + 1]uint64
}

func newTimes(voc *event.Vocabulary) *times {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, []string{"bcp", "direction"}, nil)
	}
	return &times{
		voc: voc,
		descs: map[kind]*prometheus.Desc{
			{window.ReleaseTime, false}: desc("dwell_release_time_seconds",
				"Time from arrival to release, when first known."),
			{window.CrossingTime, false}: desc("dwell_crossing_time_seconds",
				"Time from arrival to departure, when first known."),
			{window.ReleaseTime, true}: desc("dwell_release_net_time_seconds",
				"Time from arrival to release net of the hours in which the BCP was closed, when first known."),
			{window.CrossingTime, true}: desc("dwell_crossing_net_time_seconds",
				"Time from arrival to departure net of the hours in which the BCP was closed, when first known."),
		},
		tallies: map[series]*tallies{},
	}
}

// count counts the times that became known with a batch.
func (t *times) count(known []pipeline.KnownTime) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range known {
		b := &known[i]
		of := series{b.Measure, b.BCP, b.Direction}
		both := t.tallies[of]
		if both == nil {
			both = &tallies{tally: tally{created: time.Now()}}
			t.tallies[of] = both
		}
		if both.net == nil && b.NetMs != b.Ms {
			both.net = both.copied()
		}
		if both.net != nil {
			both.net.add(b.NetMs)
		}
		both.add(b.Ms)
	}
}

func (t *tally) copied() *tally {
	c := *t
	c.bins = slices.Clone(t.bins)
	return &c
}

func (t *tally) add(ms int64) {
	t.count++
	t.ms += ms
	t.classic[sort.SearchFloat64s(classic[:], float64(ms)/1000)]++
	bin := window.BinOf(ms)
	switch {
	case bin == window.ZeroBin:
		t.zero++
		return
	case len(t.bins) == 0:
		t.low = bin
	case bin < t.low:
		t.bins = append(make([]uint64, t.low-bin), t.bins...)
		t.low = bin
	}
	if missing := int(bin-t.low) + 1 - len(t.bins); missing > 0 {
		t.bins = append(t.bins, make([]uint64, missing)...)
	}
	t.bins[bin-t.low]++
}

// Describe implements prometheus.Collector.
func (t *times) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range t.descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (t *times) Collect(ch chan<- prometheus.Metric) {
	for s, both := range t.now() {
		bcp, direction := t.voc.BCPName(s.bcp), s.direction.String()
		ch <- both.metric(t.descs[kind{s.measure, false}], bcp, direction)
		ch <- cmp.Or(both.net, &both.tally).metric(t.descs[kind{s.measure, true}], bcp, direction)
	}
}

// now is a copy, so that shards wait only while it is made.
func (t *times) now() map[series]*tallies {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := make(map[series]*tallies, len(t.tallies))
	for s, both := range t.tallies {
		c := &tallies{tally: *both.copied()}
		if both.net != nil {
			c.net = both.net.copied()
		}
		now[s] = c
	}
	return now
}

func (t *tally) metric(desc *prometheus.Desc, labels ...string) prometheus.Metric {
	native := map[int]int64{}
	for i, n := range t.bins {
		if n > 0 {
			native[int(t.low)+i] = int64(n)
		}
	}
	m := both{Metric: prometheus.MustNewConstNativeHistogram(desc, t.count, float64(t.ms)/1000, native, nil, t.zero,
		window.Schema, 0, t.created, labels...)}
	below := uint64(0)
	for i := range classic {
		below += t.classic[i]
		m.classic = append(m.classic, &dto.Bucket{CumulativeCount: new(below), UpperBound: new(classic[i])})
	}
	return m
}

// both is a native histogram with classic buckets.
type both struct {
	prometheus.Metric
	classic []*dto.Bucket
}

// Write implements prometheus.Metric.
func (b both) Write(out *dto.Metric) error {
	if err := b.Metric.Write(out); err != nil {
		return err
	}
	out.Histogram.Bucket = b.classic
	return nil
}
