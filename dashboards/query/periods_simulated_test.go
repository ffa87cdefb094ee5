package query

import (
	"bufio"
	"cmp"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"dwell/dashboards/overview"
	"dwell/ingest/place"
	"dwell/ingest/simulator"
	"dwell/metrics/calendar"
	"dwell/metrics/engine"
	"dwell/metrics/window"
)

// Three places whose clocks differ, two of which change them in these weeks.
const threeZones = `
week_begins: sat
agencies:
  - {code: customs, names: {en: Customs}}
  - {code: border_police, names: {en: Police}}
  - {code: transport, names: {en: Transport}}
  - {code: health, names: {en: Health}}
  - {code: plant_quarantine, names: {en: Plants}}
places:
  - {id: KABUL, names: {en: Kabul}, time_zone: Asia/Kabul, lapse_after: 9000h, calendar: [{days: [sat, sun, mon, tue, wed, thu], hours: ["07:30-17:00"]}]}
  - {id: WARSAW, names: {en: Warsaw}, time_zone: Europe/Warsaw, lapse_after: 9000h, week_begins: mon}
  - {id: NEWYORK, names: {en: New York}, time_zone: America/New_York, lapse_after: 9000h, week_begins: sun, silent_after: 30h}
`

// simulated is a border with what the engine made of nine simulated weeks, late and repeated events among them, and the truth.
func simulated(t *testing.T) (b *database, truth []simulator.TruthLine, from, until time.Time) {
	book, err := place.Parse("three.yaml", []byte(threeZones))
	if err != nil {
		t.Fatal(err)
	}
	faults, err := simulator.ParseFaults("late=10%,duplicate=2%")
	if err != nil {
		t.Fatal(err)
	}
	from = at("2026-02-20T00:00:00Z")
	until = from.AddDate(0, 0, 63)
	s, err := simulator.New(simulator.Config{
		Places: book, From: from, Until: until, Seed: 11, Faults: faults,
		Truth: func(l simulator.TruthLine) { truth = append(truth, l) },
	})
	if err != nil {
		t.Fatal(err)
	}
	b = newBorder(t, until.Format(time.RFC3339), book.Places...)
	var shards [2]*engine.State
	var next [2]int64
	for id := range shards {
		shards[id] = engine.New(engine.Config{Vocabulary: s.Vocabulary(), Places: book.Places, MemoryRetention: 1 << 60, WatermarkDelay: time.Minute})
	}
	flush := func() {
		for id, state := range shards {
			f := state.Flush(next[id])
			if err := cmp.Or(b.store.WriteWindows(t.Context(), id, f.Windows.All()), b.store.WriteProgress(t.Context(), id, f)); err != nil {
				t.Fatal(err)
			}
		}
	}
	n := 0
	for e, ok := s.Next(); ok; e, ok = s.Next() {
		h := fnv.New32a()
		_, _ = h.Write(e.Key)
		for id, state := range shards {
			if e.AllPartitions || id == int(h.Sum32())%len(shards) {
				visit, _ := state.Find(e.Event)
				state.Apply(next[id], e.Event, visit)
				next[id]++
			}
		}
		if n++; n%200_000 == 0 {
			flush()
		}
	}
	flush()
	return b, truth, from, until
}

// persianMonths are the first days of months as ICU has them, in their order; names are years and months.
func persianMonths(t *testing.T) (days []string, names [][2]int) {
	f, err := os.Open("../../metrics/calendar/testdata/persian_months.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var year, month int
		var day string
		if _, err := fmt.Sscan(lines.Text(), &year, &month, &day); err != nil {
			t.Fatal(err)
		}
		days, names = append(days, day), append(names, [2]int{year, month})
	}
	return days, names
}

// bucket is the first date of the period that has an instant in it at a place, by Go's clock and ICU's months and by no code of ours.
func bucket(grain string, ms int64, zone *time.Location, begins time.Weekday, days []string, names [][2]int) string {
	local := time.UnixMilli(ms).In(zone)
	year, month, day := local.Date()
	date := func(y int, m time.Month, d int) string {
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	}
	switch today := date(year, month, day); grain {
	case "day":
		return today
	case "week":
		for local.Weekday() != begins {
			local = local.AddDate(0, 0, -1)
		}
		return local.Format(time.DateOnly)
	case "month":
		return date(year, month, 1)
	case "quarter":
		return date(year, (month-1)/3*3+1, 1)
	case "year":
		return date(year, 1, 1)
	default:
		at, found := slices.BinarySearch(days, today)
		if !found {
			at--
		}
		months := map[string]int{"month_persian": 1, "quarter_persian": 3, "year_persian": 12}[grain]
		return days[at-(names[at][1]-1)%months]
	}
}

// bunch is what all trucks of a bucket come to, one by one.
type bunch struct {
	gross, net     []int64
	arrived, moved int64
}

