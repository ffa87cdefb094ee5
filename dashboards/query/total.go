package query

import (
	"dwell/dashboards/overview"
	"dwell/ingest/event"
	"dwell/metrics/window"
)

// totals adds up BCPs. Times and flow are of all events; those inside are of the BCPs that are known.
type totals struct {
	unknown int
	inside  int64
	ages    overview.Ages
	sum     *window.HourSum
	flows   int
}

func newTotals() *totals { return &totals{sum: &window.HourSum{}} }

func (t *totals) add(b *overview.Place, recent *window.HourSum) {
	if b.Inside.Trucks == nil {
		t.unknown++
	} else {
		t.inside += *b.Inside.Trucks
		t.ages.Merge(*b.Inside.ByAge)
	}
	if b.Flow.Counts["arrivals"] != nil {
		t.flows++
	}
	t.sum.Merge(recent)
}

func (t *totals) total(places int, voc *event.Vocabulary) overview.Total {
	all := overview.Total{Places: places, UnknownPlaces: t.unknown, ByAge: t.ages, Holders: holders(t.sum, voc)}
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
