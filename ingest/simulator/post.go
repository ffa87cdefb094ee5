package simulator

import (
	"fmt"
	"math"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/place"
)

// post is one BCP at work.
type post struct {
	sim    *Simulator
	place  *place.Place
	cal    calibration
	voc    *event.Vocabulary
	staff  staff
	bcp    event.BCP
	id     []byte
	source []byte
	chance chance
	// outside is the stream of arrivals and of the far side, and work that of what staff do when. They are chance itself, unless
	// arrivals are planned: then neither arrivals nor what trucks are to do depend on how the post works.
	outside, work chance
	// coming is the last arrival that is planned, by direction.
	coming  [3]int64
	effects effects
	clock   clock

	stations [stationKinds]station
	trucks   map[*truck]struct{}
	spare    []*truck
	set      int64 // trucks that have set out

	open, night bool
	nextShift   int64
	shifts      []opening // all so far

	blocked   bool
	atExit    []*truck // outbound trucks that the far side does not let in
	heldBack  int      // inbound trucks that the far side does not let out
	atFarSide []*truck // the same of a post with planned arrivals, where they are drawn before
	exitFree  int64    // when the far side takes the next of a wave

	inside   [3]int64 // trucks not yet released, by direction
	gateTime [3]int64 // lately from arrival to the gate, by direction
}

// opening is when a post opened or closed, by its own clock.
type opening struct {
	at   int64
	open bool
}

// staff are the codes of the agencies at the post, NoAgency for those that are not there.
type staff struct{ borderPolice, transport, plants, veterinary, health event.Agency }

// happening is what an occurrence is.
type happening uint8

const (
	truckSetsOut happening = iota // inbound
	truckSetsOutOutbound
	shiftChanges
	farSideChanges
	queueIsRead
	lanesChange // by the scenario
	truckOf     // the first that concerns a truck; the others are in truck.go
)

const (
	nightFrom, nightTill = 22, 6       // local hours in which an always-open BCP works half its lanes
	readingEvery         = 30 * minute // between two readings of the queues
	waveEvery            = 75 * second // between two trucks of a wave, once the far side has opened
	openSpread           = 40 * minute // decisions left over from the day before are spread over this time
	farSideSpread        = 0.8         // standard deviation over mean of a block
)

func newPost(s *Simulator, p *place.Place, bcp event.BCP, cal calibration, cfg *Config) (*post, error) {
	seed := cfg.Seed
	q := &post{
		sim: s, place: p, cal: cal, voc: s.voc, bcp: bcp, id: []byte(p.ID), source: []byte("/bcp/" + p.ID),
		chance: newChance(seed, p.ID), coming: [3]int64{s.now, s.now, s.now}, trucks: map[*truck]struct{}{},
	}
	agency := func(code string) event.Agency {
		a, _ := s.voc.Agency([]byte(code))
		return a
	}
	q.staff = staff{
		agency("border_police"), agency("transport"), agency("plant_quarantine"), agency("veterinary"), agency("health"),
	}
	perDay := cal.TrucksPerDay.Inbound + cal.TrucksPerDay.Outbound
	for k := range stationKinds {
		trucks := perDay
		switch k {
		case gateIn:
			trucks = cal.TrucksPerDay.Inbound
		case gateOut:
			trucks = cal.TrucksPerDay.Outbound
		}
		work := trucks * passes[k] * float64(serviceTakes[k])
		q.stations[k] = newStation(k, int(math.Ceil(work/(q.openTime()*cal.Load))))
	}
	q.effects = cfg.Scenario.effects(q, seed)
	q.outside, q.work = q.chance, q.chance
	if q.effects.planned() {
		q.outside, q.work = newChance(seed, "outside/"+p.ID), newChance(seed, "work/"+p.ID)
	}
	for k := range stationKinds {
		for _, at := range q.effects.laneChanges() {
			if !q.stations[k].grow(k, q.lanesAt(k, at)) {
				return nil, fmt.Errorf("interventions: lanes_factor: %d lanes of %s at %s, more than %d; choose a smaller one", q.lanesAt(k, at), stages[k], p.ID, maxLanes)
			}
		}
	}
	return q, nil
}

// openTime is how many milliseconds of an average day a lane is open.
func (p *post) openTime() float64 {
	if p.place.Calendar == nil {
		return float64(day - (24-nightFrom+nightTill)*hour/2)
	}
	var minutes int
	for _, spans := range p.place.Calendar.Days {
		for _, s := range spans {
			minutes += s.Close - s.Open
		}
	}
	return max(float64(minutes), 1) / 7 * float64(minute)
}

// begin schedules the recurring occurrences.
func (p *post) begin() {
	p.shift(p.sim.now)
	p.nextTruck(event.Inbound)
	p.nextTruck(event.Outbound)
	if blocks := p.outside.wait(float64(p.cal.FarSide.BlocksEvery.Milliseconds())); !p.effects.noBlocks {
		p.after(blocks, nil, farSideChanges)
	}
	p.after(p.work.between(minute, readingEvery), nil, queueIsRead)
	for _, at := range p.effects.laneChanges() {
		if p.sim.now < at && at < math.MaxInt64 {
			p.sim.happens.add(at, occurrence{p, nil, lanesChange})
		}
	}
}

func (p *post) after(ms int64, t *truck, what happening) {
	p.sim.happens.add(p.sim.now+ms, occurrence{p, t, what})
}

func (p *post) happen(t *truck, what happening) {
	switch what {
	case truckSetsOut:
		p.setOut(event.Inbound)
	case truckSetsOutOutbound:
		p.setOut(event.Outbound)
	case shiftChanges:
		p.shift(p.sim.now)
	case farSideChanges:
		p.farSide()
	case queueIsRead:
		p.readQueues()
	case lanesChange:
		p.setLanes(p.sim.now)
	default:
		p.happenTo(t, what)
	}
}

