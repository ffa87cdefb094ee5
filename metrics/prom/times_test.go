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

// The histogram of the Prometheus library, which is told each time alone, is the oracle.
func TestTimesAreWhatTheLibrarysHistogramSays(t *testing.T) {
	b := newBorder(t)
	r := rand.New(rand.NewPCG(1, 2))
	var batch pipeline.Batch
	oracle := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "dwell_release_time_seconds",
		Buckets: prom.ClassicBuckets(), NativeHistogramBucketFactor: 1.022,
		NativeHistogramZeroThreshold: prometheus.NativeHistogramZeroThresholdZero,
	})
	tell := func(ms int64) {
		batch.Told = append(batch.Told, pipeline.Told{BCP: torkham, Direction: event.Inbound, Measure: window.ReleaseTime, Ms: ms, NetMs: ms / 2})
		oracle.Observe(float64(ms) / 1000)
	}
	same := func(when string) {
		t.Helper()
		b.Applied(0, &batch)
		batch.Told = batch.Told[:0]
		got := histogramOf(t, b.registry, "dwell_release_time_seconds")
		var want dto.Metric
		if err := oracle.Write(&want); err != nil {
			t.Fatal(err)
		}
		if at := got.GetCreatedTimestamp().AsTime(); time.Since(at) > time.Hour || time.Since(at) < 0 {
			t.Errorf("%s: created at %s", when, at)
		}
		got.CreatedTimestamp, want.Histogram.CreatedTimestamp = nil, nil
		// A sum of whole milliseconds is nearer the truth than one of seconds.
		if math.Abs(*got.SampleSum-*want.Histogram.SampleSum) > 1e-6*(*got.SampleSum) {
			t.Errorf("%s: the sum is %f, should be %f", when, *got.SampleSum, *want.Histogram.SampleSum)
		}
		got.SampleSum, want.Histogram.SampleSum = nil, nil
		if !proto.Equal(got, want.Histogram) {
			t.Errorf("%s: got\n%s\nwant\n%s", when, got, want.Histogram)
		}
	}
	tell(0)
	same("a truck waved through")
	for _, ms := range []int64{1_000, 300_000, 299_999, 300_001, 1, 604_800_000, 604_800_001, 2_000, 4_000} {
		tell(ms)
	}
	same("at the bounds of buckets")
	for range 10_000 {
		tell(r.Int64N(1 << r.IntN(34)))
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
