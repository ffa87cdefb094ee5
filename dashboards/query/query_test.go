package query

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/dashboards/overview"
	"dwell/deploy/embedded/clickhouse/clickhousetest"
	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/metrics/border"
	"dwell/metrics/clickhouse"
	"dwell/metrics/window"
)

func TestMain(m *testing.M) { clickhousetest.Main(m) }

// database is one with rows written by hand, and a source whose clock stands.
type database struct {
	t     testing.TB
	store *clickhouse.Store
	conn  driver.Conn
	*Source
	voc  *event.Vocabulary
	all  []place.Place
	now  time.Time
	asOf int // of the rows that are written
}

func newBorder(t testing.TB, now string, places ...place.Place) *database {
	t.Helper()
	server := clickhousetest.Start(t)
	var ids []string
	for i := range places {
		ids = append(ids, places[i].ID)
	}
	voc, err := event.NewVocabulary(ids, []string{"customs", "border_police", "transport", "health", "plant_quarantine"})
	if err != nil {
		t.Fatal(err)
	}
	cfg := clickhouse.DefaultConfig()
	cfg.Addresses, cfg.Database = []string{server.Addr}, server.Database
	cfg.Password = server.Password
	store, err := clickhouse.Open(t.Context(), cfg, voc)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	b := &database{t: t, store: store, conn: store.Conn(), all: places, now: at(now), asOf: 10}
	// Questions need no user that may write.
	cfg.Addresses = []string{server.ReadOnly(t, 2).Addr}
	reader, err := clickhouse.Connect(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reader.Close() })
	b.voc = voc
	b.Source = b.source(reader, server.Database)
	return b
}

