package prom_test

import (
	"fmt"
	"testing"

	"dwell/metrics/pipeline"
)

func TestForwardedRecordsAreCountedBySource(t *testing.T) {
	b := newBorder(t)
	b.Applied(0, &pipeline.Batch{Forwarded: map[string]int{"/customs": 2, "/gate": 1}})
	b.Applied(1, &pipeline.Batch{Forwarded: map[string]int{"/customs": 3}})
	b.wantSeries(t, `
		dwell_forwarded_records_total{source="/customs"} 5
		dwell_forwarded_records_total{source="/gate"} 1
	`, "dwell_forwarded_records_total")
}

// Whoever writes to the topic chooses the names of sources. Of a hundred, 64 have series of their own.
func TestSourcesOfForwardedRecordsAreBounded(t *testing.T) {
	b := newBorder(t)
	var want string
	for i := range 100 {
		source := fmt.Sprintf("/gate/%02d", i)
		b.Applied(0, &pipeline.Batch{Forwarded: map[string]int{source: 1}})
		b.Applied(1, &pipeline.Batch{Forwarded: map[string]int{source: 1}})
		if i < 64 {
			want += fmt.Sprintf("dwell_forwarded_records_total{source=%q} 2\n", source)
		}
	}
	b.wantSeries(t, want+`dwell_forwarded_records_total{source="others"} 72`, "dwell_forwarded_records_total")
}
