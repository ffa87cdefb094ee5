package clickhouse

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/visit"
)

const day = 24 * time.Hour

func TestRetentionsAreReadBackAndTheLastOfAnOffsetWins(t *testing.T) {
	s := open(t, fresh(t), vocabulary(t))
	if all, err := s.Retentions(t.Context(), 1); err != nil || len(all) > 0 {
		t.Fatalf("retentions of a new shard are %v, %v", all, err)
	}
	always := int64(math.MinInt64 / 2)
	want := []engine.Retention{
		{From: 0, Visits: 90 * day, Events: 30 * day, VisitsSince: always, EventsSince: always},
		{From: 70, Visits: 0, Events: 0, VisitsSince: 1_700_000_000_123, EventsSince: 1_700_000_000_456},
	}
	for _, r := range []engine.Retention{want[0], {From: 70, Visits: day, VisitsSince: always, EventsSince: always}, want[1]} {
		if got, err := s.WriteRetention(t.Context(), 1, r); err != nil || got != r {
			t.Fatalf("got %+v, %v, want %+v", got, err, r)
		}
	}
	if got, err := s.Retentions(t.Context(), 1); err != nil || !slices.Equal(got, want) {
		t.Fatalf("got %+v, %v, want %+v", got, err, want)
	}
	if got, err := s.Retentions(t.Context(), 2); err != nil || len(got) > 0 {
		t.Fatalf("retentions of another shard are %v, %v", got, err)
	}
}

// An instance that had no retention died after it had written events beyond its progress: these stay, so the retention holds from
// the offset after them.
func TestRetentionHoldsAfterWhatWasWrittenWithoutIt(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	var raw engine.Raw
	raw.Events.Append(&event.Record{Offset: 41, Time: 0}, &event.Event{Type: event.TruckArrived, Subject: []byte("T1"), BCP: 1, Direction: event.Inbound})
	if err := s.WriteRaw(t.Context(), 1, &raw); err != nil {
		t.Fatal(err)
	}
	if got, err := s.WriteRetention(t.Context(), 1, engine.Retention{From: 30, Visits: day}); err != nil || got.From != 42 {
		t.Fatalf("it holds from %d, %v, want 42", got.From, err)
	}
}

