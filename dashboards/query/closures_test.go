package query

import (
	"testing"
	"time"

	"dwell/dashboards/overview"
	"dwell/ingest/place"
)

// happens writes an event about a place, as two shards have it.
func (b *database) happens(id, time, bcp, what, lane string) {
	b.t.Helper()
	for shard := range 2 {
		b.insert(`events (shard, offset, logged, time, recorded, type, id, source, subject, bcp, lane)
			SELECT %d, (SELECT count() FROM events), %s, %s, %s, '%s', '%s', 'post', '%s', '%s', '%s'`,
			shard, literal(at(time)), literal(at(time)), literal(at(time)), what, id, bcp, bcp, lane)
	}
}

func (b *database) reading(id, bcp, time, values string) {
	b.t.Helper()
	b.insert("readings VALUES (0, (SELECT count() FROM readings), '%s', '', 'far', '%s', 0, %s, %s, %s, 0, %[3]s)", bcp, id, literal(at(time)), literal(at(time)), values)
}

func TestPlaceIsClosedByItsOpeningsAndLanes(t *testing.T) {
	b := newBorder(t, "2026-01-07T12:00:00Z", placeOf("A", "UTC", 3*time.Hour))
	b.happens("1", "2026-01-05T08:00:00Z", "A", "bcp.closed", "")
	b.happens("2", "2026-01-05T09:00:00Z", "A", "bcp.opened", "")
	b.happens("3", "2026-01-05T10:00:00Z", "A", "lane.opened", "1")
	b.happens("4", "2026-01-05T11:00:00Z", "A", "lane.closed", "1") // the only one that is known
	b.happens("5", "2026-01-05T12:00:00Z", "A", "lane.opened", "2")
	b.happens("6", "2026-01-05T13:00:00Z", "A", "lane.closed", "2")
	b.happens("7", "2026-01-05T14:00:00Z", "A", "lane.opened", "1")
	b.happens("8", "2026-01-05T15:00:00Z", "A", "bcp.closed", "") // an error
	b.insert(`events (shard, offset, logged, time, recorded, type, id, source, subject, bcp, retracted_id, retracted_source)
		SELECT 0, 1000, time, time, time, 'event.retracted', '9', 'post', 'A', 'A', '8', 'post' FROM (SELECT %s AS time)`, literal(at("2026-01-05T15:10:00Z")))
	b.insert(`events (shard, offset, logged, time, recorded, type, id, source, subject, bcp, retracted_id, retracted_source, retracted_edition)
		SELECT 0, 1001, time, time, time, 'event.retracted', '12', 'post', 'A', 'A', arrayJoin(['4', '11']), 'post', 1 FROM (SELECT %s AS time)`, literal(at("2026-01-05T20:10:00Z")))
	b.happens("10", "2026-01-05T16:00:00Z", "B", "bcp.closed", "") // another one
	b.happens("11", "2026-01-05T20:00:00Z", "A", "bcp.closed", "")
	b.refresh()
	shut, err := b.readClosures(t.Context(), &b.places[0], at("2026-01-01T00:00:00Z"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from, to string
		closed   bool
	}{
		{"2026-01-04T00:00:00Z", "2026-01-05T07:59:59Z", false},
		{"2026-01-04T00:00:00Z", "2026-01-05T08:00:00Z", true},
		{"2026-01-05T08:20:00Z", "2026-01-05T08:30:00Z", true},
		{"2026-01-05T08:59:00Z", "2026-01-05T09:10:00Z", true},
		{"2026-01-05T09:00:00Z", "2026-01-05T10:59:00Z", false},
		{"2026-01-05T10:59:00Z", "2026-01-05T11:01:00Z", true},
		{"2026-01-05T12:00:00Z", "2026-01-05T12:59:00Z", false},
		{"2026-01-05T13:10:00Z", "2026-01-05T13:20:00Z", true},
		{"2026-01-05T14:00:00Z", "2026-01-05T19:59:00Z", false},
		{"2026-01-06T14:00:00Z", "2026-01-06T19:59:00Z", true},
	} {
		if got := shut.during(at(c.from), at(c.to)); got != c.closed {
			t.Errorf("closed after %s until %s: %v", c.from, c.to, got)
		}
	}
}

func TestPlaceIsClosedInHoursThatItsCalendarLacks(t *testing.T) {
	p := placeOf("A", "Asia/Kabul", 3*time.Hour)
	p.Calendar = &place.Calendar{}
	for day := range p.Calendar.Days {
		p.Calendar.Days[day] = []place.Span{{Open: 7*60 + 30, Close: 12 * 60}, {Open: 12 * 60, Close: 24 * 60}}
	}
	shut := closures{openings: hoursOf([]place.Place{p})[1]}
	for _, c := range []struct {
		from, to string
		closed   bool
	}{
		{"2026-01-05T07:31:00+04:30", "2026-01-05T23:59:00+04:30", false},
		{"2026-01-05T07:29:00+04:30", "2026-01-05T23:59:00+04:30", true},
		{"2026-01-05T23:00:00+04:30", "2026-01-06T00:00:00+04:30", true},
		{"2026-01-05T23:00:00+04:30", "2026-01-06T08:00:00+04:30", true},
		{"2026-01-05T01:00:00+04:30", "2026-01-05T01:00:30+04:30", true},
	} {
		if got := shut.during(at(c.from), at(c.to)); got != c.closed {
			t.Errorf("closed after %s until %s: %v", c.from, c.to, got)
		}
	}
}

func TestZeroAfterAClosureIsNoEmptyQueue(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:00:00Z", placeOf("A", "UTC", 3*time.Hour))
	said := func() overview.LatestReading { return b.overview().Places[0].Readings[0] }
	b.reading("1", "A", "2026-01-05T08:00:00Z", "40, NULL, 60")
	b.happens("1", "2026-01-05T09:00:00Z", "A", "bcp.closed", "")
	b.happens("2", "2026-01-05T10:30:00Z", "A", "bcp.opened", "")
	b.reading("2", "A", "2026-01-05T10:40:00Z", "0, NULL, 60")
	r := said()
	is(t, "vehicles, as they were published", r.Vehicles, 0)
	if r.Reason != overview.ZeroAfterClosure || r.Frozen || r.Stale {
		t.Errorf("%+v", r)
	}
	b.reading("3", "A", "2026-01-05T11:00:00Z", "0, NULL, 60")
	if r := said(); r.Reason != overview.ZeroAfterClosure {
		t.Errorf("the second zero: %+v", r)
	}
	b.reading("4", "A", "2026-01-05T11:20:00Z", "0, NULL, 60")
	if r := said(); r.Reason != "" {
		t.Errorf("the third zero: %+v", r)
	}
	all, err := b.Readings(t.Context(), "A", at("2026-01-05T10:00:00Z"), at("2026-01-05T12:00:00Z"), 100)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		reason overview.Reason
		until  string
	}{{overview.ZeroAfterClosure, ""}, {overview.ZeroAfterClosure, ""}, {"", "2026-01-05T12:00:00Z"}} {
		got := all.Readings[i]
		if got.Reason != want.reason || (got.KnownUntil == nil) != (want.until == "") || got.KnownUntil != nil && !got.KnownUntil.Equal(at(want.until)) {
			t.Errorf("%d: %+v, want %v", i, got, want)
		}
	}
}

