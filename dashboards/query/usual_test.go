package query

import (
	"fmt"
	"math"
	"testing"
	"time"

	"dwell/dashboards/overview"
	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/metrics/usual"
)

// weeks writes nine weeks of hours with random trucks, up to an hour: by each direction arrivals, and releases with a time; who arrived left in the same hour or stays.
func (b *database) weeks(bcp, until string, condition string) {
	b.t.Helper()
	for _, d := range []string{"inbound", "outbound"} {
		for i, measure := range []string{"arrivals", "untimed_left", "release_time", "untimed_releases", "untimed_departures"} {
			b.insert(`windows (shard, bcp, direction, channel, regime, grain, start, measure, as_of, n, sum_ms, sum_sq, bins)
SELECT number %% 2, '%[1]s', '%[2]s', 'green', 'import', grain, start, '%[3]s', 10, sum(trucks), sum(trucks) * 3600000, 0, %[4]s
FROM (SELECT number, arrayJoin(['hour', 'day']) AS grain, toDateTime(%[5]d, 'UTC') - 3600 * (1512 - number) AS hour, if(grain = 'hour', hour, toStartOfDay(hour)) AS start,
    cityHash64(number, '%[2]s', %[6]d) %% 20 AS trucks, (cityHash64(number, 7) %% 600)::Int16 AS bin
    FROM numbers(1512) WHERE %[7]s)
GROUP BY number %% 2, grain, start`, bcp, d, measure, map[bool]string{true: "sumMap(map(bin, trucks::UInt32))", false: "map()"}[measure == "release_time"],
				at(until).Unix(), i/2, condition)
		}
	}
}

// What is usual is what ClickHouse's own quantiles are of the same hours, gathered by SQL that knows nothing of the code.
func TestWhatIsUsualIsWhatSQLFinds(t *testing.T) {
	b := newBorder(t, "2026-03-16T12:10:00Z", placeOf("A", "UTC", 3*time.Hour), placeOf("EMPTY", "UTC", 3*time.Hour))
	b.weeks("A", "2026-03-16T12:00:00Z", "toHour(hour) != 3")
	b.insideNow(0, "A", "inbound", "2026-03-16T12:05:00Z", 9)
	b.refresh()
	learned, err := b.LearnUsual(t.Context(), b.now)
	if err != nil {
		t.Fatal(err)
	}
	const hourly = `WITH hours AS (
    SELECT start, sumIf(n, measure = 'arrivals') AS arrivals, sumIf(n, measure IN ('release_time', 'untimed_releases')) AS releases,
        sumIf(n, measure IN ('untimed_departures', 'crossing_time')) AS departures, arrivals - sumIf(n, measure IN ('untimed_left', 'crossing_time')) AS change
    FROM windows FINAL WHERE bcp = 'A' AND grain = 'hour' AND direction IN (%s) GROUP BY start),
known AS (
    SELECT d AS start, ifNull(arrivals, 0) AS arrivals, ifNull(releases, 0) AS releases, ifNull(departures, 0) AS departures, sum(ifNull(change, 0)) OVER (ORDER BY d ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS inside
    FROM (SELECT toDateTime('2026-01-01 00:00:00', 'UTC') + 3600 * number AS d FROM numbers(2000)) AS clock LEFT JOIN hours ON hours.start = d),
used AS (SELECT *, (toDayOfWeek(start) %% 7) * 24 + toHour(start) AS hour FROM known WHERE start >= '2026-01-19 00:00:00' AND start < '2026-03-16 00:00:00')
SELECT of, quantileExactInclusive(0.25)(%[2]s), quantileExactInclusive(0.5)(%[2]s), quantileExactInclusive(0.75)(%[2]s)
FROM used ARRAY JOIN [hour, (hour + 1) %% 168, (hour + 167) %% 168] AS of GROUP BY of ORDER BY of`
	for _, d := range directions {
		names := "'inbound', 'outbound'"
		if d != event.NoDirection {
			names = "'" + d.String() + "'"
		}
		for _, m := range []usual.Measure{usual.Arrivals, usual.Releases, usual.Departures, usual.Inside} {
			w := learned[usual.Series{BCP: 1, Direction: d, Measure: m}]
			if w == nil {
				t.Fatalf("nothing was learned of %s", m)
			}
			rows, err := b.conn.Query(t.Context(), fmt.Sprintf(hourly, names, m))
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for rows.Next() {
				var of uint32
				want := usual.Hour{Weeks: 8}
				if err := rows.Scan(&of, &want.P25, &want.Median, &want.P75); err != nil {
					t.Fatal(err)
				}
				n++
				if w.Hours[of] != want {
					t.Errorf("%s %v, hour %d: %+v, want %+v", m, d, of, w.Hours[of], want)
				}
			}
			if err := rows.Err(); err != nil || n != usual.Hours {
				t.Errorf("%d hours, %v", n, err)
			}
		}
	}
	for of := range learned {
		if of.BCP == 2 {
			t.Errorf("of a place without trucks was learned %+v", of)
		}
	}
	// The median of one bin of each hour.
	if h := learned[usual.Series{BCP: 1, Measure: usual.ReleaseTime}].Hours[100]; !h.Known() || h.Median <= 0 {
		t.Errorf("the usual release time is %+v", h)
	}
}

