package simulator

import (
	"math"
	"time"
)

// days draws the factors of a post's local days, from a stream of their own.
type days struct {
	Variation
	chance chance
	zone   *time.Location
	first  int64 // as dayOf counts
	drawn  []dayFactors
	// arrivals and service are the state of the two autoregressive processes, of standard deviation 1.
	arrivals, service float64
}

type dayFactors struct{ arrivals, service float64 }

func newDays(v Variation, p *post, seed uint64) *days {
	return &days{
		Variation: v, chance: newChance(seed, "days/"+p.place.ID), zone: p.place.Zone,
		first: dayOf(time.UnixMilli(p.sim.now).In(p.place.Zone)),
	}
}

// of are the factors of the local day at an instant.
func (d *days) of(ms int64) dayFactors {
	i := dayOf(time.UnixMilli(ms).In(d.zone)) - d.first
	for int64(len(d.drawn)) <= i {
		d.draw()
	}
	return d.drawn[i]
}

func (d *days) draw() {
	keep, fresh := d.Persistence, math.Sqrt(1-d.Persistence*d.Persistence)
	if len(d.drawn) == 0 {
		keep, fresh = 0, 1
	}
	d.arrivals = keep*d.arrivals + fresh*d.chance.NormFloat64()
	d.service = keep*d.service + fresh*d.chance.NormFloat64()
	d.drawn = append(d.drawn, dayFactors{
		arrivals: spread(d.arrivals, d.ArrivalSpread) * math.Pow(1+d.Trend, float64(len(d.drawn))/28),
		service:  spread(d.service, d.ServiceSpread),
	})
}

// spread makes a log-normal factor of mean 1 of a normal deviate.
func spread(z, deviation float64) float64 {
	variance := math.Log1p(deviation * deviation)
	return math.Exp(min(max(z, -3), 3)*math.Sqrt(variance) - variance/2)
}
