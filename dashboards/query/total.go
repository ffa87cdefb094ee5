package query

import "dwell/dashboards/overview"

// totals adds up BCPs. Times and flow are of all events; those inside are of the BCPs that are known.
type totals struct {
	unknown int
	inside  int64
	ages    overview.Ages
	sum     *hour
	flows   int
}

func newTotals() *totals { return &totals{sum: &hour{holders: map[string]segment{}}} }

func (t *totals) add(b *overview.Place, recent *hour) {
	if b.Inside.Trucks == nil {
		t.unknown++
	} else {
		t.inside += *b.Inside.Trucks
		t.ages.Merge(*b.Inside.ByAge)
	}
	if b.Flow.Counts["arrivals"] != nil {
		t.flows++
	}
	t.sum.add(recent)
}

func (t *totals) total(places int) overview.Total {
	all := overview.Total{Places: places, UnknownPlaces: t.unknown, ByAge: t.ages, Holders: holders(t.sum)}
	var silence overview.Reason
	if t.flows == 0 {
		silence = overview.NoDataYet
	}
	all.ReleaseTime, all.Flow = releaseTime(t.sum, silence), flow(t.sum, silence)
	if t.unknown == places {
		all.Inside.Reason = overview.Stale
	} else {
		all.Inside.Trucks = &t.inside
	}
	return all
}
