package border

import (
	"slices"

	"dwell/metrics/engine"
	"dwell/metrics/hours"
	"dwell/metrics/window"
)

// placeSum is the sum of one BCP over all shards, with what it was made of: few BCPs change in a second, and few of their hours.
type placeSum struct {
	lists  [][]engine.HourAt // by shard
	hours  []engine.HourAt
	parts  map[int32][]*window.HourSum // of each of the hours, by start
	opened []*hours.Hours              // by shard
	open   *hours.Hours
}

func (p *placeSum) add(parts []*engine.Overview, at int) (sum engine.PlaceOverview) {
	var lists [][]engine.HourAt
	var opened []*hours.Hours
	for d := range sum.Inside {
		sum.Inside[d] = engine.NoOccupancy()
	}
	for _, o := range parts {
		of := &o.Places[at]
		lists, opened = append(lists, of.Hours), append(opened, of.Openings)
		for d := range of.Inside {
			addOccupancy(&sum.Inside[d], &of.Inside[d])
		}
	}
	if !slices.EqualFunc(lists, p.lists, sameList) {
		p.addHours(lists)
	}
	if !slices.Equal(opened, p.opened) {
		p.addOpenings(opened)
	}
	sum.Hours, sum.Openings = p.hours, p.open
	return sum
}

// sameList reports whether two lists of hours, which never change, are one.
func sameList(a, b []engine.HourAt) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

func (p *placeSum) addHours(lists [][]engine.HourAt) {
	before, sums := p.parts, map[int32]*window.HourSum{}
	for _, h := range p.hours {
		sums[h.Start] = h.HourSum
	}
	p.lists, p.hours, p.parts = lists, nil, map[int32][]*window.HourSum{}
	for _, list := range lists {
		for _, h := range list {
			p.parts[h.Start] = append(p.parts[h.Start], h.HourSum)
		}
	}
	for start, parts := range p.parts {
		sum := sums[start]
		if !slices.Equal(parts, before[start]) {
			sum = sumOf(parts)
		}
		p.hours = append(p.hours, engine.HourAt{Start: start, HourSum: sum})
	}
	slices.SortFunc(p.hours, func(a, b engine.HourAt) int { return int(a.Start) - int(b.Start) })
}

func sumOf(parts []*window.HourSum) *window.HourSum {
	if len(parts) == 1 {
		return parts[0]
	}
	sum := parts[0].Clone()
	for _, h := range parts[1:] {
		sum.Merge(h)
	}
	return sum
}

// addOpenings merges the openings of all shards. Each has all events about the BCP in its log, but not all are as far.
func (p *placeSum) addOpenings(opened []*hours.Hours) {
	p.opened, p.open = opened, nil
	for _, h := range opened {
		switch {
		case h == nil:
		case p.open == nil:
			p.open = h.Clone()
		default:
			p.open.Merge(h)
		}
	}
}

func addOccupancy(to, o *engine.Occupancy) {
	to.LastEvent, to.LastTruckEvent = max(to.LastEvent, o.LastEvent), max(to.LastTruckEvent, o.LastTruckEvent)
	to.Trucks += o.Trucks
	if to.Classes == nil {
		to.Classes = map[engine.Class]int{}
	}
	for c, n := range o.Classes {
		to.Classes[c] += n
	}
}