// A place is closed from 20:00 to 6:00, and nothing was heard of it for the two first days of a week: these hours teach nothing.
func TestClosedHoursAndOutagesTeachNothing(t *testing.T) {
	p := placeOf("A", "UTC", 3*time.Hour)
	p.SilentAfterIsMax = true
	book, err := place.Parse("places.yaml", []byte(`
places:
  - id: A
    names: {en: A}
    time_zone: UTC
    calendar: [{days: [mon, tue, wed, thu, fri, sat, sun], hours: ["06:00-20:00"]}]
`))
	if err != nil {
		t.Fatal(err)
	}
	p.Calendar = book.Places[0].Calendar
	b := newBorder(t, "2026-03-16T12:10:00Z", p)
	b.weeks("A", "2026-03-16T12:00:00Z", "NOT (hour >= '2026-03-02 00:00:00' AND hour < '2026-03-04 00:00:00')")
	b.refresh()
	learned, err := b.LearnUsual(t.Context(), b.now)
	if err != nil {
		t.Fatal(err)
	}
	w := learned[usual.Series{BCP: 1, Direction: event.Inbound, Measure: usual.Arrivals}]
	for of, h := range w.Hours {
		day, hour := of/24, of%24
		want := 8
		switch {
		case hour < 6 || hour >= 20:
			want = 0
		case day == int(time.Tuesday), day == int(time.Monday) && hour > 5:
			want = 7
		}
		if h.Weeks != want {
			t.Errorf("day %d, %d:00 was known in %d weeks, want %d", day, hour, h.Weeks, want)
		}
	}
}

