package simulator

import "dwell/ingest/event"

// op is what a step of a truck's plan is, and who acts.
type op uint8

const (
	lodge   op = iota // the declaration: trader
	assign            // the channel: customs
	inspect           // in a lane: an agency
	detain            // a hold: an agency
	pay               // trader
	release           // customs
	refuse            // customs
	weigh             // on the way out, after release: an agency, while the carrier has the truck
	depart            // carrier
	settle            // trader, after departure
)

// step is one thing of a truck's plan. Times are in milliseconds and never zero but where it says so.
type step struct {
	op      op
	station stationKind
	kind    event.InspectionKind
	result  event.Result
	channel event.Channel
	agency  event.Agency
	// delay is how long it takes until the step happens, or until the truck has reached the lane's queue. Zero of a hold
	// that is placed as the inspection before it ends.
	delay int64
	takes int64 // of an inspection or hold
	pays  int64 // if not zero, payment is confirmed so long after an inspection began, before it ends

	// second joins in after secondAfter, which is before takes is over, for secondTakes: of an inspection another
	// agency's, which may outlast it; of a hold either an inspection, which does not, or another hold, which may.
	second                   event.Agency
	secondKind               event.InspectionKind
	secondAfter, secondTakes int64
}

// Shares and times of the plan. Assumed, in the absence of published figures.
const (
	driveTime      = 90 * second // from one place in the BCP to the next
	officerTakes   = 20 * minute // to assign a channel or to release
	customsHolds   = 10 * hour
	recheckTakes   = 50 * minute
	carrierLeaves  = 25 * minute // after release
	carrierReturns = 3 * hour    // after refusal
)

// draw draws the plan of a truck whose visit is set. It returns how long before arrival the declaration is lodged, zero
// if it is lodged after.
func (p *post) draw(t *truck) (ahead int64) {
	c := p.chance
	inbound := t.visit.direction == event.Inbound
	t.regime = p.drawRegime(inbound)
	if t.regime == event.Empty {
		p.gate(t)
		if c.is(0.2) {
			p.drive(t, p.staff.transport, event.Weighbridge, weighbridge)
		}
		t.steps = append(t.steps, step{op: release, delay: c.about(officerTakes/2, 0.5)})
		p.leave(t)
		return 0
	}
	switch x := c.Float64(); {
	case x < 0.25: // declared ahead
		ahead = c.between(hour, 24*hour)
		p.gate(t)
	case x < 0.6:
		p.gate(t)
		p.trader(t, lodge)
	default:
		p.trader(t, lodge)
		p.gate(t)
	}
	channel := p.drawChannel(t)
	p.inspections(t, channel)
	p.payment(t, channel)
	if c.is(0.015) {
		t.steps = append(t.steps, step{op: refuse, delay: c.about(officerTakes, 0.5)})
		t.steps = append(t.steps, step{op: depart, delay: c.about(carrierReturns, 0.6)})
		return ahead
	}
	t.steps = append(t.steps, step{op: release, delay: c.about(officerTakes, 0.5)})
	p.leave(t)
	if channel == event.Blue && t.regime == event.Import {
		t.steps = append(t.steps, step{op: settle, delay: c.between(hour, 8*hour)})
	}
	return ahead
}

func (p *post) drawRegime(inbound bool) event.Regime {
	x := p.chance.Float64()
	switch {
	case inbound && x < 0.6:
		return event.Import
	case !inbound && x < 0.45:
		return event.Export
	case inbound && x < 0.85, !inbound && x < 0.6:
		return event.Transit
	default:
		return event.Empty
	}
}

func (p *post) drawChannel(t *truck) event.Channel {
	channel := event.Green
	switch x := p.chance.Float64(); {
	case x < 0.4:
		channel = event.Yellow
	case x < 0.6:
		channel = event.Red
	case x < 0.65:
		channel = event.Blue
	}
	t.steps = append(t.steps, step{op: assign, channel: channel, delay: p.chance.about(officerTakes, 0.8)})
	return channel
}

// gate is the border police's.
func (p *post) gate(t *truck) {
	k := gateIn
	if t.visit.direction == event.Outbound {
		k = gateOut
	}
	p.drive(t, p.staff.borderPolice, event.ImmigrationSecurity, k)
}

// drive is an inspection in a lane; none if there is no such agency.
func (p *post) drive(t *truck, agency event.Agency, kind event.InspectionKind, k stationKind) *step {
	if agency == event.NoAgency {
		return &step{}
	}
	s := step{
		op: inspect, agency: agency, kind: kind, station: k, result: event.Conformant,
		delay: p.chance.about(driveTime, 0.5), takes: p.chance.about(serviceTakes[k], 0.6),
	}
	if p.chance.is(0.04) {
		s.result = event.NonConformant
	}
	t.steps = append(t.steps, s)
	return &t.steps[len(t.steps)-1]
}

