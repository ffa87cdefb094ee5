package query

import (
	"fmt"
	"testing"
	"time"
)

// manySources has a source Z that was seen first, others of which each later one has an earlier name, and two that were seen last at
// the same time.
func manySources(b *database, others int) {
	b.insert(`readings SELECT 0, number, 'A', '', if(number = 0, 'Z', concat('S', leftPad(toString(100000 - number), 6, '0'))), toString(number), 0,
		toDateTime64('2026-01-05 08:00:00', 3, 'UTC') + number / 1000 AS at, at, 1 + number, NULL, NULL, 0, at FROM numbers(%d)`, others+1)
	b.insert(`readings SELECT 0, 900000 + number, 'A', '', ['Y', 'X'][1 + number], 'last', 0, %s AS at, at, 1, NULL, NULL, 0, at FROM numbers(2)`, literal(at("2026-01-05T09:00:00Z")))
}

func TestSourcesSeenFirstAreShownAndTheOthersCounted(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:00:00Z", placeOf("A", "UTC", 12*time.Hour), placeOf("B", "UTC", 12*time.Hour))
	manySources(b, 62)
	b.insert(`readings SELECT 0, 5, 'A', 'inbound', 'Z', 'in', 0, %s AS at, at, 3, NULL, NULL, 0, at`, literal(at("2026-01-05T11:00:00Z")))
	b.insert(`readings SELECT 0, 6, 'A', '', 'early', '', 0, %s AS at, at, NULL, NULL, NULL, 1, '2026-01-01 00:00:00'`, literal(at("2026-01-05T08:00:00Z")))
	b.insert(`readings SELECT 0, 7, 'B', '', 'Q', '', 0, %s AS at, at, 3, NULL, NULL, 0, at`, literal(at("2026-01-05T11:00:00Z")))
	places := b.overview().Places
	shown := map[string]int{}
	for _, r := range places[0].Readings {
		shown[r.Source]++
	}
	if len(shown) != 64 || shown["Z"] != 2 || shown["S099938"] != 1 || shown["X"] != 1 || shown["Y"] != 0 {
		t.Errorf("%d sources are shown: Z, the last of the others and X, which goes before Y, should be: %v", len(shown), shown)
	}
	if places[0].QueuesLeftOut != 1 || b.QueuesLeftOut("A") != 1 || places[1].QueuesLeftOut != 0 || len(places[1].Readings) != 1 {
		t.Errorf("%d, %d and %d sources are left out", places[0].QueuesLeftOut, b.QueuesLeftOut("A"), places[1].QueuesLeftOut)
	}
	past, err := b.Readings(t.Context(), "A", at("2026-01-05T00:00:00Z"), b.now, 1000)
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]int{}
	for _, r := range past.Readings {
		of[r.Source]++
	}
	if fmt.Sprint(of) != fmt.Sprint(shown) {
		t.Errorf("the readings are of %v, and those shown of %v", of, shown)
	}
}

// The database was away while the readings were read, so that it took a minute.
func TestReadingsAreReadAgainSoonAfterASlowRead(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:00:00Z", placeOf("A", "UTC", time.Hour))
	reading := func(hour int) {
		b.insert(`readings SELECT 0, %d, 'A', '', 'queue', '%[1]d', 0, %s AS at, at, 7, NULL, NULL, 0, at`, hour, literal(at("2026-01-05T00:00:00Z").Add(time.Duration(hour)*time.Hour)))
	}
	reading(10)
	b.refresh()
	slow := *b.read.Load()
	slow.offsets, slow.judging = slow.offsets+1, work{time.Now().Add(-readingsBehind), time.Minute}
	b.read.Store(&slow)
	reading(11)
	if err := b.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	out, err := b.Overview(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r := out.Places[0].Readings; len(r) != 1 || !r[0].Time.Equal(at("2026-01-05T11:00:00Z")) {
		t.Errorf("the readings shown are %+v; want that of 11:00", r)
	}
}

// A reading is judged by those of its own queue before it, however many others there are, of other sources or of its own.
func TestReadingsOfOthersDoNotHideThatAQueueIsFrozen(t *testing.T) {
	for _, other := range []string{"'flood', ''", "'far', 'flood'"} {
		b := newBorder(t, "2026-01-05T12:00:00Z", placeOf("A", "UTC", time.Hour))
		b.insert(`readings SELECT 0, number, 'A', '', 'far', toString(number), 0, toDateTime64('2026-01-05 05:00:00', 3, 'UTC') + 1800 * number AS at, at, 7, NULL, NULL, 0, at FROM numbers(12)`)
		b.insert(`readings (shard, offset, bcp, source, queue, id, time, recorded, vehicles, logged)
			SELECT 0, number, 'A', %s, 'f' || toString(number), toDateTime64('2026-01-05 10:20:00', 3, 'UTC') + number / 1000 AS at, at, number, at FROM numbers(%d)`, other, maxRemembered)
		b.refresh()
		past, err := b.Readings(t.Context(), "A", at("2026-01-05T10:29:00Z"), b.now, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(past.Readings) != 1 || past.Readings[0].Source != "far" || past.Readings[0].Queue != "" || !past.Readings[0].Frozen {
			t.Errorf("beside %s: readings %+v", other, past.Readings)
		}
	}
}

func TestALaneThatManyOthersWereBeforeDoesNotKeepAPlaceOpen(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:00:00Z", placeOf("A", "UTC", 3*time.Hour))
	lane := func(from, lanes int, what, time string) {
		b.insert(`events (shard, offset, logged, time, recorded, type, id, source, subject, bcp, lane)
			SELECT 0, (SELECT count() FROM events) + number, at, at, at, '%s', concat('%[1]s', toString(%[2]d - number)), 'post', 'A', 'A', toString(%[2]d - number)
			FROM (SELECT number, %[3]s AS at FROM numbers(%[4]d))`, what, from+lanes, literal(at(time)), lanes)
	}
	lane(100, 64, "lane.opened", "2026-01-05T08:00:00Z")
	lane(0, 50, "lane.opened", "2026-01-05T08:30:00Z")
	lane(100, 63, "lane.closed", "2026-01-05T09:00:00Z")
	for _, closed := range []bool{false, true} {
		if closed {
			lane(163, 1, "lane.closed", "2026-01-05T10:00:00Z")
		}
		shut, err := b.readClosures(t.Context(), &b.places[0], at("2026-01-01T00:00:00Z"))
		if err != nil {
			t.Fatal(err)
		}
		if got := shut.during(at("2026-01-05T10:30:00Z"), at("2026-01-05T11:00:00Z")); got != closed {
			t.Errorf("closed %v, want %v", got, closed)
		}
	}
}

// BenchmarkReadingsOfManyNames asks for one reading of a place with 50,000 sources and 50,000 lanes.
func BenchmarkReadingsOfManyNames(b *testing.B) {
	d := newBorder(b, "2026-01-05T12:00:00Z", placeOf("A", "UTC", 12*time.Hour))
	manySources(d, 50_000)
	d.insert(`events (shard, offset, logged, time, recorded, type, id, source, subject, bcp, lane)
		SELECT 0, number, at, at, at, 'lane.opened', toString(number), 'post', 'A', 'A', toString(number)
		FROM (SELECT number, toDateTime64('2026-01-05 07:00:00', 3, 'UTC') + number / 1000 AS at FROM numbers(50000))`)
	d.refresh()
	for b.Loop() {
		if _, err := d.Readings(b.Context(), "A", at("2026-01-05T08:00:00Z"), d.now, 1); err != nil {
			b.Fatal(err)
		}
	}
}