// noted writes progress and a retention of a shard.
func noted(t *testing.T, s *Store, id int, latest int64, r engine.Retention) {
	t.Helper()
	if err := s.WriteProgress(t.Context(), id, &engine.Flush{AsOf: 1000, Latest: latest, Watermark: latest, HasLatest: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.WriteRetention(t.Context(), id, r); err != nil {
		t.Fatal(err)
	}
}

func stringsOf(t *testing.T, s *Store, query string) string {
	t.Helper()
	var all []string
	if err := s.conn.QueryRow(t.Context(), "SELECT arraySort(groupArray(toString(x))) FROM ("+query+")").Scan(&all); err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

// Visits are kept for thirty days in one shard and without end in the other. Those that are older are in no view, deleted or not;
// then they are deleted.
func TestVisitsThatAreAbsentAreInNoViewAndAreDeleted(t *testing.T) {
	voc := vocabulary(t)
	cfg := fresh(t)
	cfg.Settings = map[string]string{"mutations_sync": "1"}
	s := open(t, cfg, voc)
	now := at("UTC", "2026-03-20 12:00").UnixMilli()
	passed := func(id string, days, asOf int64) visit.Row {
		then := now - days*day.Milliseconds()
		return (&truck{voc: voc, id: id}).add(event.TruckArrived, then-10*minute, nil).add(event.TruckDeparted, then, nil).row(asOf)
	}
	// A retraction took the last fact of this one back, so its newest row has the earlier time.
	shrunk := passed("shrunk", 20, 10)
	shrunkLater := passed("shrunk", 40, 11)
	void := (&truck{voc: voc, id: "void"}).row(5) // of January
	voidNow := (&truck{voc: voc, id: "void now"}).row(6)
	voidNow.Month = 202602
	for _, rows := range [][]visit.Row{
		{passed("old", 31, 3), passed("new", 29, 20), passed("came back", 50, 2), void, voidNow, shrunk},
		{passed("came back", 1, 30), shrunkLater},
	} {
		if err := s.WriteVisits(t.Context(), 0, chunksOf(rows...)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.WriteVisits(t.Context(), 1, chunksOf(passed("old, kept", 31, 3))); err != nil {
		t.Fatal(err)
	}
	const views = "SELECT visit AS x FROM latest_visits"
	before := stringsOf(t, s, views)
	if before != "came back new old old, kept shrunk void void now" {
		t.Fatalf("without a retention the visits are %s", before)
	}
	noted(t, s, 0, now, engine.Retention{Visits: 30 * day, Events: 10 * day, VisitsSince: -1 << 62, EventsSince: -1 << 62})
	const want = "came back new old, kept void now"
	if got := stringsOf(t, s, views); got != want {
		t.Errorf("in latest_visits are %s, want %s", got, want)
	}
	minutes := func() string {
		return stringsOf(t, s, "SELECT toDate(start) AS x FROM movements_by_minute(bcp = 'AF-NAN-TORKHAM', from = '2026-01-01 00:00:00', to = '2026-04-01 00:00:00') WHERE arrivals > 0")
	}
	if got := minutes(); got != "2026-02-17 2026-02-19 2026-03-19" {
		t.Errorf("minutes with arrivals are of %s", got)
	}

	kept, err := s.Kept(t.Context())
	if err != nil || len(kept) != 1 || kept[0].Shard != 0 || kept[0].VisitsSince != now-30*day.Milliseconds() || kept[0].EventsSince != now-10*day.Milliseconds() {
		t.Fatalf("kept is %+v, %v", kept, err)
	}
	const all = "SELECT DISTINCT visit AS x FROM visits"
	if err := s.Delete(t.Context(), kept, 10*day); err != nil {
		t.Fatal(err)
	}
	// Later by ten days: of "old" no row is old enough; "came back" has a row that may go, since a newer one stays.
	if got := stringsOf(t, s, all); got != before {
		t.Errorf("ten days before it is time the visits are %s", got)
	}
	if err := s.Delete(t.Context(), kept, 0); err != nil {
		t.Fatal(err)
	}
	// The rows of "shrunk" stay: one of them is of a time that is kept, and if the newest alone went, that would count.
	if got := stringsOf(t, s, all); got != "came back new old, kept shrunk void now" {
		t.Errorf("after the deletion the visits are %s", got)
	}
	if got := stringsOf(t, s, views); got != want {
		t.Errorf("after the deletion in latest_visits are %s, want %s", got, want)
	}
}

// Events are deleted by their times, but for those that say when BCPs were open. A retraction stays as long as what it retracts.
func TestEventsThatAreNotKeptAreDeleted(t *testing.T) {
	voc := vocabulary(t)
	cfg := fresh(t)
	cfg.Settings = map[string]string{"mutations_sync": "1"}
	s := open(t, cfg, voc)
	now := at("UTC", "2026-03-20 12:00").UnixMilli()
	var raw engine.Raw
	add := func(offset, days int64, e event.Event) {
		e.ID, e.Source, e.BCP, e.Direction, e.Time = []byte("id"), []byte("post"), 1, event.Inbound, now-days*day.Milliseconds()
		raw.Events.Append(&event.Record{Offset: offset, Time: now}, &e)
	}
	place := []byte(voc.BCPName(1))
	add(1, 11, event.Event{Type: event.TruckArrived, Subject: []byte("T1")})
	add(2, 9, event.Event{Type: event.TruckDeparted, Subject: []byte("T1")})
	add(3, 300, event.Event{Type: event.BCPOpened, Subject: place})
	add(4, 300, event.Event{Type: event.BCPClosed, Subject: place})
	add(5, 300, event.Event{Type: event.QueueObserved, Subject: place})
	retraction := event.Event{Type: event.EventRetracted, Subject: []byte("T1"), RetractedID: []byte("x"), RetractedSource: []byte("post"), RetractedTime: now - 9*day.Milliseconds()}
	add(6, 11, retraction)
	retraction.RetractedTime = now - 11*day.Milliseconds()
	add(7, 11, retraction)
	retraction.Subject, retraction.AboutPlace = place, true
	add(8, 11, retraction)
	if err := s.WriteRaw(t.Context(), 0, &raw); err != nil {
		t.Fatal(err)
	}
	noted(t, s, 0, now, engine.Retention{Events: 10 * day, VisitsSince: -1 << 62, EventsSince: -1 << 62})
	kept, err := s.Kept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), kept, 0); err != nil {
		t.Fatal(err)
	}
	if got := stringsOf(t, s, "SELECT offset AS x FROM events"); got != "2 3 4 6 8" {
		t.Errorf("the offsets left are %s", got)
	}
}

func TestTimesToLiveAreSetAndRemoved(t *testing.T) {
	s := open(t, fresh(t), vocabulary(t))
	ttl := func(table string) string {
		var ttl string
		const query = "SELECT extract(create_table_query, ' TTL (.*?) SETTINGS') FROM system.tables WHERE database = currentDatabase() AND name = ?"
		if err := s.conn.QueryRow(t.Context(), query, table).Scan(&ttl); err != nil {
			t.Fatal(err)
		}
		return ttl
	}
	for _, c := range []struct {
		letters, restatements         time.Duration
		wantLetters, wantRestatements string
	}{
		{0, 0, "", ""},
		{30 * day, 0, "toDateTime(logged) + toIntervalSecond(2592000)", ""},
		{30 * day, time.Hour, "toDateTime(logged) + toIntervalSecond(2592000)", "toDateTime(written_at) + toIntervalSecond(3600)"},
		{3 * time.Hour, 0, "toDateTime(logged) + toIntervalSecond(10800)", ""},
		{0, 0, "", ""},
	} {
		if err := s.KeepFor(t.Context(), c.letters, c.restatements); err != nil {
			t.Fatal(err)
		}
		if a, b := ttl("dead_letters"), ttl("restatements"); a != c.wantLetters || b != c.wantRestatements {
			t.Errorf("%v and %v: the times to live are %q and %q", c.letters, c.restatements, a, b)
		}
	}
}
