package simulator

import (
	"time"

	"dwell/ingest/event"
)

// visit is what the events of a truck have in common. It outlives the truck while events are in flight.
type visit struct {
	post      *post
	id        []byte
	begun     int64
	facts     int32
	direction event.Direction
}

// truck is a visit that is not over.
type truck struct {
	logbook
	visit  *visit
	regime event.Regime
	steps  []step
	at     int // the step it is at

	lane      int   // that it occupies
	arrivedAt int64 // by the right clock
	// done and joined are of the step it is at: whether its own part is over, and whether a second agency is at work.
	done, joined bool
}

const (
	truckArrives   = truckOf + iota
	stepIsDue      // what it waited for happens, but for a lane
	reachesStation // and queues for a lane
	serviceEnds    // an inspection's own part
	paysMeanwhile  // payment is confirmed during an inspection
	secondBegins   // of a joint inspection, or another agency's hold, or an inspection during a hold
	secondEnds
	holdEnds
	truckDeclares // ahead, where arrivals are planned
)

// newTruck draws a truck that arrives in this time, or later if its declaration is lodged ahead.
func (p *post) newTruck(d event.Direction, in int64) {
	t := p.blank()
	begun := p.sim.now + in
	t.visit = &visit{post: p, begun: begun, direction: d, id: p.visitID(begun)}
	ahead := p.draw(t)
	p.trucks[t] = struct{}{}
	if ahead > 0 {
		p.declare(t)
	}
	p.after(in+ahead, t, truckArrives)
}

// blank is a truck that is yet to be drawn.
func (p *post) blank() *truck {
	p.set++
	n := len(p.spare)
	if n == 0 {
		return &truck{}
	}
	t := p.spare[n-1]
	p.spare = p.spare[:n-1]
	return t
}

func (p *post) declare(t *truck) {
	p.fact(t, record{typ: event.DeclarationLodged, regime: t.regime})
	t.logbook.regime = t.regime
}

// visitID is opaque and unique: the BCP, the local day, the millisecond of the day in UTC and the low bits of a count.
func (p *post) visitID(ms int64) []byte {
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // Crockford's base 32
	id := append(make([]byte, 0, len(p.id)+18), p.id...)
	id = append(id, '-')
	id = time.UnixMilli(ms).In(p.place.Zone).AppendFormat(id, "20060102")
	id = append(id, '-')
	number := uint64(ms%day)<<13 | uint64(p.set)&(1<<13-1)
	for shift := 35; shift >= 0; shift -= 5 {
		id = append(id, digits[number>>shift&31])
	}
	return id
}

// fact sends an event of a truck at the current time, and returns its time by the post's clock.
func (p *post) fact(t *truck, r record) int64 {
	v := t.visit
	v.facts++
	r.post, r.visit, r.direction, r.serial = p, v, v.direction, v.facts
	r.time = p.clock.reads(p.sim.now)
	if !p.sim.delivery.fact(r, p.sim.now) {
		t.lost = true
	}
	return r.time
}

// advance brings a truck to its next step.
func (p *post) advance(t *truck) {
	t.at++
	t.done, t.joined = false, false
	if t.at == len(t.steps) {
		p.finish(t)
		return
	}
	s := &t.steps[t.at]
	now := p.clock.reads(p.sim.now)
	switch s.op {
	case lodge, pay:
		t.passes(wait, p.voc.Trader, now)
	case assign, release, refuse:
		t.passes(wait, p.voc.Customs, now)
	case inspect:
		t.passes(wait, s.agency, now)
		p.after(s.delay, t, reachesStation)
		return
	case detain:
		if s.delay == 0 {
			p.placeHold(t, s)
			return
		}
		t.passes(wait, s.agency, now)
	case depart:
		if t.released == 0 {
			t.passes(wait, p.voc.Carrier, now)
		}
	}
	p.after(p.delayed(t, s), t, stepIsDue)
}

// happenTo performs what is due of a truck's current step.
func (p *post) happenTo(t *truck, what happening) {
	now := p.clock.reads(p.sim.now)
	switch what {
	case truckArrives:
		p.arrive(t)
		return
	case truckDeclares:
		p.declare(t)
		return
	}
	s := &t.steps[t.at]
	switch what {
	case stepIsDue:
		p.act(t, s)
	case reachesStation:
		p.stations[s.station].push(t)
		p.serve(s.station)
	case serviceEnds:
		p.fact(t, record{typ: event.InspectionCompleted, agency: s.agency, inspection: s.kind, result: s.result})
		t.done = true
		if s.op == inspect && t.joined {
			t.passes(service, s.second, now)
			return
		}
		p.leaveStation(t, s)
	case paysMeanwhile:
		p.fact(t, record{typ: event.PaymentConfirmed})
	case secondBegins:
		t.joined = true
		switch {
		case s.op == inspect: // the truck stays in the hands of the first
			p.fact(t, record{typ: event.InspectionStarted, agency: s.second, inspection: s.secondKind})
		case s.secondKind != event.NoKind:
			p.fact(t, record{typ: event.InspectionStarted, agency: s.second, inspection: s.secondKind})
			t.passes(service, s.second, now)
		default:
			p.fact(t, record{typ: event.HoldPlaced, agency: s.second})
		}
	case secondEnds:
		t.joined = false
		switch {
		case s.secondKind == event.NoKind:
			p.fact(t, record{typ: event.HoldLifted, agency: s.second})
		default:
			p.fact(t, record{
				typ: event.InspectionCompleted, agency: s.second, inspection: s.secondKind, result: event.Conformant,
			})
		}
		switch {
		case s.op == inspect && t.done:
			p.leaveStation(t, s)
		case s.op == detain && t.done:
			p.advance(t)
		case s.op == detain:
			t.passes(hold, s.agency, now)
		}
	case holdEnds:
		p.fact(t, record{typ: event.HoldLifted, agency: s.agency})
		t.done = true
		if t.joined {
			t.passes(hold, s.second, now)
			return
		}
		p.advance(t)
	}
}

