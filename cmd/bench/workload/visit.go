package workload

import (
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"dwell/ingest/event"
)

// visit is what was planned for a truck, before anything is written.
type visit struct {
	id        []byte
	bcp       int
	direction event.Direction
	regime    event.Regime
	channel   event.Channel
	agency    string
	kind      event.InspectionKind
	// arrived and released are in Unix milliseconds; released is 0 if the truck never is.
	arrived, released int64
	// refused says that its clock is ahead, so that nothing of it counts.
	refused bool
	facts   []fact
}

// fact is one record: the number of the event in its visit, what happened when, and when the log had it.
type fact struct {
	number     int
	kind       event.Type
	at, logged int64
}

// planner plans one visit after the other, in the order of their arrivals, until there are as many facts as records.
type planner struct {
	cfg          Config
	chance       *rand.Rand
	bcps, trucks *rand.Zipf
	seen         []uint32 // visits by truck
	visits, left int
	now          float64 // of the latest arrival
}

func newPlanner(cfg Config) *planner {
	r := rand.New(rand.NewPCG(cfg.Seed, 1))
	if cfg.VisitsPerDay == 0 {
		cfg.VisitsPerDay = 200
	}
	if cfg.Begin.IsZero() {
		cfg.Begin = time.UnixMilli(begin)
	}
	return &planner{
		cfg: cfg, chance: r, left: cfg.Events, now: float64(cfg.Begin.UnixMilli()), seen: make([]uint32, cfg.Trucks),
		bcps:   rand.NewZipf(r, 1.1, 1, uint64(cfg.BCPs-1)),
		trucks: rand.NewZipf(r, 1.1, 1000, uint64(cfg.Trucks-1)),
	}
}

// next plans a visit; nil when there are enough.
func (p *planner) next() *visit {
	if p.left == 0 {
		return nil
	}
	truck := int(p.trucks.Uint64())
	if p.visits == aheadVisit {
		truck = aheadTruck
	}
	p.now += p.chance.ExpFloat64() * 24 * float64(hour) / float64(p.cfg.VisitsPerDay*p.cfg.BCPs)
	v := &visit{
		bcp: int(p.bcps.Uint64()), arrived: int64(p.now), refused: truck == aheadTruck,
		direction: event.Inbound + event.Direction(p.chance.IntN(2)),
		regime:    event.Import + event.Regime(p.chance.IntN(4)),
		channel:   event.Green + event.Channel(p.chance.IntN(4)),
		agency:    agencies[p.chance.IntN(len(agencies))],
		kind:      event.Document + event.InspectionKind(p.chance.IntN(6)),
	}
	v.id = p.name(truck)
	p.happen(v)
	p.deliver(v)
	if len(v.facts) > p.left {
		p.cut(v)
	}
	p.left -= len(v.facts)
	p.visits++
	return v
}

// name is the visit's id: the truck, how often it came, and a letter that keeps it out of the silent partition.
func (p *planner) name(truck int) []byte {
	p.seen[truck]++
	id := append(strconv.AppendInt([]byte("T-"), int64(truck), 10), '-')
	id = append(strconv.AppendUint(id, uint64(p.seen[truck]), 10), '-', 'a')
	for p.visits >= lastPartition && p.cfg.Partitions > 1 && partition(id, p.cfg.Partitions) == p.cfg.Partitions-1 {
		id[len(id)-1]++
	}
	return id
}

// happen decides what happens to the truck, and when. Few are cleared before they come, few are turned away or stay.
func (p *planner) happen(v *visit) {
	r := p.chance
	took := func(part float64, of int64) int64 { return v.arrived + int64(part*float64(of)) }
	add := func(kind event.Type, at int64) { v.facts = append(v.facts, fact{len(v.facts), kind, at, 0}) }
	sometimes := func(probability float64, kind event.Type, at int64) {
		if r.Float64() < probability {
			add(kind, at)
		}
	}
	// Half of the trucks take longer than eight hours, one in a hundred longer than two days.
	release := int64(8 * float64(hour) * math.Exp(0.8*r.NormFloat64()))
	leaves := release + int64((5+55*r.Float64())*float64(shortDelay))
	end := r.Float64()
	add(event.TruckArrived, v.arrived)
	if end < 0.005 { // it is still there
		sometimes(0.5, event.InspectionStarted, took(0.5, release))
		return
	}
	if end < 0.007 { // it was cleared on the way, and may go as it comes
		release, leaves = 0, shortDelay
	} else {
		sometimes(0.05, event.DeclarationLodged, took(0.1*r.Float64(), release))
		sometimes(0.15, event.ChannelAssigned, took(0.1+0.2*r.Float64(), release))
		if r.Float64() < 0.9 {
			add(event.InspectionStarted, took(0.3+0.2*r.Float64(), release))
			add(event.InspectionCompleted, took(0.5+0.2*r.Float64(), release))
		}
		if r.Float64() < 0.02 {
			add(event.HoldPlaced, took(0.7+0.1*r.Float64(), release))
			add(event.HoldLifted, took(0.8+0.1*r.Float64(), release))
		}
		sometimes(0.05, event.PaymentConfirmed, took(0.9+0.1*r.Float64(), release))
	}
	if end >= 0.99 {
		add(event.ClearanceRefused, v.arrived+release)
	} else {
		v.released = v.arrived + release
		add(event.TruckReleased, v.released)
	}
	add(event.TruckDeparted, v.arrived+leaves)
}

// deliver decides when the log has each fact, and which it has twice.
func (p *planner) deliver(v *visit) {
	r := p.chance
	var all []fact
	for _, f := range v.facts {
		f.logged = f.at + prompt
		switch how := r.Float64(); {
		case how < late:
			f.logged = f.at + hour + r.Int64N(longDelay-hour)
		case how < late+disordered:
			f.logged = f.at + 1000 + r.Int64N(shortDelay-1000)
		}
		if v.refused {
			f.logged, f.at = f.at+prompt, f.at+ahead
		}
		all = append(all, f)
		if r.Float64() < doubled {
			f.logged += r.Int64N(resentAfter)
			all = append(all, f)
		}
	}
	v.facts = all
}

// cut leaves out what is more than the records that were asked for. A truck whose release is left out is still there.
func (p *planner) cut(v *visit) {
	v.facts = v.facts[:p.left]
	for _, f := range v.facts {
		if f.kind == event.TruckReleased {
			return
		}
	}
	v.released = 0
}
