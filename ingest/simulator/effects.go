package simulator

import (
	"math"
	"slices"
	"time"

	"dwell/ingest/event"
)

// effects are what a scenario does at one post.
type effects struct {
	service, arrivals, lanes []change
	outages                  []outage
	holidays                 []holiday
	days                     *days // nil without a variation
	noBlocks                 bool
}

// change is one factor of an intervention.
type change struct {
	span
	direction event.Direction
	stage     Stage
	agency    event.Agency
	factor    float64
}

// span is [from, till), in Unix milliseconds.
type span struct{ from, till int64 }

func (s span) has(t int64) bool { return s.from <= t && t < s.till }

func newSpan(from, until time.Time) span {
	s := span{math.MinInt64, math.MaxInt64}
	if !from.IsZero() {
		s.from = from.UnixMilli()
	}
	if !until.IsZero() {
		s.till = until.UnixMilli()
	}
	return s
}

type outage struct {
	span
	agency event.Agency // any if none
	types  []event.Type // any if none
	late   bool
}

// concerns reports whether the instrument sends the record.
func (o *outage) concerns(r *record) bool {
	if !o.late && (r.typ == event.BCPOpened || r.typ == event.BCPClosed) {
		return false
	}
	return (o.agency == event.NoAgency || o.agency == r.sender) && (len(o.types) == 0 || slices.Contains(o.types, r.about))
}

// holiday is a range of local days, counted as dayOf does.
type holiday struct {
	first, days int64
	closed      bool
}

// dayOf counts the local days.
func dayOf(local time.Time) int64 {
	y, m, d := local.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (day / second)
}

// effects are those of a scenario that has been checked at one of its places.
func (sc *Scenario) effects(p *post, seed uint64) (e effects) {
	here := func(place string) bool { return place == "" || place == p.place.ID }
	for _, i := range sc.Interventions {
		if !here(i.Place) {
			continue
		}
		agency, _ := p.voc.Holder([]byte(i.Agency))
		add := func(to *[]change, factor float64) {
			if factor != 0 {
				*to = append(*to, change{newSpan(i.From, i.Until), i.Direction, i.Stage, agency, factor})
			}
		}
		add(&e.service, i.ServiceFactor)
		add(&e.arrivals, i.ArrivalFactor)
		add(&e.lanes, i.LanesFactor)
	}
	for _, o := range sc.Outages {
		if here(o.Place) {
			agency, _ := p.voc.Agency([]byte(o.Agency))
			during := newSpan(o.From, o.Until)
			during.from = max(during.from, p.sim.now)
			e.outages = append(e.outages, outage{during, agency, o.Types, o.Late})
		}
	}
	for _, h := range sc.Holidays {
		if here(h.Place) {
			date, _ := time.Parse(time.DateOnly, h.Date)
			e.holidays = append(e.holidays, holiday{dayOf(date), int64(max(h.Days, 1)), h.Closed})
		}
	}
	for _, v := range sc.Variations {
		if here(v.Place) {
			e.days = newDays(v, p, seed)
			e.noBlocks = v.NoBlocks
		}
	}
	return e
}

// holidayOn is whether a local day is a holiday, and whether the post is closed on it.
func (e *effects) holidayOn(local time.Time) (is, closed bool) {
	if len(e.holidays) == 0 {
		return false, false
	}
	date := dayOf(local)
	for _, h := range e.holidays {
		if h.first <= date && date < h.first+h.days {
			is, closed = true, closed || h.closed
		}
	}
	return is, closed
}

// closedDays is how many days of holidays the post is closed, at most.
func (e *effects) closedDays() (n int64) {
	for _, h := range e.holidays {
		if h.closed {
			n += h.days
		}
	}
	return n
}

// stages are those of the stations.
var stages = [stationKinds]Stage{StageGate, StageGate, StageDocument, StageScan, StagePhysical, StageWeighbridge, StageSPS}

// stage is where a step happens, and who does it.
func (p *post) stage(s *step) (Stage, event.Agency) {
	switch s.op {
	case lodge:
		return StageDeclaration, p.voc.Trader
	case pay, settle:
		return StagePayment, p.voc.Trader
	case assign:
		return StageChannel, p.voc.Customs
	case release, refuse:
		return StageRelease, p.voc.Customs
	case detain:
		return StageHold, s.agency
	case weigh:
		return StageWeighbridge, s.agency
	case depart:
		return StageDeparture, p.voc.Carrier
	default:
		return stages[s.station], s.agency
	}
}

// serviceFactor is what the scenario now multiplies the times of someone's work by.
func (p *post) serviceFactor(st Stage, by event.Agency, d event.Direction) float64 {
	official := by != p.voc.Trader && by != p.voc.Carrier
	f := 1.0
	for _, c := range p.effects.service {
		switch {
		case !c.has(p.sim.now), c.direction != event.NoDirection && c.direction != d,
			c.stage != "" && c.stage != st, c.agency != event.NoAgency && c.agency != by,
			c.stage == "" && c.agency == event.NoAgency && !official:
		default:
			f *= c.factor
		}
	}
	if p.effects.days != nil && official {
		f *= p.effects.days.of(p.sim.now).service
	}
	return f
}

// delayed is the delay of a step that begins now; the way to a lane, and the time until a hold is placed, are as ever.
func (p *post) delayed(t *truck, s *step) int64 {
	switch s.op {
	case inspect, detain, weigh:
		return s.delay
	}
	st, by := p.stage(s)
	return scaled(s.delay, p.serviceFactor(st, by, t.visit.direction))
}

// begins scales the times of an inspection or a hold that begins now, and keeps the order of what happens during it.
func (p *post) begins(t *truck, s *step) {
	st, by := p.stage(s)
	f := p.serviceFactor(st, by, t.visit.direction)
	g := f
	if s.second != event.NoAgency {
		g = p.serviceFactor(st, s.second, t.visit.direction)
	}
	if f == 1 && g == 1 {
		return
	}
	s.takes = scaled(s.takes, f)
	s.pays = min(scaled(s.pays, f), s.takes-1)
	s.secondTakes = scaled(s.secondTakes, g)
	latest := s.takes - 1
	if s.op == detain && s.secondKind != event.NoKind { // within the hold
		s.secondTakes = min(s.secondTakes, s.takes-2)
		latest = s.takes - s.secondTakes - 1
	}
	s.secondAfter = min(scaled(s.secondAfter, f), latest)
}

// scaled is a time with a factor, in the bounds of chance.about. Zero stays zero, since it means that there is no such time.
func scaled(ms int64, factor float64) int64 {
	if factor == 1 || ms == 0 {
		return ms
	}
	return min(max(int64(math.Round(float64(ms)*factor)), 5*second), 10*day)
}

// lanesAt is how many lanes of a station the scenario lets work.
func (p *post) lanesAt(k stationKind, at int64) int {
	f := 1.0
	for _, c := range p.effects.lanes {
		at := c.has(at) && (c.stage == "" || c.stage == stages[k])
		switch {
		case !at, c.direction == event.Inbound && k == gateOut, c.direction == event.Outbound && k == gateIn:
		default:
			f *= c.factor
		}
	}
	return int(math.Round(float64(p.stations[k].usual) * f))
}

// laneChanges are when the scenario opens or closes lanes.
func (e *effects) laneChanges() (at []int64) {
	for _, c := range e.lanes {
		at = append(at, c.from, c.till)
	}
	slices.Sort(at)
	return slices.Compact(at)
}