func TestSourceThatRepeatsItselfIsFrozen(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:00:00Z", placeOf("A", "UTC", 3*time.Hour))
	b.reading("1", "A", "2026-01-05T06:50:00Z", "41, NULL, 0")
	b.reading("2", "A", "2026-01-05T08:00:00Z", "40, NULL, 600")
	b.reading("3", "A", "2026-01-05T09:00:00Z", "40, NULL, 4200")
	b.reading("4", "A", "2026-01-05T10:00:00Z", "40, NULL, 7800")
	if r := b.overview().Places[0].Readings[0]; r.Frozen {
		t.Errorf("after two hours: %+v", r)
	}
	b.reading("5", "A", "2026-01-05T11:30:00Z", "40, NULL, 13200")
	r := b.overview().Places[0].Readings[0]
	is(t, "frozen since", r.FrozenSince, at("2026-01-05T07:50:00Z"))
	if !r.Frozen || !r.Stale || r.AgeSeconds != 15000 {
		t.Errorf("%+v", r)
	}
	all, err := b.Readings(t.Context(), "A", at("2026-01-05T11:00:00Z"), at("2026-01-05T12:00:00Z"), 100)
	if err != nil {
		t.Fatal(err)
	}
	if r := all.Readings[0]; !r.Frozen || !r.Stale || r.KnownUntil != nil {
		t.Errorf("it rests on what came before: %+v", r)
	}
}
