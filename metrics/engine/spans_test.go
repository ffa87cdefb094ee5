package engine

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"dwell/ingest/event"
	"dwell/metrics/engine/mem"
	"dwell/metrics/visit"
)

// A truck comes every minute of a week and goes an hour later. An hour of the fourth day concerns those that were there then, and
// the visits of two pages of the ten are looked at, also after most of the others have gone.
func TestClosingOfAnHourLooksAtTheVisitsOfThatTime(t *testing.T) {
	const trucks, minute, hour = 7 * 24 * 60, 60_000, 60 * 60_000
	var kept visits
	for i := range int64(trucks) {
		addVisit(&kept, i, start+i*minute, start+i*minute+hour)
	}
	from := start + 3*24*hour
	var found int
	for r := range kept.during(from, from+hour) {
		if found++; kept.At(r).month == 0 {
			t.Errorf("visit %d is none", r)
		}
	}
	if found != 119 {
		t.Errorf("%d visits, want the 119 that begin less than an hour before the closing or in it", found)
	}
	if n := kept.pagesDuring(from, from+hour); n != 1 {
		t.Errorf("%d pages of %d, want 1", n, len(kept.spans))
	}
}

// Trucks of one night take the places of trucks of another. Once a closing has looked at them, no page reaches back to those
// that have gone.
func TestSpansForgetVisitsThatHaveGone(t *testing.T) {
	const trucks, minute, day = 3000, 60_000, 24 * 60 * 60_000
	var kept visits
	for i := range int64(trucks) {
		addVisit(&kept, i, start+i, start+i+minute)
	}
	kept.DeleteFunc(func(mem.Ref, *entry) bool { return true })
	for i := range int64(trucks) {
		addVisit(&kept, i, start+day+i, start+day+i+minute)
	}
	for range 2 {
		for r := range kept.during(start, start+day) {
			t.Fatalf("visit %d of the second night was there in the first", r)
		}
	}
	if n := kept.pagesDuring(start, start+day); n != 0 {
		t.Errorf("%d pages reach back to the first night, want none", n)
	}
}

// During yields the visits that a look at each of them would, whatever has come and gone.
func TestDuringYieldsWhatALookAtEachVisitWould(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var kept visits
		moment := rapid.Int64Range(0, 100)
		for step := range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				kept.DeleteFunc(func(r mem.Ref, _ *entry) bool { return int(r)%3 == step%3 })
			case 1:
				from := moment.Draw(t, "from")
				to := from + moment.Draw(t, "length")
				var got, want []mem.Ref
				for r := range kept.during(from, to) {
					got = append(got, r)
				}
				for r, e := range kept.All() {
					if facts := kept.facts.Items(e.facts); len(facts) > 0 && facts[0].Time < to && facts[len(facts)-1].Time > from {
						want = append(want, r)
					}
				}
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Fatalf("during [%d, %d) are %v, want %v", from, to, got, want)
				}
			default:
				first := moment.Draw(t, "first")
				addVisit(&kept, int64(step), first, first+moment.Draw(t, "stay"))
			}
		}
	})
}

func addVisit(kept *visits, truck, first, last int64) {
	r := kept.Add(fmt.Appendf(nil, "\x01\x00T%d", truck), 202601)
	for _, at := range []int64{first, last} {
		known := kept.withRoom(r)
		known.Apply(visit.NewFact(&event.Event{
			Type: event.TruckArrived, ID: fmt.Append(nil, at), Source: []byte("/gate"), Time: at, BCP: 1, Direction: event.Inbound,
		}))
		kept.put(r, &known)
	}
}

func (v *visits) pagesDuring(from, to visit.Time) (n int) {
	for _, s := range v.spans {
		if s.from < to && s.to > from {
			n++
		}
	}
	return n
}
