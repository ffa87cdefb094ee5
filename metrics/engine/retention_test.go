package engine

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dwell/ingest/event"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// anyRetentions draws none, or one from some offset on, and perhaps another one after it.
func anyRetentions(t *rapid.T, cfg Config, log []event.Event) (kept []Retention) {
	last := Retention{VisitsSince: never, EventsSince: never}
	for from := range rapid.IntRange(0, 2).Draw(t, "retentions") {
		offset := rapid.IntRange(int(last.From), len(log)).Draw(t, "from")
		if from == 0 && rapid.Bool().Draw(t, "from the beginning") {
			offset = 0
		}
		lead := newFollowed()
		for i := range log[:offset] {
			at := oldestAt(cfg, kept, int64(i), lead.latest)
			e := &log[i]
			when := e.Time
			if e.Type == event.EventRetracted {
				when = e.RetractedTime
			}
			if !ofVisit(e) || e.Forwarded || when >= at.of && (e.AppendTime || when >= e.Time-at.kept) {
				lead.take(int64(i), e)
			}
		}
		last = Retention{
			From: int64(offset), VisitsSince: oldestAt(cfg, kept, int64(offset), lead.latest).of, EventsSince: never,
			Visits: rapid.SampledFrom([]time.Duration{0, 10 * time.Hour, 12 * time.Hour, 20 * time.Hour, 30 * time.Hour}).Draw(t, "visits"),
		}
		kept = append(kept, last)
	}
	return kept
}

// deleteAbsent deletes some of the rows of visits that are absent as of the progress.
func (t *tables) deleteAbsent(tb *rapid.T, cfg Config) {
	if t.progress == nil || len(t.kept) == 0 {
		return
	}
	at := oldestAt(cfg, t.kept, t.progress.Offset, t.progress.Latest)
	for k, row := range t.visits {
		if row.AsOf <= t.progress.Offset && lastOfRow(row) < at.of && rapid.Bool().Draw(tb, "deleted") {
			delete(t.visits, k)
		}
	}
}

// lastOfRow is the time of the last fact, or of the end of the month of a visit without one.
func lastOfRow(row visit.Row) int64 {
	if row.State.Empty {
		return row.Month.End()
	}
	return row.State.Last
}

// truckAt is an event of a truck at a time in hours after the start.
func truckAt(typ event.Type, truck string, hour float64) event.Event {
	at := start + int64(hour*3_600_000)
	return event.Event{
		Type: typ, ID: fmt.Appendf(nil, "%s %v", typ, hour), Source: []byte("/post"), Subject: []byte(truck), Time: at, BCP: 1, Direction: event.Inbound,
	}
}

// A truck passes in January and another one with the same number a day and a half later, where visits are kept for a day: these are
// two visits, whether the first was deleted in between or not. Both stay counted.
func TestTruckThatComesBackAfterTheRetentionBeginsANewVisit(t *testing.T) {
	cfg := testConfig(t)
	log := []event.Event{
		truckAt(event.TruckArrived, "T1", 1), truckAt(event.TruckReleased, "T1", 2), truckAt(event.TruckDeparted, "T1", 3),
		truckAt(event.TruckArrived, "T2", 27.3),
		truckAt(event.TruckArrived, "T1", 38), truckAt(event.TruckReleased, "T1", 39), truckAt(event.TruckDeparted, "T1", 40),
	}
	for _, deleted := range []bool{false, true} {
		for _, every := range []int{1, 7} {
			r := newRun(cfg, Retention{Visits: 24 * time.Hour, VisitsSince: never, EventsSince: never})
			for r.next < int64(len(log)) {
				f, err := r.work(log, every)
				if err != nil {
					t.Fatal(err)
				}
				for _, row := range f.windows {
					r.tables.writeWindow(row)
				}
				for _, row := range f.visits {
					r.tables.writeVisit(row)
				}
				if deleted && r.next == 4 {
					delete(r.tables.visits, visit.Key{BCP: 1, ID: "T1"})
				}
			}
			row := r.tables.visits[visit.Key{BCP: 1, ID: "T1"}]
			if row.State.First != log[4].Time || row.State.Departed != log[6].Time || row.Status() != "departed" {
				t.Errorf("deleted %v, flush every %d: the visit is %+v", deleted, every, row.State)
			}
			var arrivals, crossings int64
			for k, w := range r.tables.windows {
				switch {
				case k.Grain != window.Day:
				case k.Measure == window.Arrivals:
					arrivals += w.N
				case k.Measure == window.CrossingTime:
					crossings += w.N
				}
			}
			if arrivals != 3 || crossings != 2 {
				t.Errorf("deleted %v, flush every %d: %d arrivals and %d crossing times, want 3 and 2", deleted, every, arrivals, crossings)
			}
		}
	}
}