// There are 60 trucks inside where 20 are usual, and room for 50: a spike. The page has both, and the API beside it the last hour and the week before.
func TestUsualStandsBesideWhatIs(t *testing.T) {
	p := placeOf("A", "UTC", 3*time.Hour)
	p.Capacity = 50
	b := newBorder(t, "2026-03-16T12:10:00Z", p)
	b.weeks("A", "2026-03-16T12:00:00Z", "1")
	b.insideNow(0, "A", "inbound", "2026-03-16T12:05:00Z", 40)
	b.insideNow(0, "A", "outbound", "2026-03-16T12:06:00Z", 20)
	u := b.overview().Places[0].Usual
	if u.Reason != overview.NotLearned || u.Median != nil || u.Deviation != nil || len(u.Spikes) != 0 {
		t.Errorf("before it was learned: %+v", u)
	}

	both, in := usual.Series{BCP: 1, Measure: usual.Inside}, usual.Series{BCP: 1, Direction: event.Inbound, Measure: usual.Inside}
	w := &usual.Week{Spread: 8}
	for i := range w.Hours {
		w.Hours[i] = usual.Hour{P25: 16, Median: 20, P75: 24, Weeks: 6}
	}
	w.Hours[usual.HourOf(b.now.Add(-time.Hour), time.UTC)].Weeks = 3
	l := &usual.Learned{At: at("2026-03-16T00:10:00Z"), Weeks: map[usual.Series]*usual.Week{both: w, {BCP: 1, Measure: usual.Arrivals}: w}}
	seen, err := b.SeeUsual(b.now, l)
	if err != nil {
		t.Fatal(err)
	}
	if s := seen[both]; s.X == nil || *s.X != 60 || *s.Deviation != 5 || !s.Over {
		t.Errorf("both directions are seen as %+v", s)
	}
	if s := seen[in]; s.X == nil || *s.X != 40 || s.Median != nil || s.Deviation != nil || s.Over {
		t.Errorf("inbound, of which nothing is usual, is seen as %+v", s)
	}
	b.PutUsual(&usual.InForce{Learned: l, Looked: map[usual.Series]usual.Looked{
		both: {Spike: usual.Spike{Since: at("2026-03-16T11:30:00Z")}}, in: {},
	}})
	u = b.overview().Places[0].Usual
	is(t, "median", u.Median, 20)
	is(t, "deviation", u.Deviation, 5)
	if u.Reason != "" || u.Weeks != 6 || len(u.Spikes) != 1 || u.Spikes[0] != (overview.Spike{Measure: "inside", Since: at("2026-03-16T11:30:00Z")}) {
		t.Errorf("%+v", u)
	}
	answer, err := b.UsualWeek(t.Context(), overview.UsualQuery{ID: "A"})
	if err != nil || len(answer.Measures) != 6 {
		t.Fatalf("%+v, %v", answer, err)
	}
	inside, arrivals := answer.Measures[0], answer.Measures[3]
	if inside.Measure != "inside" || *inside.Value != 60 || *inside.Deviation != 5 || inside.LastWeek == nil || inside.SpikeSince == nil || inside.Hours != nil {
		t.Errorf("%+v", inside)
	}
	if arrivals.Measure != "arrivals" || !arrivals.Time.Equal(at("2026-03-16T11:00:00Z")) || arrivals.Value == nil || arrivals.Reason != overview.FewWeeks || arrivals.Weeks != 3 {
		t.Errorf("%+v", arrivals)
	}
	var n uint64
	var want int64
	if err := b.conn.QueryRow(t.Context(), "SELECT count(), sum(n) FROM windows FINAL WHERE measure = 'arrivals' AND grain = 'hour' AND start = '2026-03-09 11:00:00'").Scan(&n, &want); err != nil {
		t.Fatal(err)
	}
	if n != 2 || arrivals.LastWeek == nil || *arrivals.LastWeek != float64(want) {
		t.Errorf("a week before %v arrived, want %d", arrivals.LastWeek, want)
	}
	for i, w := range answer.Windows {
		to := at([]string{"2026-03-16T12:00:00Z", "2026-03-09T12:00:00Z", "2026-02-16T12:00:00Z", "2025-03-16T12:00:00Z"}[i])
		if !w.To.Equal(to) || !w.From.Equal(to.Add(-24*time.Hour)) {
			t.Errorf("%s is from %v to %v", w.Name, w.From, w.To)
		}
		if known := i < 3; known != (w.Arrivals != nil) || known != (w.ReleaseP90Seconds != nil) || w.CrossingP50Seconds != nil {
			t.Errorf("%+v", w)
		}
	}
	one, err := b.UsualWeek(t.Context(), overview.UsualQuery{ID: "A", Measure: "arrivals"})
	if err != nil || len(one.Measures) != 1 || len(one.Measures[0].Hours) != usual.Hours || math.Abs(*one.Measures[0].Hours[0].Median-20) > 0 {
		t.Errorf("%+v, %v", one, err)
	}
}

