package simulator

import (
	"cmp"
	"slices"

	"dwell/ingest/event"
)

// record is an event as it waits for delivery, small because a late one may wait for hours.
type record struct {
	post  *post
	visit *visit // nil of an event about a place

	// time is when it happened, recorded when the post wrote it down, both by the post's clock. wrongTime is of a
	// retraction: the time of the wrong event.
	time, recorded, wrongTime int64

	vehicles, waits, age int64 // of a reading
	serial               int32 // of the fact within its visit
	kind                 recordKind
	// sender is the agency that sends it, if any, and about the type of the event that it corrects or is.
	sender     event.Agency
	about      event.Type
	agency     event.Agency
	lane       string
	typ        event.Type
	state      event.QueueState // of a reading
	direction  event.Direction
	channel    event.Channel
	regime     event.Regime
	inspection event.InspectionKind
	result     event.Result
}

// recordKind says how a record relates to what happened.
type recordKind uint8

const (
	right recordKind = iota
	wrong
	retraction
)

// delivery brings records to Kafka, with faults on the way.
type delivery struct {
	faults  Faults
	chance  chance
	pending agenda[int32]
	slab    []record // indexed by pending
	free    []int32

	off bool // nothing is delivered
}

// plan chooses which post goes offline and when, and which one's clock is skewed.
func (d *delivery) plan(f Faults, s *Simulator, seed uint64) {
	d.faults, d.chance = f, newChance(seed, "faults")
	n := len(s.posts)
	cut, when := d.chance.IntN(n), 0.25+d.chance.Float64()/2
	if f.Cut > 0 {
		room := day // of an endless run: within its first day
		if s.until >= 0 {
			room = max(s.until-s.now-f.Cut.Milliseconds(), 1)
		}
		from := s.now + int64(when*float64(room))
		off := &s.posts[cut].effects.outages
		*off = append(*off, outage{span: span{from, from + f.Cut.Milliseconds()}, late: true})
	}
	for _, p := range s.posts {
		slices.SortStableFunc(p.effects.outages, func(a, b outage) int { return cmp.Compare(a.from, b.from) })
	}
	if f.Skew > 0 {
		// Where there are several posts, another one than the one that is cut off.
		wrong := s.posts[(cut+min(n-1, 1))%n]
		wrong.clock = clock{from: s.now, skew: f.Skew.Milliseconds()}
	}
}

func (d *delivery) empty() bool { return d.pending.empty() }
func (d *delivery) next() int64 { return d.pending.next() }

func (d *delivery) take() (int64, record) {
	at, i := d.pending.take()
	d.free = append(d.free, i)
	return at, d.slab[i]
}

// fact sends a visit's event, or loses it, or sends a wrong one along with it. It returns false if one of them is never sent.
func (d *delivery) fact(r record, now int64) bool {
	if d.off {
		return true
	}
	r.sender, r.about = r.agency, r.typ
	switch r.typ {
	case event.DeclarationLodged, event.ChannelAssigned, event.PaymentConfirmed, event.TruckReleased, event.ClearanceRefused:
		r.sender = r.post.voc.Customs
	}
	if d.chance.is(d.faults.Lost) {
		return false
	}
	if !d.chance.is(d.faults.Retract) {
		return d.send(r, now)
	}
	bad := r
	bad.kind = wrong
	bad.time -= d.chance.between(minute, 30*minute)
	var all bool
	found := now + d.chance.between(5*minute, 6*hour)
	if d.chance.is(0.5) {
		// The event has a wrong time: the right one is sent with the retraction.
		all = d.send(bad, now)
		all = d.send(r, found) && all
	} else {
		all = d.send(r, now)
		bad.disguise(d.chance)
		all = d.send(bad, now+d.chance.between(second, minute)) && all
	}
	back := record{
		post: r.post, visit: r.visit, direction: r.direction, serial: r.serial, kind: retraction, sender: r.sender, about: r.about,
		typ: event.EventRetracted, time: r.post.clock.reads(found), wrongTime: bad.time,
	}
	return d.send(back, found) && all
}

// disguise turns a record into an event that did not happen.
func (r *record) disguise(c chance) {
	types := [...]event.Type{
		event.TruckArrived, event.TruckReleased, event.TruckDeparted, event.ClearanceRefused, event.PaymentConfirmed,
		event.HoldPlaced, event.HoldLifted, event.InspectionStarted, event.InspectionCompleted, event.ChannelAssigned,
	}
	r.typ, r.lane = types[c.IntN(len(types))], ""
	if r.typ.HasAgency() && r.agency == event.NoAgency {
		r.agency = r.post.voc.Customs
	}
	r.inspection, r.result, r.channel = event.Document, event.Conformant, event.Red
}

// send schedules the delivery of a record written at now. It returns false if its instrument is off; what the others then
// draw does not depend on that.
func (d *delivery) send(r record, now int64) bool {
	if d.off {
		return true
	}
	if r.about == event.NoType {
		r.about = r.typ
	}
	on := true
	for _, o := range r.post.effects.outages {
		if !o.late && o.has(now) && o.concerns(&r) {
			on = false
		}
	}
	written := now + d.chance.between(second, 30*second)
	r.recorded = r.post.clock.reads(written)
	at := written + d.chance.between(100, 3*second)
	if d.chance.is(d.faults.Late) {
		at += d.chance.scale(2*minute, 6*hour)
	}
	again := int64(0)
	if d.chance.is(d.faults.Duplicate) {
		again = at + d.chance.scale(second, 2*hour)
	}
	if !on {
		return false
	}
	d.deliver(r, at)
	if again > 0 {
		d.deliver(r, again)
	}
	return true
}

func (d *delivery) deliver(r record, at int64) {
	for _, o := range r.post.effects.outages {
		if o.late && o.has(at) && o.concerns(&r) {
			at = o.till + (at-o.from)/(hour/second) // an hour's events within a second
		}
	}
	var i int32
	if n := len(d.free); n > 0 {
		i = d.free[n-1]
		d.free = d.free[:n-1]
		d.slab[i] = r
	} else {
		i = int32(len(d.slab))
		d.slab = append(d.slab, r)
	}
	d.pending.add(at, i)
}

// clock is a post's clock. The zero clock is right.
type clock struct{ from, skew int64 }

// reads is what the clock reads at t: it drifts evenly from skew ahead to skew behind and back, once a day, and never
// goes backwards.
func (c clock) reads(t int64) int64 {
	if c.skew == 0 {
		return t
	}
	away := 2*((t-c.from)%day) - day // from -day through 0 to day
	if away < 0 {
		away = -away
	}
	return t + c.skew*(2*away-day)/day
}
