package simulator

import (
	"time"

	"dwell/ingest/event"
)

// planned reports whether the scenario changes arrivals. The trucks are then drawn a day before they arrive, so that those
// which declare ahead arrive at the planned rate, too.
func (e *effects) planned() bool {
	return len(e.arrivals) > 0 || len(e.holidays) > 0 || e.days != nil
}

const quarter = 15 * minute

// rate is how many trucks a millisecond arrive in a direction, and until when it stays so: a quarter of an hour at most,
// as offsets of time zones are multiples of it.
func (p *post) rate(d event.Direction, at int64) (perMs float64, until int64) {
	until = at - at%quarter + quarter
	perDay := p.cal.TrucksPerDay.Inbound
	if d == event.Outbound {
		perDay = p.cal.TrucksPerDay.Outbound
	}
	local := time.UnixMilli(at).In(p.place.Zone)
	weekday := p.cal.profile.Weekdays[local.Weekday()]
	holiday, closed := p.effects.holidayOn(local)
	if closed {
		return 0, until
	}
	if holiday {
		weekday = p.cal.profile.rest()
	}
	perMs = perDay / float64(day) * p.cal.profile.Hours[local.Hour()] * weekday
	if p.effects.days != nil {
		perMs *= p.effects.days.of(at).arrivals
	}
	for _, c := range p.effects.arrivals {
		if c.direction != event.NoDirection && c.direction != d {
			continue
		}
		if c.has(at) {
			perMs *= c.factor
		}
		for _, edge := range [...]int64{c.from, c.till} {
			if at < edge {
				until = min(until, edge)
			}
		}
	}
	return perMs, until
}

// plan plans the arrival after the last that was planned. The rate is constant within each piece, and the process has no memory.
func (p *post) plan(d event.Direction, what happening) {
	at := p.coming[d]
	for {
		rate, until := p.rate(d, at)
		if rate > 0 {
			if gap := p.outside.wait(1 / rate); gap < until-at {
				at += gap
				break
			}
		}
		at = until
	}
	p.coming[d] = at
	p.sim.happens.add(max(at-day, p.sim.now), occurrence{p, nil, what})
}

// expect draws a truck that arrives at a time of the plan.
func (p *post) expect(d event.Direction, arrives int64) {
	t := p.blank()
	t.visit = &visit{post: p, begun: arrives, direction: d}
	if ahead := p.draw(t); ahead > 0 {
		t.visit.begun = max(arrives-ahead, p.sim.now)
		p.after(t.visit.begun-p.sim.now, t, truckDeclares)
	}
	t.visit.id = p.visitID(t.visit.begun)
	p.trucks[t] = struct{}{}
	p.after(arrives-p.sim.now, t, truckArrives)
}
