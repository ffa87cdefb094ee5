package main

import (
	"encoding/csv"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dwell/dashboards/overview"
)

// sighting is a reading of the file. All of its days have summer time in Warsaw, so local hours count from two hours earlier.
type sighting struct {
	at    time.Time
	count int // -1 is none
	age   time.Duration
}

func (l sighting) hour() int { return int(l.at.Unix()+2*3600) / 3600 }

// sightings reads the file by crossing, without any of dwell.
func sightings(t *testing.T) map[string][]sighting {
	t.Helper()
	file, err := os.Open(realReadings)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]sighting{}
	for _, row := range rows[1:] {
		at, _ := time.Parse(time.RFC3339, row[0])
		age, err := strconv.ParseFloat(row[10], 64)
		if err != nil {
			t.Fatal(err)
		}
		l := sighting{at, -1, time.Duration(max(0, age)) * time.Second}
		if n, err := strconv.Atoi(row[3]); err == nil && row[6] == "0" {
			l.count = n
		}
		name := strings.ToUpper(row[1])
		all[name] = append(all[name], l)
	}
	return all
}

// tolerated is the silence in hours that a source may keep at an hour of the local week: twice the upper quartile over
// the weeks of the longest silence in that hour and its neighbours, or twelve hours where four weeks are not known.
func tolerated(of []sighting, now time.Time, hour int) float64 {
	sightings := map[int]int{}
	for _, l := range of {
		sightings[l.hour()]++
	}
	end := sighting{at: now}.hour()
	first := end - 9*168
	gap := func(n int) float64 {
		sum := 0.0
		for i := 1; i <= n+1; i++ {
			sum += 1 / float64(i)
		}
		return sum / float64(n+1)
	}
	longest := func(x int) float64 { // NaN is unknown
		last := x - 1
		for last >= first && sightings[last] == 0 {
			last--
		}
		before := math.NaN()
		if last >= first {
			if before = gap(sightings[last]) + float64(x-last-1); before > 168 {
				before = math.NaN()
			}
		}
		switch {
		case sightings[x] == 0 && before+1 > 168:
			return math.NaN()
		case sightings[x] == 0:
			return before + 1
		case math.IsNaN(before):
			return gap(sightings[x])
		}
		return before + gap(sightings[x])
	}
	var weeks []float64
	for x := end - 1; x >= end-8*168; x-- {
		if (x-hour)%168 != 0 || math.IsNaN(longest(x)) {
			continue
		}
		most := longest(x)
		for _, beside := range []int{x - 1, x + 1} {
			if d := longest(beside); beside < end && d > most {
				most = d
			}
		}
		weeks = append(weeks, most)
	}
	if len(weeks) < 4 {
		return 12
	}
	slices.Sort(weeks)
	return min(168, max(1, math.Ceil(2*weeks[int(math.Ceil(0.75*float64(len(weeks))))-1])))
}

// doubted says of each reading of a crossing whether it is a zero that does not count as an empty queue yet: one of the
// first two since the source had no number for too long.
func doubted(of []sighting, silence func(sighting) float64) []bool {
	out := make([]bool, len(of))
	for i, l := range of {
		if l.count != 0 {
			continue
		}
		// From the latest number above zero on, which of the zeros is this one since an outage?
		nth, counting := 0, false
		begin := i
		for begin > 0 && of[begin-1].count <= 0 {
			begin--
		}
		for k := begin; k <= i; k++ {
			if of[k].count < 0 {
				continue
			}
			before := k - 1
			for before >= 0 && of[before].count < 0 {
				before--
			}
			outage := before < 0 || of[k].at.Sub(of[before].at).Hours() > silence(of[k])
			if outage && !counting {
				nth, counting = 0, true
			}
			if nth++; nth == 3 {
				counting = false
			}
		}
		out[i] = counting
	}
	return out
}

// frozen counts the readings that are the fourth or later in a row with one number, over more than the tolerated silence,
// without an outage, while the age never falls by more than a minute; zeros only if the source never looked again.
func frozen(of []sighting, silence func(sighting) float64) (n int) {
	for i, l := range of {
		first := i
		for first > 0 && of[first-1].count == l.count && l.count >= 0 && of[first].age >= of[first-1].age-time.Minute &&
			of[first].at.Sub(of[first-1].at).Hours() <= silence(of[first]) {
			first--
		}
		span := l.at.Sub(of[first].at)
		sameLook := l.age-of[first].age >= span-time.Minute
		if i-first >= 3 && span.Hours() > silence(l) && (l.count > 0 || sameLook) {
			n++
		}
	}
	return n
}

// silentAfter is how long a place may be silent at now, in seconds.
func silentAfter(of []sighting, now time.Time) int64 {
	l := sighting{at: now}
	return int64(3600 * tolerated(of, now, l.hour()%168))
}

// testJudged compares the time without events that each place may have, and the API's verdicts on all readings, with the file.
func testJudged(t *testing.T, url string, now time.Time, shown *overview.Overview) {
	t.Helper()
	all := sightings(t)
	metrics := body(t, url+"/metrics")
	sum := map[string]int{}
	for _, bcp := range shown.Places {
		of := all[bcp.ID[len("PL-06-"):]]
		hours := map[int]float64{}
		silence := func(l sighting) float64 {
			hour := l.hour() % 168
			if _, ok := hours[hour]; !ok {
				hours[hour] = tolerated(of, now, hour)
			}
			return hours[hour]
		}
		if want := silentAfter(of, now); bcp.SilentAfterSeconds != want || !bcp.SilentAfterLearned {
			t.Errorf("%s: silent after %d s, learned %v; want %d", bcp.ID, bcp.SilentAfterSeconds, bcp.SilentAfterLearned, want)
		}
		if line := fmt.Sprintf("dwell_bcp_silent_after_seconds{bcp=%q} %d\n", bcp.ID, bcp.SilentAfterSeconds); !strings.Contains(metrics, line) {
			t.Errorf("the metrics lack %s", line)
		}
		if n := frozen(of, silence); n != 0 {
			t.Errorf("%s: %d readings may be frozen, and what is usual of the source decides; the test does not know it", bcp.ID, n)
		}
		var got overview.Readings
		get(t, url+"/api/v1/places/"+bcp.ID+"/readings?from=2026-06-01T00:00:00Z&limit=10000", &got)
		if len(got.Readings) != len(of) {
			t.Fatalf("%s: %d readings, want %d", bcp.ID, len(got.Readings), len(of))
		}
		doubts := doubted(of, silence)
		for i, r := range got.Readings {
			l := of[i]
			verdict := map[string]bool{"stale": l.count >= 0 && l.age.Hours() > silence(l), "in doubt": doubts[i], "zero": l.count == 0}
			is := map[string]bool{"stale": r.Stale, "in doubt": r.Reason == overview.ZeroAfterOutage, "zero": r.Vehicles != nil && *r.Vehicles == 0}
			if !maps.Equal(is, verdict) || r.Frozen {
				t.Errorf("%s %v: %v, want %v", bcp.ID, l.at, is, verdict)
			}
			for what, yes := range is {
				if yes {
					sum[what]++
				}
			}
		}
	}
	// No reading was older than its source is usually silent, none was repeated, and 21 zeros were the first after an outage.
	if want := map[string]int{"zero": 401, "in doubt": 21}; !maps.Equal(sum, want) {
		t.Errorf("%v, want %v", sum, want)
	}
}
