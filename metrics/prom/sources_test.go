package prom_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"dwell/metrics/prom"
)

// How many messages are left in a partition is not known before the first fetch, and is no zero then.
func TestLagOfASourceIsAbsentUntilItIsKnown(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	sources := prom.NewSources(registry)
	wants := func(want string) {
		t.Helper()
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "dwell_source_lag_messages"); err != nil {
			t.Error(err)
		}
	}
	sources.Normalized("gate.events", 0, 0, 0, 0, -1)
	wants("")
	sources.Normalized("gate.events", 0, 2, 0, 0, 7)
	wants(`# HELP dwell_source_lag_messages Messages of an agency's topic that have yet to become events, by partition.
		# TYPE dwell_source_lag_messages gauge
		dwell_source_lag_messages{partition="0",topic="gate.events"} 7
		`)
	sources.Closed("gate.events", 0)
	wants("")
}
