package prom

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
)

const (
	minute = 60.0
	hour   = 60 * minute
	day    = 24 * hour
)

// dwellTime is a histogram of truck times: native buckets at schema 5, which are the bins of metrics/window, and classic
// ones up to seven days.
func dwellTime(name, help string) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: name, Help: help,
		Buckets: []float64{
			5 * minute, 10 * minute, 15 * minute, 30 * minute, 45 * minute, hour, 1.5 * hour, 2 * hour, 3 * hour, 4 * hour, 6 * hour,
			8 * hour, 12 * hour, 18 * hour, day, 1.5 * day, 2 * day, 3 * day, 4 * day, 5 * day, 7 * day,
		},
		// The schema is the coarsest whose factor is not above this: 2^(1/32) = 1.0219 of schema 5.
		NativeHistogramBucketFactor:  1.022,
		NativeHistogramZeroThreshold: prometheus.NativeHistogramZeroThresholdZero,
	}
}

// workTime is a histogram of what the program itself takes.
func workTime(name, help string) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: name, Help: help,
		Buckets:                     []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		NativeHistogramBucketFactor: 1.1,
	}
}

// observe adds a time, with the trace it was measured in where that is sampled.
func observe(ctx context.Context, o prometheus.Observer, took time.Duration) {
	span := trace.SpanContextFromContext(ctx)
	with, ok := o.(prometheus.ExemplarObserver)
	if !ok || !span.IsSampled() {
		o.Observe(took.Seconds())
		return
	}
	with.ObserveWithExemplar(took.Seconds(), prometheus.Labels{"trace_id": span.TraceID().String()})
}