// nextTruck plans the next arrival of a Poisson process whose rate follows the profile, by thinning (Lewis and Shedler,
// 1979). It may also plan none, and look again later.
func (p *post) nextTruck(d event.Direction) {
	perDay, what := p.cal.TrucksPerDay.Inbound, truckSetsOut
	if d == event.Outbound {
		perDay, what = p.cal.TrucksPerDay.Outbound, truckSetsOutOutbound
	}
	if perDay <= 0 {
		return
	}
	if p.effects.planned() {
		p.plan(d, what)
		return
	}
	at := p.sim.now
	for {
		at += p.chance.wait(float64(day) / perDay / peak)
		local := time.UnixMilli(at).In(p.place.Zone)
		rate := p.cal.profile.Hours[local.Hour()] * p.cal.profile.Weekdays[local.Weekday()]
		if p.chance.Float64()*peak < rate {
			p.sim.happens.add(at, occurrence{p, nil, what})
			return
		}
	}
}

func (p *post) setOut(d event.Direction) {
	arrives := p.coming[d]
	p.nextTruck(d)
	if p.effects.planned() {
		p.expect(d, arrives)
		return
	}
	if d == event.Inbound && p.blocked {
		p.heldBack++
		return
	}
	p.newTruck(d, 0)
}

// shift opens and closes the BCP and its lanes as its calendar and the night demand, and plans the next change.
func (p *post) shift(now int64) {
	open, night := p.shiftAt(now)
	if open != p.open || len(p.shifts) == 0 {
		p.open = open
		p.shifts = append(p.shifts, opening{p.clock.reads(now), open})
		p.placeFact(map[bool]event.Type{true: event.BCPOpened, false: event.BCPClosed}[open], "", now)
	}
	p.night = night
	p.setLanes(now)
	p.letOut()
	p.nextShift = p.change(now)
	if p.nextShift > now {
		p.sim.happens.add(p.nextShift, occurrence{p, nil, shiftChanges})
	}
}

// setLanes opens and closes lanes.
func (p *post) setLanes(now int64) {
	for k := range p.stations {
		s := &p.stations[k]
		want := 0
		if p.open {
			want = p.lanesAt(stationKind(k), now)
		}
		if p.open && p.night {
			want = (want + 1) / 2
		}
		for ; s.open < want; s.open++ {
			p.placeFact(event.LaneOpened, s.lanes[s.open], now)
		}
		for ; s.open > want; s.open-- {
			p.placeFact(event.LaneClosed, s.lanes[s.open-1], now)
		}
		p.serve(stationKind(k))
	}
}

func (p *post) shiftAt(ms int64) (open, night bool) {
	local := time.UnixMilli(ms).In(p.place.Zone)
	h := local.Hour()
	_, closed := p.effects.holidayOn(local)
	return !closed && p.place.OpenAt(local), p.place.Calendar == nil && (h >= nightFrom || h < nightTill)
}

// change is the next minute in which the shift is another; now if there is none within ten days, not counting holidays.
func (p *post) change(now int64) int64 {
	open, night := p.shiftAt(now)
	for at := now - now%minute + minute; at < now+(10+p.effects.closedDays())*day; at += minute {
		if o, n := p.shiftAt(at); o != open || n != night {
			return at
		}
	}
	return now
}

// farSide blocks the way, or opens it again.
func (p *post) farSide() {
	p.blocked = !p.blocked
	if p.blocked {
		p.after(p.outside.about(p.cal.FarSide.For.Milliseconds(), farSideSpread), nil, farSideChanges)
		return
	}
	p.after(p.outside.wait(float64(p.cal.FarSide.BlocksEvery.Milliseconds())), nil, farSideChanges)
	for i := range p.heldBack {
		p.newTruck(event.Inbound, int64(i+1)*waveEvery+p.outside.between(0, waveEvery))
	}
	p.heldBack = 0
	for i, t := range p.atFarSide {
		p.after(int64(i+1)*waveEvery+p.outside.between(0, waveEvery), t, truckArrives)
	}
	p.atFarSide = p.atFarSide[:0]
	p.letOut()
}

// letOut lets the trucks at the exit go one after another, if the far side takes them.
func (p *post) letOut() {
	if p.blocked || !p.open {
		return
	}
	p.exitFree = max(p.exitFree, p.sim.now)
	for _, t := range p.atExit {
		p.exitFree += waveEvery/2 + p.work.between(0, waveEvery)
		p.after(p.exitFree-p.sim.now, t, stepIsDue)
	}
	p.atExit = p.atExit[:0]
}

// placeFact sends a fact about the place to every shard.
func (p *post) placeFact(t event.Type, lane string, now int64) {
	p.sim.delivery.send(record{post: p, typ: t, lane: lane, time: p.clock.reads(now)}, now)
}

// readQueues sends a reading of the queue in each direction: the trucks that are not released and how long it lately
// took to get to the gate. Some readings are old, and some say nothing.
func (p *post) readQueues() {
	for _, d := range []event.Direction{event.Inbound, event.Outbound} {
		r := record{
			post: p, typ: event.QueueObserved, direction: d, time: p.clock.reads(p.sim.now),
			vehicles: p.inside[d], waits: p.gateTime[d] / second, age: p.work.scale(second, 40*minute) / second, state: event.OpenState,
		}
		if !p.open {
			r.state = event.ClosedState
		}
		if p.work.is(0.03) {
			r.vehicles, r.waits, r.state = event.Unknown, event.Unknown, event.UnknownState
		}
		p.sim.delivery.send(r, p.sim.now)
	}
	p.after(readingEvery+p.work.between(0, 5*minute), nil, queueIsRead)
}
