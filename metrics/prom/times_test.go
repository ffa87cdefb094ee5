package prom_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"

	"dwell/ingest/event"
	"dwell/metrics/pipeline"
	"dwell/metrics/prom"
	"dwell/metrics/window"
)

// The histogram of the Prometheus library, which observes each time separately, is the oracle. The border is open day and night at
// first, and then closed for some trucks.
func TestTimesMatchTheLibraryHistogram(t *testing.T) {
	b := newBorder(t)
	r := rand.New(rand.NewPCG(1, 2))
	var batch pipeline.Batch
	oracles := map[string]prometheus.Histogram{}
	for _, name := range []string{"dwell_release_time_seconds", "dwell_release_net_time_seconds"} {
		oracles[name] = prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    name,
			Buckets: prom.ClassicBuckets(), NativeHistogramBucketFactor: 1.022,
			NativeHistogramZeroThreshold: prometheus.NativeHistogramZeroThresholdZero,
		})
	}
	tell := func(ms, net int64) {
		batch.Times = append(batch.Times, pipeline.KnownTime{BCP: torkham, Direction: event.Inbound, Measure: window.ReleaseTime, Ms: ms, NetMs: net})
		oracles["dwell_release_time_seconds"].Observe(float64(ms) / 1000)
		oracles["dwell_release_net_time_seconds"].Observe(float64(net) / 1000)
	}
	sameOne := func(when, name string, oracle prometheus.Histogram) {
		t.Helper()
		got := histogramOf(t, b.registry, name)
		var want dto.Metric
		if err := oracle.Write(&want); err != nil {
			t.Fatal(err)
		}
		if at := got.GetCreatedTimestamp().AsTime(); time.Since(at) > time.Hour || time.Since(at) < 0 {
			t.Errorf("%s: %s was created at %s", when, name, at)
		}
		got.CreatedTimestamp, want.Histogram.CreatedTimestamp = nil, nil
		// A sum of whole milliseconds is nearer the truth than one of seconds.
		if math.Abs(*got.SampleSum-*want.Histogram.SampleSum) > 1e-6*(*got.SampleSum) {
			t.Errorf("%s: the sum of %s is %f, should be %f", when, name, *got.SampleSum, *want.Histogram.SampleSum)
		}
		got.SampleSum, want.Histogram.SampleSum = nil, nil
		if !proto.Equal(got, want.Histogram) {
			t.Errorf("%s: %s is\n%s\nwant\n%s", when, name, got, want.Histogram)
		}
	}
	same := func(when string) {
		t.Helper()
		b.Applied(0, &batch)
		batch.Times = batch.Times[:0]
		for name, oracle := range oracles {
			sameOne(when, name, oracle)
		}
	}
	tell(0, 0)
	same("a truck waved through")
	for _, ms := range []int64{1_000, 300_000, 299_999, 300_001, 1, 604_800_000, 604_800_001, 2_000, 4_000} {
		tell(ms, ms)
	}
	same("at the bounds of buckets")
	for range 10_000 {
		ms := r.Int64N(1 << r.IntN(34))
		tell(ms, ms-r.Int64N(2)*ms/3)
	}
	same("ten thousand trucks")
}

func histogramOf(t *testing.T, registry prometheus.Gatherer, name string) *dto.Histogram {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetHistogram()
		}
	}
	t.Fatalf("%s is not there", name)
	return nil
}