// Brute force: every truck of the truth is put into the bucket of its local date, and each bucket is what is answered for the period.
func TestPeriodsAreThoseOfAllTrucksOfTheTruth(t *testing.T) {
	b, truth, from, until := simulated(t)
	b.refresh()
	days, names := persianMonths(t)
	compared := 0
	for id, group := range map[string][]string{
		"KABUL": {"KABUL"}, "WARSAW": {"WARSAW"}, "corridor": {"NEWYORK", "KABUL"}, "total": {"KABUL", "WARSAW", "NEWYORK"},
	} {
		for _, grain := range calendar.Names() {
			g, _ := calendar.ParseGrain(grain)
			q := overview.PeriodsQuery{ID: id, Places: group, Measure: "release_time", Grain: g, WeekBegins: time.Saturday, From: from, To: until}
			all := map[string]*bunch{}
			for _, l := range truth {
				if !slices.Contains(group, l.BCP) || l.Arrived == nil {
					continue
				}
				in := func(ms *int64) *bunch {
					key := bucket(grain, *ms, b.place(l.BCP).Zone, time.Saturday, days, names)
					if all[key] == nil {
						all[key] = &bunch{}
					}
					return all[key]
				}
				in(l.Arrived).arrived++
				in(l.Arrived).moved++
				if l.Released != nil {
					of := in(l.Released)
					of.gross, of.net = append(of.gross, *l.Released-*l.Arrived), append(of.net, *l.ReleaseNet)
				}
				if l.Departed != nil {
					in(l.Departed).moved--
				}
			}
			times := b.periods(q)
			q.Measure = "arrivals"
			counts := b.periods(q)
			inside, first := int64(0), times.Windows[0].FirstDate
			for i, w := range times.Windows {
				want := all[w.FirstDate]
				if want == nil {
					want = &bunch{}
				}
				delete(all, w.FirstDate)
				inside += want.moved
				is(t, w.Name+" trucks", w.N, int64(len(want.gross)))
				unknown, atEnd := b.before(group, from, &w)
				if atEnd {
					null(t, w.Name+" inside", w.Inside)
				} else {
					is(t, w.Name+" inside", w.Inside, inside)
					is(t, w.Name+" inside beside arrivals", counts.Windows[i].Inside, inside)
				}
				is(t, w.Name+" unknown days", w.UnknownDays, unknown)
				if (w.Status == overview.OK) != (unknown == 0) || (w.Status == overview.Partial) != (unknown > 0) {
					t.Errorf("%s of %s is %s", w.Name, id, w.Status)
				}
				is(t, w.Name+" arrivals", counts.Windows[i].N, want.arrived)
				if len(want.gross) > 0 {
					compared++
					same(t, id+" "+w.Name, want.gross, w.SumSeconds, w.P50Seconds, w.P90Seconds, w.P95Seconds)
					same(t, id+" "+w.Name+" net", want.net, w.NetSumSeconds, w.NetP50Seconds, w.NetP90Seconds, w.NetP95Seconds)
				}
			}
			for key, left := range all {
				if key >= first { // what was late to happen is after the end
					t.Errorf("%s has %d trucks in the %s from %s, which is not answered", id, len(left.gross), grain, key)
				}
			}
		}
	}
	if compared < 300 {
		t.Errorf("%d periods were compared", compared)
	}
}

// before counts the days of a window at places before the simulation, and says whether the window ends before it at one of them.
func (b *database) before(group []string, from time.Time, w *overview.Window) (days int, atEnd bool) {
	for _, id := range group {
		begun := from.In(b.place(id).Zone).Format(time.DateOnly)
		atEnd = atEnd || w.LastDate < begun
		for d := w.FirstDate; d < begun && d <= w.LastDate; days++ {
			date, err := time.Parse(time.DateOnly, d)
			if err != nil {
				b.t.Fatal(err)
			}
			d = date.AddDate(0, 0, 1).Format(time.DateOnly)
		}
	}
	return days, atEnd
}

func (b *database) periods(q overview.PeriodsQuery) *overview.History {
	b.t.Helper()
	h, err := b.Periods(b.t.Context(), q)
	if err != nil {
		b.t.Fatal(err)
	}
	return h
}

// same compares sum and quantiles with those of all times: to the bit with the bins of these, and within the sketch's error with the times.
func same(t *testing.T, what string, ms []int64, sum, p50, p90, p95 *float64) {
	t.Helper()
	var bins window.Bins
	var all int64
	for _, v := range ms {
		bins, all = bins.Add(window.BinOf(v), 1), all+v
	}
	slices.Sort(ms)
	is(t, what+" sum", sum, float64(all)/1000)
	for level, got := range map[float64]*float64{0.5: p50, 0.9: p90, 0.95: p95} {
		is(t, fmt.Sprint(what, " at ", level), got, bins.Quantile(level))
		near(t, fmt.Sprint(what, " at ", level), got, float64(ms[int(math.Ceil(level*float64(len(ms))))-1])/1000)
	}
}
