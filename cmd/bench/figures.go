package main

import (
	"fmt"
	"io"
	"slices"
)

// pair is one round of an engine: a run over the whole topic and a run over the small topic.
type pair struct {
	whole, small cost
}

// report prints the figures of an engine, one per line: name, median, unit, lowest and highest of the rounds.
func report(w io.Writer, name string, events, small int, rounds []pair) {
	line := func(figure, unit string, digits int, of func(p pair) float64) {
		var all []float64
		for _, p := range rounds {
			all = append(all, of(p))
		}
		slices.Sort(all)
		fmt.Fprintf(w, "%s/%s %.*f %s (%.*f to %.*f)\n", name, figure, digits, median(all), unit, digits, all[0], digits, all[len(all)-1])
	}
	if small > 0 {
		line("steady", "events/cpu-s", 0, func(p pair) float64 {
			return float64(events-small) / (p.whole.cpu - p.small.cpu).Seconds()
		})
	}
	line("whole", "events/cpu-s", 0, func(p pair) float64 { return float64(events) / p.whole.cpu.Seconds() })
	line("all", "events/cpu-s", 0, func(p pair) float64 {
		return float64(events) / (p.whole.cpu + p.whole.broker + p.whole.database).Seconds()
	})
	line("wall", "s", 1, func(p pair) float64 { return p.whole.wall.Seconds() })
	line("memory", "MiB", 0, func(p pair) float64 { return float64(p.whole.peak >> 20) })
	line("broker", "cpu-s", 2, func(p pair) float64 { return p.whole.broker.Seconds() })
	line("database", "cpu-s", 2, func(p pair) float64 { return p.whole.database.Seconds() })
}

// median is the middle one of numbers in order, or the mean of the two in the middle.
func median(ordered []float64) float64 {
	n := len(ordered)
	return (ordered[(n-1)/2] + ordered[n/2]) / 2
}
