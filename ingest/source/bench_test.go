package source_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"dwell/ingest/source"
)

// BenchmarkReadings reads a CSV file of 100,000 lines: the bar is 200,000 lines a CPU-second.
func BenchmarkReadings(b *testing.B) {
	const lines = 100_000
	var file bytes.Buffer
	file.WriteString("time,place,trucks,paused\n")
	names := []string{"PL-18-MEDYKA", "PL-06-ZOSIN", "PL-06-DOROHUSK"}
	for i := range lines {
		at := time.Unix(1700000000+int64(i/len(names))*60, 0).UTC()
		fmt.Fprintf(&file, "%s,%s,%d,%d\n", at.Format(time.RFC3339), names[i%len(names)], i%300, i/1000%2)
	}
	m, v := []source.Mapping{mapping(b, counts)}, vocabulary(b)
	b.ReportAllocs()
	for b.Loop() {
		r, err := source.NewReader(bytes.NewReader(file.Bytes()), m, v, zoneOf, today)
		if err != nil {
			b.Fatal(err)
		}
		for _, err := range r.Lines() {
			if err != nil {
				b.Fatal(err)
			}
		}
		if r.Tally().Taken != lines {
			b.Fatal(r.Tally())
		}
	}
	b.ReportMetric(float64(lines*b.N)/b.Elapsed().Seconds(), "lines/s")
}