// source is one over these tables.
func (b *database) source(conn driver.Conn, db string) *Source {
	return New(conn, db, b.all, b.voc, DefaultConfig(), func() time.Time { return b.now }, border.New(len(b.all)))
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

func torkham() place.Place {
	return placeOf("TORKHAM", "Asia/Kabul", 3*time.Hour)
}

func placeOf(id, zone string, silentAfter time.Duration) place.Place {
	z, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	return place.Place{
		ID: id, Names: place.Names{"en": id}, Zone: z, SilentAfter: silentAfter,
		Neighbour: &place.Neighbour{ID: "FAR", Names: place.Names{"en": "Far"}},
	}
}

// earlyReadings are readings as most tests write them: of a queue without a name, in a state that is unknown.
const earlyReadings = "readings (shard, offset, bcp, direction, source, id, edition, time, recorded, vehicles, wait_seconds, age_seconds, retracted, logged) "

func (b *database) insert(format string, args ...any) {
	b.t.Helper()
	if rest, is := strings.CutPrefix(format, "readings "); is && rest[0] != '(' {
		format = earlyReadings + rest
	}
	if err := b.conn.Exec(b.t.Context(), fmt.Sprintf("INSERT INTO "+format, args...)); err != nil {
		b.t.Fatal(err)
	}
}

func literal(t time.Time) string {
	return fmt.Sprintf("'%s'", t.UTC().Format("2006-01-02 15:04:05.000"))
}

// window writes a row of durations in seconds, or of a count, into the hour and the day.
func (b *database) window(shard int, bcp, direction, grain, start, measure string, n int, seconds ...int) {
	b.t.Helper()
	var a window.Aggregate
	for _, s := range seconds {
		a.Add(window.IncrementOf(window.ReleaseTime, int64(s)*1000, 0, 1))
	}
	b.aggregate(shard, bcp, direction, grain, start, measure, n, &a)
}

func (b *database) aggregate(shard int, bcp, direction, grain, start, measure string, n int, a *window.Aggregate) {
	b.t.Helper()
	b.aggregates(b.row(shard, bcp, direction, grain, start, measure, n, a))
}

func (b *database) aggregates(rows ...string) {
	b.t.Helper()
	b.insert(`windows (shard, bcp, direction, channel, regime, grain, start, measure, as_of, n, sum_ms, sum_sq, bins, net_ms, net_sq, net_bins)
		VALUES %s`, strings.Join(rows, ", "))
}

// row is one for aggregates.
func (b *database) row(shard int, bcp, direction, grain, start, measure string, n int, a *window.Aggregate) string {
	list := func(bins window.Bins) string {
		var all []string
		for _, bin := range bins {
			all = append(all, fmt.Sprintf("%d, %d", bin.Index, bin.Count))
		}
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("(%d, '%s', '%s', 'green', 'import', '%s', toDateTime(%d, 'UTC'), '%s', %d, %d, %d, %d, map(%s), %d, %d, map(%s))",
		shard, bcp, direction, grain, at(start).Unix(), measure, b.asOf, n, a.Sum, a.SumSquares.Lo, list(a.Bins),
		a.Sum-a.Net.Closed, a.Net.SumSquares.Lo, list(a.Net.Bins))
}

// insideColumns are columns of inside_now; all others are as the classes' trucks say.
const insideColumns = `inside_now (shard, bcp, direction, as_of, last_event, last_truck_event, trucks, class_trucks, class_phase, class_holder, class_arrived,
    class_since, class_channel, class_type, class_agency, class_kind, class_result, class_done)`

// insideNow writes the trucks inside by class, which is phase, holder and hour of arrival: "wait customs 490858: 1".
func (b *database) insideNow(shard int, bcp, direction, lastEvent string, trucks int, classes ...string) {
	b.t.Helper()
	var counts, phases, holders, hours []string
	for _, c := range classes {
		var phase, holder string
		var hour, n int
		if _, err := fmt.Sscanf(c, "%s %s %d: %d", &phase, &holder, &hour, &n); err != nil {
			b.t.Fatalf("class %q: %v", c, err)
		}
		counts, phases, holders, hours = append(counts, fmt.Sprint(n)), append(phases, "'"+phase+"'"), append(holders, "'"+holder+"'"), append(hours, fmt.Sprint(hour*3600))
	}
	list := func(all []string) string { return "[" + strings.Join(all, ", ") + "]" }
	none := func(value string) string { return list(slices.Repeat([]string{value}, len(classes))) }
	ofTruck := "NULL"
	if trucks > 0 {
		ofTruck = literal(at(lastEvent))
	}
	b.insert(insideColumns+" VALUES (%d, '%s', '%s', 10, %s, %s, %d, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
		shard, bcp, direction, literal(at(lastEvent)), ofTruck, trucks, list(counts), list(phases), list(holders), list(hours),
		none("NULL"), none("''"), none("'truck.arrived'"), none("''"), none("''"), none("''"), none("[]"))
}

// refresh reads all tables again: rows that are written by hand may be as of any offset.
func (b *database) refresh() {
	b.t.Helper()
	b.insert("progress (shard, offset, as_of) SELECT number, %d, 0 FROM numbers(8) WHERE number NOT IN (SELECT shard FROM progress)", b.asOf)
	b.stored.shards = nil
	if last := b.read.Load(); last != nil {
		b.read.Store(&read{baselines: last.baselines, learned: last.learned})
	}
	if err := b.Refresh(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

func (b *database) overview() *overview.Overview {
	b.t.Helper()
	b.refresh()
	out, err := b.Overview(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

func is[T comparable](t *testing.T, what string, got *T, want T) {
	t.Helper()
	if got == nil {
		t.Errorf("%s is null, want %v", what, want)
	} else if *got != want {
		t.Errorf("%s = %v, want %v", what, *got, want)
	}
}

func null[T any](t *testing.T, what string, got *T) {
	t.Helper()
	if got != nil {
		t.Errorf("%s = %v, want null", what, *got)
	}
}

func near(t *testing.T, what string, got *float64, want float64) {
	t.Helper()
	if got == nil || math.Abs(*got-want) > window.RelativeError*want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func TestPlaceWithoutDataYetIsUnknownAndNotEmpty(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:10:00Z", torkham()).overview()
	bcp := b.Places[0]
	if bcp.Status != overview.Unknown || bcp.LastEvent != nil {
		t.Errorf("status %q, last event %v", bcp.Status, bcp.LastEvent)
	}
	null(t, "inside", bcp.Inside.Trucks)
	null(t, "last known", bcp.Inside.LastKnown)
	null(t, "n", bcp.ReleaseTime.N)
	null(t, "p50", bcp.ReleaseTime.P50Seconds)
	null(t, "arrivals", bcp.Flow.Counts["arrivals"])
	null(t, "total inside", b.Total.Inside.Trucks)
	null(t, "total arrivals", b.Total.Flow.Counts["arrivals"])
	if bcp.Inside.Reason != overview.NoDataYet || b.Total.UnknownPlaces != 1 {
		t.Errorf("reason %q, %d unknown", bcp.Inside.Reason, b.Total.UnknownPlaces)
	}
	if len(bcp.Trend) != 24 {
		t.Fatalf("%d hours", len(bcp.Trend))
	}
	for _, h := range bcp.Trend {
		if h.Status != overview.Unknown || h.N != nil || h.Inside != nil {
			t.Errorf("%v: %+v", h.Start, h)
		}
	}
	if b.AsOf != nil || b.FinalUntil != nil {
		t.Errorf("as of %v, final until %v", b.AsOf, b.FinalUntil)
	}
}

func TestShardsDirectionsAndHoursAddUp(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:10:00Z", torkham())
	// Kabul is UTC+4:30, so its hours begin at half past.
	b.window(0, "TORKHAM", "inbound", "hour", "2026-01-05T11:30:00Z", "release_time", 2, 3600, 7200)
	b.window(1, "TORKHAM", "outbound", "hour", "2026-01-05T10:30:00Z", "release_time", 1, 36000)
	b.window(1, "TORKHAM", "outbound", "hour", "2026-01-05T10:30:00Z", "untimed_releases", 4)
	b.window(0, "TORKHAM", "inbound", "hour", "2026-01-05T11:30:00Z", "arrivals", 5)
	b.window(0, "TORKHAM", "inbound", "hour", "2026-01-05T11:30:00Z", "untimed_left", 1)
	b.window(0, "TORKHAM", "inbound", "hour", "2026-01-05T11:30:00Z", "untimed_departures", 3)
	b.window(1, "TORKHAM", "inbound", "hour", "2026-01-05T11:30:00Z", "crossing_time", 1, 7200)
	b.window(0, "TORKHAM", "inbound", "hour", "2026-01-05T11:30:00Z", "wait/customs", 2, 600, 300)
	b.window(1, "TORKHAM", "inbound", "hour", "2026-01-05T09:30:00Z", "wait/customs", 1, 100)
	b.window(1, "TORKHAM", "inbound", "hour", "2026-01-05T09:30:00Z", "incomplete/no_arrival", 1)
	b.window(0, "TORKHAM", "inbound", "hour", "2026-01-04T11:30:00Z", "untimed_releases", 100) // a day ago
	// The hours of arrival are 12:00, that of 2026-01-01 00:00, and 02:00.
	b.insideNow(0, "TORKHAM", "inbound", "2026-01-05T12:05:00Z", 3, "wait customs 491004: 2", "service health 490896: 1")
	b.insideNow(1, "TORKHAM", "outbound", "2026-01-05T12:08:00Z", 4, "wait customs 490994: 4")
	b.insert("progress (shard, offset, as_of, latest, watermark) VALUES (0, 10, 10, %s, %s), (1, 20, 20, %s, %s)",
		literal(at("2026-01-05T12:05:00Z")), literal(at("2026-01-05T11:55:00Z")),
		literal(at("2026-01-05T12:08:00Z")), literal(at("2026-01-05T11:58:00Z")))

	got := b.overview()
	bcp := got.Places[0]
	if bcp.Status != overview.OK {
		t.Errorf("status %q", bcp.Status)
	}
	is(t, "inside", bcp.Inside.Trucks, 7)
	is(t, "by direction", bcp.Inside.ByDirection, overview.Directions{Inbound: 3, Outbound: 4})
	is(t, "by age", bcp.Inside.ByAge, overview.Ages{Under6h: 2, Under24h: 4, Under7d: 1})
	if want := []overview.Held{{Phase: "wait", Holder: "customs", Trucks: 6}, {Phase: "service", Holder: "health", Trucks: 1}}; fmt.Sprint(bcp.Inside.ByHolder) != fmt.Sprint(want) {
		t.Errorf("by holder %v", bcp.Inside.ByHolder)
	}
	is(t, "n", bcp.ReleaseTime.N, 3)
	near(t, "p50", bcp.ReleaseTime.P50Seconds, 7200)
	near(t, "p90", bcp.ReleaseTime.P90Seconds, 36000)
	is(t, "mean", bcp.ReleaseTime.MeanSeconds, 15600)
	is(t, "releases", bcp.Flow.Counts["releases"], 7)
	is(t, "departures", bcp.Flow.Counts["departures"], 4)
	if want := []overview.Holding{{Phase: "wait", Holder: "customs", N: 3, Seconds: 1000, NetSeconds: 1000}}; fmt.Sprint(bcp.Holders) != fmt.Sprint(want) {
		t.Errorf("holders %v", bcp.Holders)
	}
	last := bcp.Trend[23]
	if !last.Start.Equal(at("2026-01-05T11:30:00Z")) {
		t.Errorf("the last hour starts %v", last.Start)
	}
	is(t, "inside at the end of the last hour", last.Inside, 7)
	is(t, "inside an hour before", bcp.Trend[22].Inside, 4)
	is(t, "n of the last hour", last.N, 2)
	null(t, "p50 of an hour without releases", bcp.Trend[21].P50Seconds)
	is(t, "n of an hour without releases", bcp.Trend[21].N, 0)
	is(t, "as of", got.AsOf, at("2026-01-05T12:08:00Z").UTC())
	is(t, "final until", got.FinalUntil, at("2026-01-05T11:55:00Z").UTC())
	is(t, "total inside", got.Total.Inside.Trucks, 7)
}

func TestStalePlaceIsUnknownAndItsTrendHasAGap(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:00:00Z", placeOf("A", "UTC", 3*time.Hour))
	b.window(0, "A", "inbound", "hour", "2026-01-04T20:00:00Z", "arrivals", 4)
	b.window(0, "A", "inbound", "hour", "2026-01-05T06:00:00Z", "arrivals", 2)
	b.window(0, "A", "inbound", "hour", "2026-01-05T06:00:00Z", "release_time", 1, 60)
	b.insideNow(0, "A", "inbound", "2026-01-05T06:30:00Z", 6)
	bcp := b.overview().Places[0]
	if bcp.Status != overview.Unknown || bcp.Inside.Reason != overview.Stale {
		t.Errorf("status %q, reason %q", bcp.Status, bcp.Inside.Reason)
	}
	null(t, "inside", bcp.Inside.Trucks)
	is(t, "last known", bcp.Inside.LastKnown, 6)
	is(t, "n of what was seen", bcp.ReleaseTime.N, 1)
	for _, h := range bcp.Trend {
		hour := h.Start.Format("15h")
		known := map[string]int64{"20h": 4, "21h": 4, "22h": 4, "23h": 4, "06h": 6, "07h": 6, "08h": 6, "09h": 6}
		want, ok := known[hour]
		switch {
		case ok:
			is(t, "inside at the end of "+hour, h.Inside, want)
		case h.Inside != nil || h.Status != overview.Unknown:
			t.Errorf("%s: inside %v, status %q, want unknown", hour, *h.Inside, h.Status)
		}
	}
}

func TestEmptyPlaceThatIsSeenHasZeroTrucks(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:00:00Z", placeOf("A", "UTC", 3*time.Hour))
	b.window(0, "A", "inbound", "hour", "2026-01-05T11:00:00Z", "arrivals", 1)
	b.window(0, "A", "inbound", "hour", "2026-01-05T11:00:00Z", "untimed_left", 1)
	b.insert("inside_now (shard, bcp, direction, as_of, last_event, last_truck_event, trucks) VALUES (0, 'A', 'inbound', 10, '2026-01-05 11:50:00', '2026-01-05 11:50:00', 0)")
	bcp := b.overview().Places[0]
	is(t, "inside", bcp.Inside.Trucks, 0)
	is(t, "n", bcp.ReleaseTime.N, 0)
	null(t, "p50", bcp.ReleaseTime.P50Seconds)
	if bcp.ReleaseTime.Reason != overview.NoReleases {
		t.Errorf("reason %q", bcp.ReleaseTime.Reason)
	}
}

func TestPlaceWithReadingsAloneHasNoTrucksToCount(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:00:00Z", placeOf("A", "UTC", 12*time.Hour))
	b.insideNow(0, "A", "", "2026-01-05T11:50:00Z", 0)
	reading := func(offset int, source string, id, edition int, time, values string) {
		b.insert(`readings VALUES (0, %d, 'A', '', '%s', 'r%d', %d, %s, %s, %s, %[5]s)`,
			offset, source, id, edition, literal(at(time)), literal(at(time)), values)
	}
	reading(1, "dpsu", 1, 0, "2026-01-05T08:00:00Z", "100, NULL, 60, 0")
	reading(2, "dpsu", 2, 0, "2026-01-05T11:50:00Z", "0, NULL, 1800, 0") // a real zero
	reading(3, "dpsu", 2, 1, "2026-01-05T11:55:00Z", "7, 7, 7, 1")       // another edition, retracted
	reading(4, "camera", 4, 0, "2026-01-05T11:58:00Z", "NULL, NULL, NULL, 0")
	reading(5, "old", 5, 0, "2026-01-05T11:00:00Z", "5, 600, 90000, 0")
	bcp := b.overview().Places[0]
	if bcp.Status != overview.OK || bcp.Inside.Reason != overview.NotMeasured {
		t.Errorf("status %q, reason %q", bcp.Status, bcp.Inside.Reason)
	}
	null(t, "inside", bcp.Inside.Trucks)
	null(t, "last known", bcp.Inside.LastKnown)
	if len(bcp.Readings) != 3 {
		t.Fatalf("readings %+v", bcp.Readings)
	}
	camera, dpsu, old := bcp.Readings[0], bcp.Readings[1], bcp.Readings[2]
	null(t, "camera", camera.Vehicles)
	if camera.Reason != overview.NotReported {
		t.Errorf("reason %q", camera.Reason)
	}
	is(t, "dpsu", dpsu.Vehicles, 0)
	if dpsu.AgeSeconds != 2400 || dpsu.Stale {
		t.Errorf("dpsu is %d s old, stale %v", dpsu.AgeSeconds, dpsu.Stale)
	}
	is(t, "wait", old.WaitSeconds, 600)
	if !old.Stale || old.AgeSeconds != 93600 {
		t.Errorf("old is %d s old, stale %v", old.AgeSeconds, old.Stale)
	}
}

func TestStaleTrucksAreUnknownThoughReadingsContinue(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:00:00Z", placeOf("A", "UTC", 3*time.Hour))
	b.window(0, "A", "inbound", "hour", "2026-01-05T06:00:00Z", "arrivals", 4)
	b.insideNow(0, "A", "inbound", "2026-01-05T06:50:00Z", 4)
	b.insideNow(0, "A", "", "2026-01-05T11:50:00Z", 0) // a reading
	bcp := b.overview().Places[0]
	if bcp.Status != overview.OK || bcp.Inside.Reason != overview.NoTruckEvents {
		t.Errorf("status %q, reason %q", bcp.Status, bcp.Inside.Reason)
	}
	null(t, "inside", bcp.Inside.Trucks)
	is(t, "last known", bcp.Inside.LastKnown, 4)
}

func TestPlaceIsClosedByItsCalendar(t *testing.T) {
	p := placeOf("A", "UTC", 20*time.Hour)
	p.Calendar = &place.Calendar{}
	p.Calendar.Days[time.Monday] = []place.Span{{Open: 8 * 60, Close: 16 * 60}}
	b := newBorder(t, "2026-01-05T18:00:00Z", p) // a Monday
	b.window(0, "A", "inbound", "hour", "2026-01-05T12:00:00Z", "arrivals", 3)
	b.insideNow(0, "A", "inbound", "2026-01-05T15:50:00Z", 3)
	bcp := b.overview().Places[0]
	if bcp.Status != overview.Closed || bcp.Open {
		t.Errorf("status %q, open %v", bcp.Status, bcp.Open)
	}
	is(t, "inside", bcp.Inside.Trucks, 3)
	if got := bcp.Trend[23].Status; got != overview.Closed {
		t.Errorf("the last hour is %q", got)
	}
}

// A blockade lasts over the mornings of the calendar until an opening is reported, and is over at once when it turns out to
// have been a mistake. The copy in another shard changes nothing.
func TestReportedClosingsAndOpeningsOverrideTheCalendar(t *testing.T) {
	p := placeOf("A", "UTC", 100*time.Hour)
	p.Calendar = &place.Calendar{}
	for d := range p.Calendar.Days {
		p.Calendar.Days[d] = []place.Span{{Open: 8 * 60, Close: 16 * 60}}
	}
	b := newBorder(t, "2026-01-07T10:00:00Z", p)
	b.window(0, "A", "inbound", "hour", "2026-01-07T08:00:00Z", "arrivals", 3)
	b.insideNow(0, "A", "inbound", "2026-01-07T08:50:00Z", 3)
	offset := 0
	report := func(typ, id, time, direction, retracted string) {
		for shard := range 2 {
			b.insert(`events (shard, offset, type, id, source, subject, bcp, time, direction, retracted_id, retracted_source)
				VALUES (%d, %d, '%s', '%s', '/post', 'A', 'A', %s, '%s', '%s', '/post')`, shard, offset, typ, id, literal(at(time)), direction, retracted)
		}
		offset++
	}
	check := func(what string, status overview.Status, open bool) {
		t.Helper()
		if bcp := b.overview().Places[0]; bcp.Status != status || bcp.Open != open || bcp.Trend[23].Status != status {
			t.Errorf("%s: status %q, open %v, the last hour is %q", what, bcp.Status, bcp.Open, bcp.Trend[23].Status)
		}
		h := b.history(overview.HistoryQuery{ID: "A", Measure: "arrivals", Grain: window.Hour, From: at("2026-01-07T09:00:00Z"), To: at("2026-01-07T10:00:00Z")})
		if h.Windows[0].Status != status {
			t.Errorf("%s: history says %q", what, h.Windows[0].Status)
		}
	}
	check("by its calendar", overview.OK, true)
	report("bcp.closed", "1", "2026-01-05T10:00:00Z", "", "")
	check("two days into a blockade", overview.Closed, false)
	report("bcp.opened", "2", "2026-01-07T07:00:00Z", "outbound", "")
	check("open on the way out", overview.OK, true)
	report("event.retracted", "3", "2026-01-07T09:00:00Z", "", "2")
	check("which was a mistake", overview.Closed, false)
	report("event.retracted", "4", "2026-01-07T09:00:00Z", "", "1")
	check("as was the blockade", overview.OK, true)
}
