package query

import (
	"cmp"
	"fmt"
	"testing"
	"time"

	"dwell/dashboards/overview"
	"dwell/ingest/annotation"
	"dwell/ingest/event"
	"dwell/metrics/usual"
)

// know writes a version of an annotation, as the columns after its id and the time at which it was written.
func (b *database) know(id, written, columns string) {
	b.t.Helper()
	b.insert("annotations (id, written, kind, bcp, begins, ends, removed, text, author) SELECT '%s', '%s', %s, 'what is known', 'Ahmad'", id, written, columns)
}

// A day was a holiday everywhere, the place was closed for an hour and a half on a Wednesday, and since a Saturday an instrument is wrong. These hours teach nothing.
// A change of process, a closure of another place, and one that was removed again leave nothing out.
func TestWhatAnAnnotationCoversIsNotUsual(t *testing.T) {
	b := newBorder(t, "2026-03-16T12:10:00Z", placeOf("A", "UTC", 3*time.Hour), placeOf("B", "UTC", 3*time.Hour))
	b.weeks("A", "2026-03-16T12:00:00Z", "1")
	b.insert(`readings (shard, offset, bcp, source, queue, direction, id, time, recorded, vehicles, logged)
SELECT 0, number, 'A', 'office', 'q', '', toString(number), toDateTime64('2026-03-16 12:50:00', 3, 'UTC') - 3600 * (1512 - number) AS at, at, 7, at FROM numbers(1512)`)
	b.know("holiday", "2026-03-01 08:00:00", "'holiday', '', '2026-03-01 00:00:00', '2026-03-02 00:00:00', 0")
	b.know("closure", "2026-03-04 08:00:00", "'closure', 'A', '2026-03-04 10:30:00', '2026-03-05 12:00:00', 0")
	b.know("closure", "2026-03-04 13:00:00", "'closure', 'A', '2026-03-04 10:30:00', '2026-03-04 12:00:00', 0")
	b.know("fault", "2026-03-14 08:00:00", "'instrument_fault', 'A', '2026-03-14 00:00:00', NULL, 0")
	b.know("change", "2026-03-04 08:00:00", "'process_change', 'A', '2026-03-05 00:00:00', '2026-03-06 00:00:00', 0")
	b.know("other", "2026-03-04 08:00:00", "'closure', 'B', '2026-03-05 00:00:00', NULL, 0")
	b.know("mistake", "2026-03-04 08:00:00", "'closure', 'A', '2026-03-02 00:00:00', NULL, 0")
	b.know("mistake", "2026-03-04 08:01:00", "'closure', 'A', '2026-03-02 00:00:00', NULL, 1")
	b.refresh()
	learned, err := b.LearnUsual(t.Context(), b.now)
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range []usual.Series{
		{BCP: 1, Measure: usual.Arrivals}, {BCP: 1, Direction: event.Inbound, Measure: usual.Departures}, {BCP: 1, Measure: usual.Inside}, {BCP: 1, Measure: usual.Vehicles, Source: "office", Queue: "q"},
	} {
		w := learned[of]
		if w == nil {
			t.Fatalf("nothing was learned of %+v", of)
		}
		for at, h := range w.Hours {
			day, hour := time.Weekday(at/24), at%24
			want := 8
			// What is measured at an instant has those of the hour before, too: the instant at which a day ends, and not the one at which half an hour begins.
			atEnd := of.Measure.OfInstants()
			switch {
			case day == time.Sunday:
				want = 6 // of the holiday, and of the instrument
			case day == time.Saturday:
				want = 7
			case day == time.Monday && hour == 0 && atEnd:
				want = 7 // the end of the holiday
			case day == time.Wednesday && (hour == 11 || hour == 10 && !atEnd || hour == 12 && atEnd):
				want = 7
			}
			if h.Weeks != want {
				t.Errorf("%s on %v at %d:00 was known in %d weeks, want %d", of.Measure, day, hour, h.Weeks, want)
			}
		}
	}
}

// The tables answer which annotations hold during a span as annotation.Covers does.
func TestAnnotationsOfASpan(t *testing.T) {
	b := newBorder(t, "2026-03-16T12:10:00Z", placeOf("A", "UTC", 3*time.Hour), placeOf("B", "UTC", 3*time.Hour))
	var all []annotation.Annotation
	noon := at("2026-03-10T12:00:00Z")
	for _, kind := range []annotation.Kind{annotation.Closure, annotation.ProcessChange} {
		for from := -2; from <= 2; from++ {
			for until := from + 1; until <= 3; until++ {
				a := annotation.Annotation{ID: fmt.Sprint(kind, from, until), Kind: kind, From: noon.Add(time.Duration(from) * time.Hour), Until: noon.Add(time.Duration(until) * time.Hour)}
				if until == 3 {
					a.Until = time.Time{}
				}
				all = append(all, a)
				ends := "NULL"
				if !a.Until.IsZero() {
					ends = literal(a.Until)
				}
				b.know(a.ID, "2026-03-16 12:00:00", fmt.Sprintf("'%s', 'A', %s, %s, 0", kind, literal(a.From), ends))
			}
		}
	}
	b.know("everywhere", "2026-03-16 12:00:00", "'holiday', '', '2026-01-01 00:00:00', '2026-01-02 00:00:00', 0")
	ask := func(q overview.AnnotationsQuery) (ids []string, truncated bool) {
		t.Helper()
		q.Limit = cmp.Or(q.Limit, 100)
		out, err := b.Annotations(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range out.Annotations {
			ids = append(ids, a.ID)
		}
		return ids, out.Truncated
	}
	for from := -3; from <= 3; from++ {
		for to := from + 1; to <= 4; to++ {
			q := overview.AnnotationsQuery{Place: "A", From: noon.Add(time.Duration(from) * time.Hour), To: noon.Add(time.Duration(to) * time.Hour)}
			want := map[string]bool{}
			for _, a := range all {
				if a.Covers(q.From, q.To) {
					want[a.ID] = true
				}
			}
			got, _ := ask(q)
			for _, id := range got {
				if !want[id] {
					t.Errorf("%s does not hold from %d to %d", id, from, to)
				}
			}
			if len(got) != len(want) {
				t.Errorf("%d hold from %d to %d, want %d", len(got), from, to, len(want))
			}
		}
	}
	ever := overview.AnnotationsQuery{From: at("1990-01-01T00:00:00Z"), To: at("2100-01-01T00:00:00Z")}
	if got, more := ask(ever); len(got) != len(all)+1 || more || got[len(all)] != "everywhere" {
		t.Errorf("%q, %v", got, more)
	}
	ever.Place = "B"
	if got, _ := ask(ever); len(got) != 1 || got[0] != "everywhere" {
		t.Errorf("of the other place: %q", got)
	}
	ever.Place, ever.Limit = "A", 2
	if got, more := ask(ever); len(got) != 2 || !more || got[0] != "closure2 3" {
		t.Errorf("%q, %v", got, more)
	}
}