// Of a truck that comes an hour before the retention ends, the visit goes on.
func TestTruckThatComesBackWithinTheRetentionContinuesItsVisit(t *testing.T) {
	cfg := testConfig(t)
	log := []event.Event{
		truckAt(event.TruckArrived, "T1", 1), truckAt(event.TruckReleased, "T1", 2),
		truckAt(event.TruckArrived, "T2", 25), truckAt(event.TruckDeparted, "T1", 25.1),
	}
	r := newRun(cfg, Retention{Visits: 24 * time.Hour, VisitsSince: never, EventsSince: never})
	f, err := r.work(log, len(log))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range f.visits {
		if row.ID == "T1" && (row.State.Arrived != log[0].Time || row.State.Departed != log[3].Time) {
			t.Errorf("the visit is %+v", row.State)
		}
	}
}

func TestEventOlderThanTheRetentionIsTooOld(t *testing.T) {
	cfg := testConfig(t)
	day := int64(24 * 3_600_000)
	s := New(cfg)
	s.Retain(Retention{From: 10, Visits: 24 * time.Hour, VisitsSince: never, EventsSince: never})
	retraction := func(retracted float64) event.Event {
		e := truckAt(event.EventRetracted, "T1", 100)
		e.RetractedTime = truckAt(event.TruckArrived, "T1", retracted).Time
		return e
	}
	opening := truckAt(event.BCPOpened, "", 0)
	ofPlace := retraction(0)
	ofPlace.AboutPlace = true
	appended := truckAt(event.TruckArrived, "T1", 75.9)
	appended.AppendTime = true
	forwarded := truckAt(event.TruckArrived, "T1", 0)
	forwarded.Forwarded = true
	for _, c := range []struct {
		what   string
		e      event.Event
		offset int64
		after  int64 // the record, after the event
		want   bool
	}{
		{"before the retention's offset", truckAt(event.TruckArrived, "T1", 0), 9, 2 * day, false},
		{"at the limit", truckAt(event.TruckArrived, "T1", 0), 10, day, false},
		{"beyond it", truckAt(event.TruckArrived, "T1", 0), 11, day + 1, true},
		{"an opening", opening, 12, 100 * day, false},
		{"a reading", truckAt(event.QueueObserved, "", 0), 13, 100 * day, false},
		{"a retraction of an opening", ofPlace, 14, 0, false},
		{"a retraction of a fact that may be retracted", retraction(76), 15, 0, false},
		{"a retraction of one that is too old", retraction(75.9), 16, 0, true},
		{"a record as old as its event, behind the watermark", truckAt(event.TruckArrived, "T1", 75.8), 17, 0, true},
		{"a record as old as its event", truckAt(event.TruckArrived, "T1", 75.9), 18, 0, false},
		{"a record that the broker appended at an import", appended, 19, 100 * day, false},
		{"a copy of a record that was judged where it lies", forwarded, 20, 100 * day, false},
	} {
		why := s.Admit(c.offset, c.e.Time+c.after, &c.e, Found{})
		if got := why != nil && why.Reason == event.TooOld; got != c.want || why != nil && !got {
			t.Errorf("%s: refused as %v", c.what, why)
		}
		if why == nil {
			s.Apply(c.offset, &c.e, Found{})
		}
	}
}

// What was absent under a retention stays so under a longer one, or without any: a part of it may be deleted.
func TestLongerRetentionBringsNothingBack(t *testing.T) {
	cfg := testConfig(t)
	s := New(cfg)
	s.Resume(Progress{Offset: 5, Latest: start, HasLatest: true})
	s.Retain(Retention{Visits: 20 * time.Hour, VisitsSince: never, EventsSince: never})
	s.Resumed()
	next, changed := s.NextRetention(40*time.Hour, 10*time.Hour)
	if want := start - (20*time.Hour + cfg.WatermarkDelay).Milliseconds(); !changed || next.VisitsSince != want || next.EventsSince != never || next.From != 5 {
		t.Fatalf("the next retention is %+v, changed %v", next, changed)
	}
	s.Retain(next)
	if again, changed := s.NextRetention(40*time.Hour, 10*time.Hour); changed {
		t.Fatalf("the same retention is stored again: %+v", again)
	}
	before := next.VisitsSince
	next, _ = s.NextRetention(0, 0)
	if next.VisitsSince != before || next.EventsSince != start-(10*time.Hour+cfg.WatermarkDelay).Milliseconds() {
		t.Fatalf("without a retention: %+v", next)
	}
}
