package prom

import (
	"math/rand/v2"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"dwell/ingest/event"
	"dwell/metrics/pipeline"
	"dwell/metrics/window"
)

// BenchmarkTimes counts a thousand release times at nine BCPs that never close, as times does and as the library's own
// histograms do.
func BenchmarkTimes(b *testing.B) {
	bcps := []string{"A", "B", "C", "D", "E", "F", "G", "H", "I"}
	voc, err := event.NewVocabulary(bcps, []string{event.CustomsName})
	if err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	batch := make([]pipeline.KnownTime, 1000)
	for i := range batch {
		ms := int64(3_600_000 * (0.1 + 6*r.Float64()))
		batch[i] = pipeline.KnownTime{
			BCP: event.BCP(1 + r.IntN(len(bcps))), Direction: event.Direction(1 + r.IntN(2)), Measure: window.ReleaseTime, Ms: ms, NetMs: ms,
		}
	}
	b.Run("times", func(b *testing.B) {
		t := newTimes(voc)
		for b.Loop() {
			t.count(batch)
		}
	})
	b.Run("library", func(b *testing.B) {
		vec := func(name string) *prometheus.HistogramVec {
			return prometheus.NewHistogramVec(prometheus.HistogramOpts{
				Name: name, Buckets: classic[:], NativeHistogramBucketFactor: 1.022,
				NativeHistogramZeroThreshold: prometheus.NativeHistogramZeroThresholdZero,
			}, []string{"bcp", "direction"})
		}
		gross, net := vec("gross"), vec("net")
		for b.Loop() {
			for i := range batch {
				one := &batch[i]
				labels := []string{voc.BCPName(one.BCP), one.Direction.String()}
				gross.WithLabelValues(labels...).Observe(float64(one.Ms) / 1000)
				net.WithLabelValues(labels...).Observe(float64(one.NetMs) / 1000)
			}
		}
	})
}
