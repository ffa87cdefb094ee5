package engine

import (
	"slices"

	"dwell/ingest/event"
	"dwell/metrics/hours"
	"dwell/metrics/window"
)

// Why viewers may be shown what is not stored yet.
//
// An overview is a function of the shard's log before an offset, as the rows of a flush are, and making one changes nothing that
// a flush writes. So what its owner has shown and not flushed is no promise that a crash could break: the next owner reads the
// same log, and reaches the same numbers. In between its overview is as of an older offset, and says so (Standing).
//
// While a shard replays, windows may be ahead of its visits (recovery.go). Their hours are shown as they are stored, and a
// contribution that they have already is not added to them, by the same condition as in a flush.

// Overview is what one or several shards know of the border as of the last event that they have applied, flushed or not. It
// never changes.
type Overview struct {
	// Shards has where each shard stands, in the order of their ids.
	Shards []Standing
	// Places has the BCPs by event.BCP; there is no BCP 0.
	Places []PlaceOverview
}

// Standing is how far a shard's log is in an overview.
type Standing struct {
	Shard int
	// Offset is that of the next event to be applied.
	Offset int64
	// Latest is the time that the watermark follows, and Watermark that less the delay of the watermark, in Unix milliseconds. Both are
	// meaningless while HasLatest is false: no event has been applied yet.
	Latest, Watermark int64
	HasLatest         bool
	// Horizon is the instant after which all hours that ended are in the overview, in Unix milliseconds.
	Horizon int64
}

// PlaceOverview is what is known of one BCP.
type PlaceOverview struct {
	// Inside is the occupancy by event.Direction.
	Inside [directions]Occupancy
	// Hours are those with windows that end after the Horizon, in the order of their starts.
	Hours []HourAt
	// Openings are when the BCP was open, as far as its events and its calendar say; nil of what is not known from a log.
	Openings *hours.Hours
}

// HourAt is an hour by its start in minutes since the Unix epoch.
type HourAt struct {
	Start int32
	*window.HourSum
}

// recentHours are the hours of one BCP as of the last flush.
type recentHours struct {
	all []HourAt // ordered by start
	// stale are the starts of those that flushes have changed since.
	stale map[int32]struct{}
}

// noteHour notes that a flush has changed an hour.
func (s *State) noteHour(at window.Key) {
	r := &s.recent[at.BCP]
	if r.stale == nil {
		r.stale = map[int32]struct{}{}
	}
	r.stale[at.Start] = struct{}{}
}

// Overview returns what the shard knows, as of the offset of the next event to be applied. It must not be called between Missing
// and Flush.
func (s *State) Overview(shard int, next int64) *Overview {
	at := Standing{Shard: shard, Offset: next, Horizon: never}
	if at.HasLatest = s.latest != never; at.HasLatest {
		at.Latest, at.Watermark = s.latest, s.watermark()
		at.Horizon = at.Watermark - s.cfg.MemoryRetention.Milliseconds()
	}
	p := pending{state: s, horizon: at.Horizon, places: make([]PlaceOverview, len(s.places)), hours: map[hourOf]*window.HourSum{}}
	for b := 1; b < len(s.places); b++ {
		s.refreshHours(event.BCP(b), at.Horizon)
		to := &p.places[b]
		to.Hours, to.Openings = s.recent[b].all, s.opening(event.BCP(b))
		for d := range to.Inside {
			to.Inside[d] = NoOccupancy()
			if row := s.inside[placeOf(event.BCP(b), event.Direction(d))]; row != nil {
				to.Inside[d] = row.clone()
			}
		}
	}
	p.addDirty()
	p.replaceHours()
	return &Overview{Shards: []Standing{at}, Places: p.places}
}

// opening is the hours of a BCP, as they are now.
func (s *State) opening(b event.BCP) *hours.Hours {
	if s.openings[b] == nil {
		s.openings[b] = s.hours[b].Clone()
	}
	return s.openings[b]
}

