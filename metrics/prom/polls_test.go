package prom_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"dwell/metrics/prom"
)

// A document fails, another process takes it over while it does, and it comes back to this one: the series says what is known here and now.
func TestFailingDocumentIsOfTheProcessThatReadsIt(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	polls := prom.NewPolls(registry)
	wants := func(series string) {
		t.Helper()
		if series != "" {
			series = "# HELP dwell_source_failing 1 where the document of a source could not be read or imported at the last try, else 0. A process that does not read it has no series.\n" +
				"# TYPE dwell_source_failing gauge\n" + series + "\n"
		}
		if err := testutil.GatherAndCompare(registry, strings.NewReader(series), "dwell_source_failing"); err != nil {
			t.Error(err)
		}
	}
	wants("")
	polls.Failed("ministry")
	wants(`dwell_source_failing{source="ministry"} 1`)
	polls.Left("ministry")
	wants("")
	polls.Unchanged("ministry")
	wants(`dwell_source_failing{source="ministry"} 0`)
}
