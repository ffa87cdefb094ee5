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
