package prom_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"dwell/metrics/prom"
)

// A topic that nothing was read of yet has lost and refused nothing; alerts look at the increase.
func TestTopicIsCountedFromZero(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	prom.NewSources(registry, []string{"gate.events"})
	const want = `# HELP dwell_source_lost_messages_total Messages of an agency's topic that were deleted before they were read.
		# TYPE dwell_source_lost_messages_total counter
		dwell_source_lost_messages_total{topic="gate.events"} 0
		`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "dwell_source_lost_messages_total"); err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(registry, "dwell_source_records_total"); n != 3 || err != nil {
		t.Errorf("%d outcomes, %v", n, err)
	}
}

// How many messages are left in a partition is not known before the first fetch, and is no zero then.
func TestLagOfASourceIsAbsentUntilItIsKnown(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	sources := prom.NewSources(registry, nil)
	wants := func(want string) {
		t.Helper()
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "dwell_source_lag_messages"); err != nil {
			t.Error(err)
		}
	}
	sources.Normalized("gate.events", 2, 0, 0)
	wants("")
	sources.Left("gate.events", 0, 7)
	wants(`# HELP dwell_source_lag_messages Messages of an agency's topic that have yet to become events, by partition.
		# TYPE dwell_source_lag_messages gauge
		dwell_source_lag_messages{partition="0",topic="gate.events"} 7
		`)
	sources.Revoked("gate.events", 0)
	wants("")
}
