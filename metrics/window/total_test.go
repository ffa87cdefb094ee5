package window_test

import (
	"slices"
	"testing"

	"dwell/ingest/event"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// Whatever becomes of a truck, its release, its departure and its leaving are each counted once, in the minute in which they
// were, and never by two of the measures that a total adds up.
func TestEachTruckIsCountedOnceByATotal(t *testing.T) {
	const (
		none   = visit.None
		minute = 60_000
	)
	voc := vocabulary(t)
	for what, truck := range map[string]struct {
		is                         visit.State
		lapsed                     visit.Time
		releases, departures, left visit.Time
	}{
		"one that was released and departed": {
			is: visit.State{Arrived: 0, Released: 10 * minute, Refused: none, Departed: 12 * minute}, lapsed: none,
			releases: 10 * minute, departures: 12 * minute, left: 12 * minute,
		},
		"one that departed without a release": {
			is: visit.State{Arrived: 0, Released: none, Refused: 11 * minute, Departed: 12 * minute}, lapsed: none,
			releases: none, departures: 12 * minute, left: 12 * minute,
		},
		"one that is inside": {
			is: visit.State{Arrived: 0, Released: 10 * minute, Refused: none, Departed: none}, lapsed: none,
			releases: 10 * minute, departures: none, left: none,
		},
		"one whose departure was lost": {
			is: visit.State{Arrived: 0, Released: 10 * minute, Refused: none, Departed: none}, lapsed: 90 * minute,
			releases: 10 * minute, departures: none, left: 90 * minute,
		},
		"one whose arrival was lost": {
			is: visit.State{Fault: visit.NoArrival, Arrived: none, Released: 10 * minute, Refused: none, Departed: 12 * minute}, lapsed: none,
			releases: 10 * minute, departures: 12 * minute, left: none,
		},
		"one that was seen at two crossings": {
			is: visit.State{Fault: visit.BCPConflict, Arrived: 0, Released: 10 * minute, Refused: none, Departed: 12 * minute}, lapsed: none,
			releases: 10 * minute, departures: 12 * minute, left: 12 * minute,
		},
		"one that departed before it arrived": {
			is: visit.State{Fault: visit.DepartedBeforeArrival, Arrived: 20 * minute, Released: none, Refused: none, Departed: 12 * minute}, lapsed: none,
			releases: none, departures: 12 * minute, left: 20 * minute,
		},
		"one that is at two crossings, and lapsed": {
			is: visit.State{Fault: visit.BCPConflict, Arrived: 0, Released: 10 * minute, Refused: none, Departed: none}, lapsed: 90 * minute,
			releases: 10 * minute, departures: none, left: 90 * minute,
		},
	} {
		for total, want := range map[string]visit.Time{"releases": truck.releases, "departures": truck.departures, "left": truck.left} {
			var minutes []int32
			for _, c := range window.Contributions(nil, &truck.is, truck.lapsed) {
				if slices.Contains(window.CountedBy(total), c.Key.Measure.Name(voc)) {
					minutes = append(minutes, c.Key.Start)
				}
			}
			var wanted []int32
			if want != none {
				wanted = []int32{window.MinuteOf(want)}
			}
			if !slices.Equal(minutes, wanted) {
				t.Errorf("%s: %s are in the minutes %v, want %v", what, total, minutes, wanted)
			}
		}
	}
}

// The name of a total is none of a measure, or a window could have it twice.
func TestTotalsAreNoMeasures(t *testing.T) {
	voc := vocabulary(t)
	for _, total := range []string{"releases", "departures", "left"} {
		if _, err := window.ParseMeasure(total, voc); err == nil || !window.IsTotal(total) {
			t.Errorf("%s is a measure", total)
		}
		for _, name := range window.CountedBy(total) {
			if _, err := window.ParseMeasure(name, voc); err != nil {
				t.Errorf("%s: %v", total, err)
			}
		}
	}
}

func vocabulary(t *testing.T) *event.Vocabulary {
	t.Helper()
	voc, err := event.NewVocabulary(nil, []string{event.CustomsName})
	if err != nil {
		t.Fatal(err)
	}
	return voc
}