// refreshHours sums up the hours that flushes have changed, and forgets those that ended at or before the horizon.
func (s *State) refreshHours(b event.BCP, horizon int64) {
	r := &s.recent[b]
	old := func(start int32) bool {
		return s.windows.ended(window.Key{BCP: b, Grain: window.Hour, Start: start}, horizon)
	}
	if len(r.stale) == 0 && (len(r.all) == 0 || !old(r.all[0].Start)) {
		return
	}
	all := make([]HourAt, 0, len(r.all)+len(r.stale))
	for _, h := range r.all {
		if _, stale := r.stale[h.Start]; !stale && !old(h.Start) {
			all = append(all, h)
		}
	}
	for start := range r.stale {
		if !old(start) {
			if sum := s.sumHour(b, start); sum != nil {
				all = append(all, HourAt{start, sum})
			}
		}
	}
	slices.SortFunc(all, func(a, b HourAt) int { return int(a.Start) - int(b.Start) })
	r.all = all
	clear(r.stale)
}

// sumHour is the sum of an hour's windows in memory, nil if there are none.
func (s *State) sumHour(b event.BCP, start int32) *window.HourSum {
	var sum *window.HourSum
	for d := range directions {
		ref, known := s.windows.series[placeOf(b, event.Direction(d))].hours.Get(start)
		if !known {
			continue
		}
		for m, a := range s.windows.all(&s.windows.hourly.At(ref).table) {
			if sum == nil {
				sum = &window.HourSum{}
			}
			sum.Add(m, a)
		}
	}
	return sum
}

type hourOf struct {
	bcp   event.BCP
	start int32
}

// pending adds to an overview what the last flush does not have.
type pending struct {
	state   *State
	horizon int64
	places  []PlaceOverview
	hours   map[hourOf]*window.HourSum // that have changed
}

// addDirty adds the deltas that were collected and not applied, and those of the dirty visits since.
func (p *pending) addDirty() {
	s := p.state
	for _, h := range s.windows.dirty {
		for _, d := range s.windows.deltas.Items(h.deltas) {
			p.add(d.key.of(h.at), d.offset, d.ms, d.closed, d.sign)
		}
	}
	if !s.deltasDue {
		return
	}
	for i := range s.dirty {
		d := &s.dirty[i]
		entry := s.visits.At(d.visit)
		st, lapsed := s.derive(d.visit), entry.lapsed()
		p.move(d.before, s.occupancyOf(d.visit, st))
		if entry.settled() {
			continue
		}
		s.after = window.Contributions(s.after[:0], st, lapsed)
		window.Changes(s.collected.Items(d.collected), s.after, func(c window.Contribution, sign int32) {
			p.add(s.windows.clocks[c.Key.BCP].In(c.Key, window.Hour), s.applied, c.Ms, c.Closed, sign)
		})
	}
}

// add adds a delta to its hour.
func (p *pending) add(k window.Key, offset, ms, closed int64, sign int32) {
	s := p.state
	if s.windows.ended(k, p.horizon) || len(s.ahead) > 0 && s.ahead[k] > offset {
		return
	}
	at := hourOf{k.BCP, k.Start}
	h := p.hours[at]
	if h == nil {
		h = &window.HourSum{}
		if known := p.places[k.BCP].hour(k.Start); known != nil {
			h = known.Clone()
		}
		p.hours[at] = h
	}
	h.Apply(k.Measure, ms, closed, sign)
}

// hour is the hour that starts then, nil if there is none.
func (o *PlaceOverview) hour(start int32) *window.HourSum {
	at, known := slices.BinarySearchFunc(o.Hours, start, func(h HourAt, start int32) int { return int(h.Start) - int(start) })
	if !known {
		return nil
	}
	return o.Hours[at].HourSum
}

// replaceHours takes the hours that have changed into the overview.
func (p *pending) replaceHours() {
	changed := map[event.BCP][]HourAt{}
	for at, h := range p.hours {
		changed[at.bcp] = append(changed[at.bcp], HourAt{at.start, h})
	}
	for b, hours := range changed {
		place := &p.places[b]
		for _, h := range place.Hours {
			if p.hours[hourOf{b, h.Start}] == nil {
				hours = append(hours, h)
			}
		}
		slices.SortFunc(hours, func(a, b HourAt) int { return int(a.Start) - int(b.Start) })
		place.Hours = hours
	}
}

// move moves a truck.
func (p *pending) move(before, after occupancy) {
	if before == after {
		return
	}
	p.count(before, -1)
	p.count(after, +1)
}

func (p *pending) count(o occupancy, sign int) {
	if o != (occupancy{}) {
		p.places[o.bcp].Inside[o.direction].Add(o.class, sign)
	}
}