// act does a step that needs no lane.
func (p *post) act(t *truck, s *step) {
	now := p.clock.reads(p.sim.now)
	switch s.op {
	case assign, release, refuse:
		if !p.open && p.nextShift > p.sim.now { // an officer does it in the morning
			p.after(p.nextShift-p.sim.now+p.work.between(second, openSpread), t, stepIsDue)
			return
		}
	}
	switch s.op {
	case lodge:
		p.declare(t)
	case pay, settle:
		p.fact(t, record{typ: event.PaymentConfirmed})
	case assign:
		p.fact(t, record{typ: event.ChannelAssigned, channel: s.channel})
		t.channel = s.channel
	case detain:
		p.placeHold(t, s)
		return
	case release:
		t.released = p.fact(t, record{typ: event.TruckReleased})
		t.passes(exit, p.voc.Carrier, now)
		p.inside[t.visit.direction]--
	case refuse:
		t.refused = p.fact(t, record{typ: event.ClearanceRefused})
		p.inside[t.visit.direction]--
	case weigh:
		p.begins(t, s)
		p.fact(t, record{typ: event.InspectionStarted, agency: s.agency, inspection: s.kind})
		p.after(s.takes, t, serviceEnds)
		return
	case depart:
		if t.visit.direction == event.Outbound && t.released != 0 && (p.blocked || !p.open) {
			p.atExit = append(p.atExit, t)
			return
		}
		t.departed = p.fact(t, record{typ: event.TruckDeparted})
	}
	p.advance(t)
}

func (p *post) arrive(t *truck) {
	d := t.visit.direction
	if p.effects.planned() && p.blocked && d == event.Inbound {
		p.atFarSide = append(p.atFarSide, t)
		return
	}
	r := record{typ: event.TruckArrived}
	if t.regime == event.Empty { // it declares nothing, so its driver says so at the barrier
		r.regime, t.logbook.regime = t.regime, t.regime
	}
	t.arrived, t.arrivedAt = p.fact(t, r), p.sim.now
	p.inside[d]++
	t.at = -1
	p.advance(t)
}

// serve lets waiting trucks into the free lanes of a station.
func (p *post) serve(k stationKind) {
	s := &p.stations[k]
	for s.waiting() > 0 {
		lane, ok := s.lane()
		if !ok {
			return
		}
		t := s.pop()
		s.taken |= 1 << lane
		t.lane = lane
		p.inspect(t, &t.steps[t.at], s.lanes[lane])
	}
}

func (p *post) inspect(t *truck, s *step, lane string) {
	p.begins(t, s)
	p.fact(t, record{typ: event.InspectionStarted, agency: s.agency, inspection: s.kind, lane: lane})
	t.passes(service, s.agency, p.clock.reads(p.sim.now))
	p.after(s.takes, t, serviceEnds)
	if s.pays > 0 {
		p.after(s.pays, t, paysMeanwhile)
	}
	p.second(t, s)
	if s.station == gateIn || s.station == gateOut {
		lately := &p.gateTime[t.visit.direction]
		*lately += (p.sim.now - t.arrivedAt - *lately) / 16
	}
}

func (p *post) second(t *truck, s *step) {
	if s.second != event.NoAgency {
		p.after(s.secondAfter, t, secondBegins)
		p.after(s.secondAfter+s.secondTakes, t, secondEnds)
	}
}

// leaveStation ends an inspection and gives its lane to the next truck.
func (p *post) leaveStation(t *truck, s *step) {
	if s.op == inspect {
		p.stations[s.station].taken &^= 1 << t.lane
	}
	k := s.station
	p.advance(t)
	p.serve(k)
}

func (p *post) placeHold(t *truck, s *step) {
	p.begins(t, s)
	p.fact(t, record{typ: event.HoldPlaced, agency: s.agency})
	t.passes(hold, s.agency, p.clock.reads(p.sim.now))
	p.after(s.takes, t, holdEnds)
	p.second(t, s)
}

// finish reports the truth of a truck that is gone, and reuses its memory.
func (p *post) finish(t *truck) {
	p.sim.report(t)
	delete(p.trucks, t)
	*t = truck{logbook: logbook{stretches: t.stretches[:0]}, steps: t.steps[:0]}
	p.spare = append(p.spare, t)
}
