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
			is: visit.State{Fault: visit.DirectionConflict, Arrived: 0, Released: 10 * minute, Refused: none, Departed: 12 * minute}, lapsed: none,
			releases: 10 * minute, departures: 12 * minute, left: 12 * minute,
		},
		"one that departed before it arrived": {
			is: visit.State{Fault: visit.DepartedBeforeArrival, Arrived: 20 * minute, Released: none, Refused: none, Departed: 12 * minute}, lapsed: none,
			releases: none, departures: 12 * minute, left: 20 * minute,
		},
		"one that is at two crossings, and lapsed": {
			is: visit.State{Fault: visit.DirectionConflict, Arrived: 0, Released: 10 * minute, Refused: none, Departed: none}, lapsed: 90 * minute,
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

// Each definition is complete, and each name is either that of a stored measure or that of a total.
func TestEveryDefinitionIsCompleteAndUnique(t *testing.T) {
	voc, seen := vocabulary(t), map[string]bool{}
	for _, d := range window.AllDefinitions(voc) {
		if d.Name == "" || d.Label == "" || d.Unit == "" || d.Description == "" || d.Kind != window.KindOf(d.Name) {
			t.Errorf("%+v is not complete", d)
		}
		if seen[d.Name] {
			t.Errorf("%s is defined twice", d.Name)
		}
		seen[d.Name] = true
		m, err := window.ParseMeasure(d.Name, voc)
		if d.Kind == window.Total != (err != nil) || window.IsTotal(d.Name) != (err != nil) {
			t.Errorf("%s is a %s, and reading it as a measure gives %v", d.Name, d.Kind, err)
		}
		if err == nil && (m.Name(voc) != d.Name || m.IsTime() != (d.Kind == window.Time)) {
			t.Errorf("%s is read as %s", d.Name, m.Name(voc))
		}
		for _, name := range window.CountedBy(d.Name) {
			if _, err := window.ParseMeasure(name, voc); err != nil {
				t.Errorf("%s: %v", d.Name, err)
			}
		}
	}
	if _, err := window.ParseMeasure("speed", voc); err == nil || window.IsTotal("speed") {
		t.Error("speed is a measure")
	}
}

// A number by measure gives that of a total as the condition in SQL selects it, and counts no row twice.
func TestTotalsAddUp(t *testing.T) {
	var c, o window.Counts
	c.Add(window.ReleaseTime, 5)
	c.Add(window.OfFault(visit.NoArrival), 100)
	o.AddName("untimed_releases", 2)
	o.AddName("wait/customs", 100)
	c.Merge(&o)
	for name, want := range map[string]int64{"releases": 7, "release_time": 5, "untimed_releases": 2, "departures": 0, "speed": 0} {
		if got := c.Of(name); got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
	if got, want := window.SQLOf("departures", "left"), "measure IN ('crossing_time', 'untimed_departures', 'untimed_left')"; got != want {
		t.Errorf("got %s, want %s", got, want)
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
