package simulator

import (
	"errors"
	"fmt"
	"time"

	"dwell/ingest/event"
)

// Series is what happened at one BCP in one direction, step by step: index i of each slice is the step
// [Start + i*Step, Start + (i+1)*Step), or its beginning. It counts the truth, whatever is sent of it.
type Series struct {
	Place     string
	Direction event.Direction
	Start     time.Time
	Step      time.Duration

	// Arrived, Released, Refused and Departed count trucks in the step.
	Arrived, Released, Refused, Departed []int32
	// Expected is the mean of the trucks that set out so as to arrive in the step, as the calibration and the scenario have it.
	// Without a scenario that changes arrivals, those that declare ahead come up to a day later. A far side that blocks the way
	// also delays them.
	Expected []float64
	// Inside are the trucks that are there when the step begins, and Unreleased those of them that are neither released nor refused.
	Inside, Unreleased []int32
	// Held are the trucks inside by who really has them, also of waits that no event has explained yet.
	Held map[string][]int32
}

// Tally simulates without events, which takes a fraction of the time, and counts each BCP and direction. The order is that of the
// places, inbound first. Memory is bounded by the number of steps, so Until must be set. Config.Truth is not called.
func Tally(cfg Config, step time.Duration) ([]Series, error) {
	if cfg.Until.IsZero() {
		return nil, errors.New("simulator: a tally needs until")
	}
	if step < time.Minute {
		return nil, fmt.Errorf("simulator: step %v is less than a minute", step)
	}
	cfg.Truth = nil
	s, err := silent(cfg)
	if err != nil {
		return nil, err
	}
	t := tally{
		sim: s, start: s.now, step: step.Milliseconds(), n: int((s.until - s.now + step.Milliseconds() - 1) / step.Milliseconds()),
		of: map[*post]int{},
	}
	for i, p := range s.posts {
		t.of[p] = 2 * i
		for _, d := range []event.Direction{event.Inbound, event.Outbound} {
			t.series = append(t.series, t.blank(p, d, cfg.From, step))
		}
	}
	s.seen = t.count
	for s.step() {
	}
	for i := range t.series {
		t.series[i].accumulate()
	}
	return t.series, nil
}

type tally struct {
	sim         *Simulator
	start, step int64
	n           int
	series      []Series
	of          map[*post]int // the index of a post's first series
}

func (t *tally) blank(p *post, d event.Direction, from time.Time, step time.Duration) Series {
	s := Series{Place: p.place.ID, Direction: d, Start: from, Step: step, Held: map[string][]int32{}, Expected: make([]float64, t.n)}
	for _, counts := range []*[]int32{&s.Arrived, &s.Released, &s.Refused, &s.Departed, &s.Inside, &s.Unreleased} {
		*counts = make([]int32, t.n)
	}
	for i := range s.Expected {
		at := t.start + int64(i)*t.step
		for till := at + t.step; at < till; {
			rate, until := p.rate(d, at)
			until = min(until, till)
			s.Expected[i] += rate * float64(until-at)
			at = until
		}
	}
	return s
}

// count adds a truck that is gone, or that is still there at the end. Of what lasts it marks where it begins and ends.
func (t *tally) count(truck *truck) {
	if truck.arrived == 0 {
		return
	}
	s := &t.series[t.of[truck.visit.post]+int(truck.visit.direction-event.Inbound)]
	for _, fact := range []struct {
		at int64
		in []int32
	}{{truck.arrived, s.Arrived}, {truck.released, s.Released}, {truck.refused, s.Refused}, {truck.departed, s.Departed}} {
		if i := (fact.at - t.start) / t.step; fact.at != 0 && 0 <= i && i < int64(t.n) {
			fact.in[i]++
		}
	}
	t.lasts(s.Inside, truck.arrived, truck.departed)
	cleared := truck.released
	if cleared == 0 || truck.refused != 0 && truck.refused < cleared {
		cleared = truck.refused
	}
	t.lasts(s.Unreleased, truck.arrived, cleared)
	for i, g := range truck.stretches {
		till := truck.departed
		if i+1 < len(truck.stretches) {
			till = truck.stretches[i+1].start
		}
		name := t.sim.voc.HolderName(g.holder)
		if s.Held[name] == nil {
			s.Held[name] = make([]int32, t.n)
		}
		t.lasts(s.Held[name], g.start, till)
	}
}

// lasts marks the steps that begin in [from, till); till is zero of what has not ended.
func (t *tally) lasts(counts []int32, from, till int64) {
	first := func(at int64) int64 { return max((at-t.start+t.step-1)/t.step, 0) } // that begins at that time or later
	if i := first(from); i < int64(t.n) {
		counts[i]++
	}
	if i := first(till); till != 0 && i < int64(t.n) {
		counts[i]--
	}
}

// accumulate turns marks into counts.
func (s *Series) accumulate() {
	all := [][]int32{s.Inside, s.Unreleased}
	for _, held := range s.Held {
		all = append(all, held)
	}
	for _, counts := range all {
		for i := 1; i < len(counts); i++ {
			counts[i] += counts[i-1]
		}
	}
}