// Within the hour the usual number falls from 900 to 300, which is a truck in six seconds. Viewers are sent whole trucks.
func TestOverviewSaysWhatIsUsualInWholeTrucks(t *testing.T) {
	b := newBorder(t, "2026-03-16T12:20:02Z", placeOf("A", "UTC", 3*time.Hour))
	b.weeks("A", "2026-03-16T12:00:00Z", "1")
	b.insideNow(0, "A", "inbound", "2026-03-16T12:20:01Z", 700)
	w := &usual.Week{Spread: 1000}
	hour := usual.HourOf(b.now, time.UTC)
	w.Hours[hour], w.Hours[hour+1] = usual.Hour{P25: 900, Median: 900, P75: 900, Weeks: 8}, usual.Hour{P25: 300, Median: 300, P75: 300, Weeks: 8}
	b.PutUsual(&usual.InForce{Learned: &usual.Learned{At: b.now, Weeks: map[usual.Series]*usual.Week{{BCP: 1, Measure: usual.Inside}: w}}})
	before := b.overview().Places[0].Usual
	is(t, "median", before.Median, 700)
	is(t, "deviation", before.Deviation, 0)
	if math.Signbit(*before.Deviation) {
		t.Error("a deviation is a negative zero")
	}
	b.now = b.now.Add(time.Second)
	if after := b.overview().Places[0].Usual; *after.Median != *before.Median || *after.P25 != *before.P25 || *after.Deviation != *before.Deviation {
		t.Errorf("a second later %+v, before %+v", after, before)
	}
}

// A camera reads a queue at a quarter past and at ten to: of each hour the last reading counts, for the begin of the next one. At four nothing was read, at five
// only that nobody waits beside vehicles.
func TestUsualOfAQueueIsWhatWasReadLast(t *testing.T) {
	b := newBorder(t, "2026-03-16T12:10:00Z", placeOf("A", "UTC", 3*time.Hour))
	b.insert(`readings (shard, offset, bcp, direction, source, queue, id, edition, time, recorded, vehicles, wait_seconds, age_seconds, retracted, logged)
SELECT 0, number, 'A', 'inbound', 'camera', 'lorries', toString(number), 0, toDateTime64('2026-01-12 00:15:00', 3, 'UTC') + 35 * 60 * (number %% 2) + 3600 * intDiv(number, 2) AS at, at,
    toHour(at) * 10 + number %% 2, if(toHour(at) = 5, 0, 600), 0, 0, at FROM numbers(3100) WHERE toHour(at) != 4 AND at < '2026-03-16 12:00:00'`)
	b.refresh()
	learned, err := b.LearnUsual(t.Context(), b.now)
	if err != nil {
		t.Fatal(err)
	}
	of := usual.Series{BCP: 1, Direction: event.Inbound, Measure: usual.Vehicles, Source: "camera", Queue: "lorries"}
	vehicles := learned[of]
	of.Measure = usual.Wait
	wait := learned[of]
	if vehicles == nil || wait == nil || len(learned) != 2 {
		t.Fatalf("learned was %v", learned)
	}
	for at := range usual.Hours {
		hour := at % 24 // the readings before it are of the hour before
		want := usual.Hour{Weeks: 8}
		if hour == 5 { // of four
			want.Weeks = 0
		}
		if h := vehicles.Hours[at]; h.Weeks != want.Weeks || h.Known() && hour == 12 && h.Median != 111 {
			t.Errorf("hour %d of the week: %+v, want %d weeks", at, h, want.Weeks)
		}
		if hour == 6 {
			want.Weeks = 0
		}
		if h := wait.Hours[at]; h.Weeks != want.Weeks || h.Known() && h.Median != 600 {
			t.Errorf("the wait in hour %d of the week: %+v, want %d weeks", at, h, want.Weeks)
		}
	}
}
