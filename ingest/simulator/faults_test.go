package simulator_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/simulator"
)

func TestParseFaultsReadsAllAndRefusesInvalidOnes(t *testing.T) {
	got, err := simulator.ParseFaults(allFaults)
	want := simulator.Faults{
		Late: 0.10, Duplicate: 0.02, Retract: 0.005, Lost: 0.001, Cut: 12 * time.Hour, Skew: 5 * time.Minute,
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if got, err := simulator.ParseFaults(""); err != nil || got != (simulator.Faults{}) {
		t.Errorf("no faults: %+v, %v", got, err)
	}
	for list, want := range map[string]string{
		"late=10":         `late: "10" is not a percentage`,
		"late=-1%":        `late: "-1%"`,
		"late=101%":       `late: "101%"`,
		"late=NaN%":       `late: "NaN%"`,
		"duplicate=many%": `duplicate: "many%"`,
		"cut=12":          `cut: "12" is not a duration`,
		"cut=-1h":         `cut: "-1h"`,
		"skew=6m":         `skew: "6m" is more than`,
		"late=1%,late=2%": `"late" is given twice`,
		"slow=1%":         `"slow" is not supported; use late`,
		"late=1%,":        `"" is not supported`,
		"retract":         `retract: ""`,
		"late=1%;cut=1h":  `late: "1%;cut=1h"`,
	} {
		if _, err := simulator.ParseFaults(list); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", list, err, want)
		}
	}
}

func TestFaultsChangeTheEventsButNotTheTruth(t *testing.T) {
	clean := play(t, config(t, 5, 7, ""), ignore)
	faulty := play(t, config(t, 5, 7, "late=10%,duplicate=2%,retract=0.5%,lost=0.1%,cut=12h"), ignore)
	var lost int
	for i := range faulty {
		if faulty[i].Lost {
			lost++
		}
		faulty[i].Lost = false
	}
	if !reflect.DeepEqual(clean, faulty) {
		t.Errorf("the truth of %d visits without faults differs from that of %d with faults", len(clean), len(faulty))
	}
	if share := float64(lost) / float64(len(faulty)); share < 0.005 || share > 0.02 {
		t.Errorf("%.2f %% of the visits lost an event; with 0.1 %% of about ten events each, about 1 %% should", 100*share)
	}
}

func TestFaultsHappenAtTheConfiguredRate(t *testing.T) {
	var right, retracted, late, sent, twice float64
	seen := map[string]bool{}
	wrongs, retractions := map[string]int64{}, map[string]int64{}
	play(t, config(t, 14, 7, "late=10%,duplicate=2%,retract=0.5%"), func(e simulator.Emission) {
		v := e.Event
		id := string(v.ID)
		if seen[id] {
			twice++
			return
		}
		seen[id] = true
		sent++
		if e.At-v.Recorded >= (2 * time.Minute).Milliseconds() {
			late++
		}
		switch {
		case v.Type == event.EventRetracted:
			retracted++
			retractions[string(v.RetractedID)] = v.RetractedTime
		case strings.HasSuffix(id, "-wrong"):
			wrongs[id] = v.Time
		case v.Type.OfVisit():
			right++
		}
	})
	for name, c := range map[string]struct{ got, want float64 }{
		"late": {late / sent, 0.10}, "duplicate": {twice / sent, 0.02}, "retract": {retracted / right, 0.005},
	} {
		if c.got < c.want*0.9 || c.got > c.want*1.1 {
			t.Errorf("%s: %.3f %%, want %.3f %%", name, 100*c.got, 100*c.want)
		}
	}
	if !reflect.DeepEqual(wrongs, retractions) {
		t.Errorf("%d wrong events and %d retractions, which do not match", len(wrongs), len(retractions))
	}
}

func TestEventsOfACutAreSentWhenItEnds(t *testing.T) {
	clean, cut := map[event.BCP][]int64{}, map[event.BCP][]int64{}
	play(t, config(t, 7, 7, ""), func(e simulator.Emission) { clean[e.Event.BCP] = append(clean[e.Event.BCP], e.At) })
	play(t, config(t, 7, 7, "cut=12h"), func(e simulator.Emission) { cut[e.Event.BCP] = append(cut[e.Event.BCP], e.At) })
	var posts int
	for bcp, at := range cut {
		if len(at) != len(clean[bcp]) {
			t.Fatalf("%d events with and %d without the cut", len(at), len(clean[bcp]))
		}
		if reflect.DeepEqual(at, clean[bcp]) {
			continue
		}
		posts++
		var silence int64
		var from int
		for i := 1; i < len(at); i++ {
			if at[i]-at[i-1] > silence {
				silence, from = at[i]-at[i-1], i
			}
		}
		if silence < (11 * time.Hour).Milliseconds() {
			t.Errorf("the longest silence is %v", time.Duration(silence)*time.Millisecond)
		}
		if behind := at[from+50] - at[from]; behind > 15_000 {
			t.Errorf("the first fifty events after the silence took %d ms, want all at once", behind)
		}
	}
	if posts != 1 {
		t.Errorf("%d posts were cut off, want 1", posts)
	}
}

func TestSkewShiftsTheClockOfOneBCP(t *testing.T) {
	clean := play(t, config(t, 3, 7, ""), ignore)
	skewed := play(t, config(t, 3, 7, "skew=5m"), ignore)
	if len(clean) != len(skewed) {
		t.Fatalf("%d visits without the fault, %d with it", len(clean), len(skewed))
	}
	byVisit := map[string]simulator.TruthLine{}
	for _, l := range clean {
		byVisit[l.Visit] = l
	}
	wrong := map[string]bool{}
	var most int64
	for _, l := range skewed {
		was := byVisit[l.Visit]
		if l.Arrived == nil || *l.Arrived == *was.Arrived {
			continue
		}
		wrong[l.BCP] = true
		off := *l.Arrived - *was.Arrived
		most = max(most, off, -off)
		if len(l.Segments) != len(was.Segments) {
			t.Fatalf("%s has %d segments, was %d", l.Visit, len(l.Segments), len(was.Segments))
		}
	}
	if limit := simulator.MaxSkew.Milliseconds(); len(wrong) != 1 || most > limit || most < limit/2 {
		t.Errorf("the clocks of %v are off by up to %d ms, want one clock, off by up to MaxSkew", wrong, most)
	}
}