func (p *post) trader(t *truck, what op) {
	t.steps = append(t.steps, step{op: what, delay: p.chance.about(p.cal.TraderTakes.Milliseconds(), 0.9)})
}

// inspections are those of the channel, and those of the goods whatever the channel.
func (p *post) inspections(t *truck, channel event.Channel) {
	c, customs := p.chance, p.voc.Customs
	red := channel == event.Red
	if channel == event.Yellow || red || channel == event.Green && c.is(0.3) {
		papers := p.drive(t, customs, event.Document, documents)
		if papers.result == event.NonConformant && !red {
			p.hold(t, customs)
			t.steps = append(t.steps, step{op: assign, channel: event.Red, delay: c.about(officerTakes, 0.5)})
			red = true
		}
	}
	if c.is(0.45) {
		p.drive(t, p.staff.transport, event.Weighbridge, weighbridge)
	}
	food := c.is(0.25)
	if red {
		p.drive(t, customs, event.Scan, scanner)
		search := p.drive(t, customs, event.Physical, bay)
		if food {
			p.join(search, p.staff.plants, event.SPS)
		} else if c.is(0.3) {
			p.join(search, p.staff.borderPolice, event.ImmigrationSecurity)
		}
		if search.result == event.NonConformant || c.is(0.15) {
			p.hold(t, customs)
		}
	} else if food {
		agency := p.staff.plants
		switch x := c.Float64(); {
		case x < 0.2:
			agency = p.staff.veterinary
		case x < 0.3:
			agency = p.staff.health
		}
		if s := p.drive(t, agency, event.SPS, laboratory); s.result == event.NonConformant {
			p.hold(t, agency)
		}
	}
	if c.is(0.06) {
		p.hold(t, customs)
	}
}

// join lets a second agency join an inspection before it is over.
func (p *post) join(s *step, agency event.Agency, kind event.InspectionKind) {
	s.second, s.secondKind = agency, kind
	s.secondAfter = p.chance.between(2*second, s.takes)
	s.secondTakes = p.chance.about(serviceTakes[laboratory], 0.8)
}

// hold detains a truck: half of the time as the inspection before it ends.
func (p *post) hold(t *truck, agency event.Agency) {
	c := p.chance
	if agency == event.NoAgency {
		return
	}
	s := step{op: detain, agency: agency, takes: c.about(customsHolds, 0.8)}
	if before := t.steps[len(t.steps)-1]; before.op != inspect || c.is(0.5) {
		s.delay = c.about(30*minute, 0.5)
	}
	switch x := c.Float64(); {
	case x < 0.4 && s.takes > 4*hour: // looked at again before it is let go
		s.second, s.secondKind = p.voc.Customs, event.Physical
		s.secondTakes = min(c.about(recheckTakes, 0.5), 2*hour)
		s.secondAfter = c.between(hour, s.takes-s.secondTakes)
	case x < 0.5 && agency != p.staff.borderPolice: // another agency wants to know too
		s.second = p.staff.borderPolice
		s.secondAfter = c.between(2*second, s.takes)
		s.secondTakes = c.about(customsHolds/2, 0.8)
	}
	t.steps = append(t.steps, s)
}

// payment is confirmed while the truck waits for it, or during the last inspection, if any is due.
func (p *post) payment(t *truck, channel event.Channel) {
	c := p.chance
	due := t.regime == event.Import && channel != event.Blue || t.regime == event.Transit && c.is(0.5) || c.is(0.2)
	if !due || channel == event.Blue {
		return
	}
	if last := &t.steps[len(t.steps)-1]; last.op == inspect && c.is(0.15) {
		last.pays = c.between(2*second, last.takes)
		return
	}
	p.trader(t, pay)
}

// leave is what a released truck does: some pass the weighbridge on the way out.
func (p *post) leave(t *truck) {
	if p.staff.transport != event.NoAgency && p.chance.is(0.15) {
		t.steps = append(t.steps, step{
			op: weigh, agency: p.staff.transport, kind: event.Weighbridge, result: event.Conformant,
			delay: p.chance.about(driveTime, 0.5), takes: p.chance.about(serviceTakes[weighbridge], 0.6),
		})
	}
	t.steps = append(t.steps, step{op: depart, delay: p.chance.about(carrierLeaves, 0.7)})
}
