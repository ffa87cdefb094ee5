package visit

import "testing"

// BenchmarkFacts encodes and decodes the facts of a visit with two inspections and a hold, and reports their size.
func BenchmarkFacts(b *testing.B) {
	v := vocabulary(b)
	var visit Visit
	for _, f := range parseStory(b, v, `arrived 08:00; declared 08:20; channel red 08:30; inspection border_police 09:00-09:10;
		inspection customs 09:20-09:50; hold customs 10:00-11:30; paid 11:40; released 11:45; departed 12:00`) {
		visit.Apply(f)
	}
	stored := visit.AppendFacts(nil, v)
	size := func(b *testing.B) { b.ReportMetric(float64(len(stored))/float64(len(visit.Facts())), "B/fact") }
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			stored = visit.AppendFacts(stored[:0], v)
		}
		size(b)
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ParseFacts(stored, 1, v); err != nil {
				b.Fatal(err)
			}
		}
		size(b)
	})
}
