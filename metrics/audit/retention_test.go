package audit_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/audit"
)

const aDay = 24 * time.Hour

// keep lets both shards keep visits and events for a time from now on.
func (b *border) keep(visits, events time.Duration) {
	b.t.Helper()
	for id, s := range b.shards {
		next, _ := s.NextRetention(visits, events)
		next, err := b.store.WriteRetention(b.t.Context(), id, next)
		if err != nil {
			b.t.Fatal(err)
		}
		s.Retain(next)
	}
}

// delete deletes what is not kept, and waits for that.
func (b *border) delete() {
	b.t.Helper()
	kept, err := b.store.Kept(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.store.Delete(b.t.Context(), kept, 0); err != nil {
		b.t.Fatal(err)
	}
	for _, table := range []string{"visits", "events"} { // a mutation that waits ends after those before it
		b.exec("ALTER TABLE " + table + " DELETE WHERE 0 SETTINGS mutations_sync = 1")
	}
}

// trucks passes a truck in each shard every six hours for some days. Each hundredth hour one does not leave.
func (b *border) trucks(from time.Time, days int) {
	for h := 0; h < 24*days; h += 6 {
		for id := range b.shards {
			at := from.Add(time.Duration(h) * time.Hour).UnixMilli()
			for i, typ := range []event.Type{event.TruckArrived, event.InspectionStarted, event.InspectionCompleted, event.TruckReleased, event.TruckDeparted} {
				if typ == event.TruckDeparted && h%100 < 6 {
					break
				}
				b.log(id, &event.Event{
					Type: typ, ID: fmt.Appendf(nil, "%d %d %d", id, at, i), Source: []byte("post"), Subject: fmt.Appendf(nil, "T%d-%d", id, h%432),
					Time: at + int64(i)*3_000_000, Recorded: at, BCP: event.BCP(1 + h/6%3), Direction: event.Inbound, Agency: b.voc.Customs, Kind: event.Scan,
				})
			}
		}
	}
}

// A border keeps visits for fifteen days and events for five, numbers of trucks come back after eighteen. The audit compares the last
// five days with what began before, and finds what is wrong there, before anything is deleted and after.
func TestAuditComparesWhatIsKept(t *testing.T) {
	b := newBorder(t, places)
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b.keep(15*aDay, 5*aDay)
	b.trucks(from, 25)
	b.flush()
	b.trucks(from.AddDate(0, 0, 25), 15)
	b.flush()
	var windows uint64
	const since = "SELECT count() FROM windows FINAL WHERE start >= '2026-02-08 21:19:00'"
	if err := b.store.Conn().QueryRow(t.Context(), since).Scan(&windows); err != nil || windows == 0 {
		t.Fatalf("%d windows, %v", windows, err)
	}
	for _, deleted := range []bool{false, true} {
		if deleted {
			b.delete()
		}
		r, out := b.audit(nil)
		if r.Differences != 0 || r.Visits != 2*20 || r.Windows != int(windows) || !strings.Contains(out, "compared from their first facts on (visits) and from their starts on (windows), by shard: "+
			"0: 2026-02-04 21:19:00.000 and 2026-02-08 21:19:00.000, 1: ") {
			t.Errorf("deleted %v: %d differences in %d visits and %d windows of %d:\n%s", deleted, r.Differences, r.Visits, r.Windows, windows, out)
		}
	}
	if r, _ := b.audit(func(c *audit.Config) { c.EventsPerBucket = 700 }); r.Differences != 0 {
		t.Errorf("%d differences in small buckets", r.Differences)
	}
	for _, wrong := range []string{
		"INSERT INTO visits SELECT * REPLACE (released + INTERVAL 1 SECOND AS released) FROM visits FINAL WHERE shard = 0 AND first_fact > '2026-02-05' LIMIT 1",
		"INSERT INTO windows SELECT * REPLACE (n + 1 AS n) FROM windows FINAL WHERE start > '2026-02-09' AND measure = 'arrivals' LIMIT 1",
		"INSERT INTO inside_now SELECT * REPLACE (trucks + 1 AS trucks) FROM inside_now FINAL WHERE trucks > 0 LIMIT 1",
	} {
		b.exec(wrong)
	}
	r, out := b.audit(nil)
	for _, want := range []string{"\nvisit T", "\nwindow ", "\ninside now "} {
		if r.Differences != 3 || strings.Count(out, want) != 1 {
			t.Errorf("%d differences, want one of each table:\n%s", r.Differences, out)
		}
	}
}

// Whatever happens, the audit agrees under a retention too.
func TestAnyLogHasNoDifferenceUnderARetention(t *testing.T) {
	short := slices.Clone(places)
	for i := range short {
		short[i].LapseAfter = aDay
	}
	b := newBorder(t, short)
	b.keep(2*aDay, 36*time.Hour)
	b.anything(3, 400, "2026-01-05 08:00:00")
	b.flush()
	for range 2 {
		r, out := b.audit(nil)
		if r.Differences != 0 || r.Visits == 0 {
			t.Errorf("%d differences in %d visits:\n%s", r.Differences, r.Visits, out)
		}
		b.delete()
	}
}
