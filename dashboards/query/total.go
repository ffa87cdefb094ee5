package query

import (
	"dwell/dashboards/overview"
	"dwell/ingest/event"
	"dwell/metrics/window"
)

// totals adds up BCPs. Times and flow are of all events; those inside are of the BCPs that are known.
type totals struct {
	unknown int
	// unmeasured are those of the unknown that never had an event about trucks.
	unmeasured int
	inside     int64
	ages       overview.Ages
	sum        *window.HourSum
	flows      int
}

func newTotals() *totals { return &totals{sum: &window.HourSum{}} }

func (t *totals) add(b *overview.Place, recent *window.HourSum) {
	if b.Inside.Trucks == nil {
		t.unknown++
		if b.Inside.Reason == overview.NotMeasured {
			t.unmeasured++
		}
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
	switch {
	case t.unmeasured == places:
		silence = overview.NotMeasured
	case t.flows == 0:
		silence = overview.NoDataYet
	}
	all.ReleaseTime, all.Flow = releaseTime(t.sum, silence), flow(t.sum, silence)
	switch {
	case t.unmeasured == places:
		all.Inside.Reason = overview.NotMeasured
	case t.unknown == places:
		all.Inside.Reason = overview.Stale
	default:
		all.Inside.Trucks = &t.inside
	}
	return all
}
