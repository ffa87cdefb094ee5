package query

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"dwell/dashboards/overview"
	"dwell/ingest/event"
	"dwell/metrics/visit"
)

// written is a row of a visit.
type written struct {
	bcp, visit, direction, status, phase, holder string
	asOf                                         int
	over                                         int
	arrived, released, departed                  time.Time // zero: not yet
}

func (w written) at(by overview.Moment) time.Time {
	return map[overview.Moment]time.Time{overview.ByArrival: w.arrived, overview.ByRelease: w.released, overview.ByDeparture: w.departed}[by]
}

// fits says what the answer to q has of a visit, by its latest row.
func (w written) fits(q overview.VisitsQuery, now time.Time) bool {
	age := now.Sub(w.arrived)
	inside := w.over == 0 && !w.arrived.IsZero() && w.departed.IsZero()
	switch at := w.at(q.By); {
	case q.Place != "" && q.Place != w.bcp, !strings.HasPrefix(w.visit, q.Prefix), q.Direction != "" && q.Direction != w.direction,
		q.Status != "" && q.Status != w.status, q.Inside && !inside, q.Holder != "" && (w.phase == "" || q.Holder != w.holder),
		q.OlderThan > 0 && age < q.OlderThan, q.YoungerThan > 0 && age >= q.YoungerThan:
		return false
	case q.By != "":
		return !at.IsZero() && !at.Before(q.From) && at.Before(q.To)
	}
	return true
}

// Many visits have several rows each, in no order, and half of them in several parts. Whatever is asked, the pages have what a walk over
// the latest rows finds, each visit once and in order.
func TestPagesHaveTheLatestRowOfEachVisitThatFits(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:00:00Z", placeOf("A", "UTC", 2*time.Hour), placeOf("B", "UTC", 2*time.Hour))
	if err := b.conn.Exec(t.Context(), "ALTER TABLE visits MODIFY SETTING max_bytes_to_merge_at_max_space_in_pool = 1, max_bytes_to_merge_at_min_space_in_pool = 1"); err != nil {
		t.Fatal(err) // outdated rows would be gone
	}
	rng := rand.New(rand.NewPCG(1, 2))
	pick := func(of ...string) string { return of[rng.IntN(len(of))] }
	latest := map[string]written{}
	for range 4 {
		var rows []string
		for range 150 {
			w := written{
				bcp: pick("A", "B"), visit: fmt.Sprintf("T%d", rng.IntN(60)), direction: pick("inbound", "outbound"), status: pick("inside", "departed", "incomplete"),
				asOf: 1 + rng.IntN(1000), arrived: b.now.Add(-time.Duration(rng.IntN(100)) * time.Hour),
			}
			shard := int(w.visit[len(w.visit)-1]) % 3
			if w.phase = pick("", "service", "hold"); w.phase != "" {
				w.holder = pick("customs", "health")
			}
			switch w.status {
			case "incomplete":
				w.arrived = time.Time{}
			case "departed":
				w.over, w.released = 1, w.arrived.Add(time.Hour)
				w.departed = w.released.Add(time.Duration(rng.IntN(3)) * time.Hour)
			}
			k := w.bcp + " " + w.visit
			if old, ok := latest[k]; ok && old.asOf == w.asOf { // rows of the same offset are the same
				continue
			} else if w.asOf > old.asOf {
				latest[k] = w
			}
			instant := func(t time.Time) string {
				if t.IsZero() {
					return "NULL"
				}
				return literal(t)
			}
			first, last := w.arrived, cmp.Or(w.departed, w.arrived)
			if w.arrived.IsZero() {
				first, last = b.now, b.now
			}
			rows = append(rows, fmt.Sprintf("(%d, '%s', 202601, %d, '%s', '%s', '%s', %d, %s, %s, %s, %s, %s, '%s', '%s', %s)", shard, w.visit, w.asOf, w.bcp, w.direction, w.status, w.over,
				literal(first), literal(last), instant(w.arrived), instant(w.released), instant(w.departed), w.phase, w.holder, literal(first)))
		}
		b.insert(`visits (shard, visit, month, as_of, bcp, direction, status, over, first_fact, last_fact, arrived, released, departed, phase, holder, since) VALUES %s`, strings.Join(rows, ", "))
	}
	hours := func(n int) time.Time { return b.now.Add(time.Duration(n) * time.Hour) }
	for name, q := range map[string]overview.VisitsQuery{
		"all": {By: overview.ByArrival, From: hours(-200), To: hours(1)}, "a stretch": {By: overview.ByArrival, From: hours(-50), To: hours(-10)},
		"released": {By: overview.ByRelease, From: hours(-50), To: hours(-10)}, "departed": {By: overview.ByDeparture, From: hours(-50), To: hours(-10), Place: "A"},
		"by id": {Prefix: "T1"}, "by id and place": {Prefix: "T2", Place: "B"}, "by direction": {By: overview.ByArrival, From: hours(-90), To: hours(1), Filter: overview.Filter{Direction: "inbound"}},
		"held": {Inside: true, Holder: "customs"}, "inside": {Inside: true, Place: "A", OldestFirst: true}, "old": {Inside: true, OlderThan: 40 * time.Hour},
		"young": {Inside: true, YoungerThan: 40 * time.Hour, OlderThan: 10 * time.Hour}, "incomplete": {Prefix: "T", Status: "incomplete"}, "nothing": {Prefix: "X"},
	} {
		var want []string
		for k, w := range latest {
			if w.fits(q, b.now) {
				want = append(want, k)
			}
		}
		var got []string
		var before time.Time
		q.Limit, q.Pages = 7, name
		for range 100 {
			page, next, err := b.find(t.Context(), q)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, v := range page {
				got = append(got, v.Place+" "+v.Visit)
				if w := latest[v.Place+" "+v.Visit]; w.status != v.Status || w.direction != v.Direction {
					t.Errorf("%s: %+v, want %+v", name, v, w)
				}
				at := v.Arrived
				if q.By == overview.ByRelease {
					at = v.Released
				} else if q.By == overview.ByDeparture {
					at = v.Departed
				}
				if at != nil && !before.IsZero() && (q.OldestFirst && at.Before(before) || !q.OldestFirst && q.Status == "" && q.Prefix == "" && at.After(before)) {
					t.Errorf("%s: %s of %v comes behind %v", name, v.Visit, at, before)
				}
				if at != nil {
					before = *at
				}
			}
			if next == nil {
				break
			}
			if len(page) != q.Limit {
				t.Errorf("%s: a page of %d, and another one behind it", name, len(page))
			}
			c, err := overview.ParseCursor(*next, name)
			if err != nil {
				t.Fatal(err)
			}
			q.After = &c
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: found\n%v, want\n%v", name, got, want)
		}
	}
}

// Nine hundred trucks have left, and the rows that they were inside lie in another part, before those of the five that are.
func TestPageIsFullThoughMostRowsThatFitAreOutdated(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:00:00Z", placeOf("A", "UTC", 2*time.Hour))
	if err := b.conn.Exec(t.Context(), "ALTER TABLE visits MODIFY SETTING max_bytes_to_merge_at_max_space_in_pool = 1, max_bytes_to_merge_at_min_space_in_pool = 1"); err != nil {
		t.Fatal(err)
	}
	rows := func(asOf, over, first, n int) {
		b.insert(`visits (shard, visit, month, as_of, bcp, direction, status, over, first_fact, last_fact, arrived, departed, phase, holder, since)
			SELECT number %% 3, 'T' || toString(number), 202601, %d, 'A', 'inbound', %[2]d ? 'departed' : 'inside', %[2]d, at, at, toDateTime64('2026-01-05 11:00:00', 3, 'UTC') - number AS at, %[2]d ? at : NULL, 'service', 'customs', at
			FROM numbers(%d, %d)`, asOf, over, first, n)
	}
	rows(1, 0, 0, 905)
	rows(2, 1, 0, 900)
	q := overview.VisitsQuery{Inside: true, Limit: 3, Pages: "inside"}
	for _, want := range []string{"[T900 T901 T902]", "[T903 T904]"} {
		page, next, err := b.find(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		ids := []string{}
		for _, v := range page {
			ids = append(ids, v.Visit)
		}
		if got := fmt.Sprint(ids); got != want || (next == nil) != (len(ids) == 2) {
			t.Fatalf("got %s, next %v, want %s", got, next, want)
		}
		if next != nil {
			c, err := overview.ParseCursor(*next, "inside")
			if err != nil {
				t.Fatal(err)
			}
			q.After = &c
		}
	}
}

// A truck came back after the retention: its visit began anew, in another month. The former row is absent, though it lies there yet.
func TestVisitThatBeganAnewIsFoundOnce(t *testing.T) {
	b := newBorder(t, "2026-03-20T12:00:00Z", torkham())
	b.insert(`visits (shard, visit, month, as_of, bcp, direction, status, over, first_fact, last_fact, arrived, departed) VALUES
		(0, 'T1', 202602, 3, 'TORKHAM', 'inbound', 'departed', 1, '2026-02-18 10:00:00', '2026-02-18 11:00:00', '2026-02-18 10:00:00', '2026-02-18 11:00:00'),
		(0, 'T1', 202603, 90, 'TORKHAM', 'outbound', 'inside', 0, '2026-03-20 10:00:00', '2026-03-20 10:00:00', '2026-03-20 10:00:00', NULL)`)
	b.insert("progress (shard, offset, as_of, latest, watermark) VALUES (0, 100, 100, '2026-03-20 12:10:00', '2026-03-20 12:00:00')")
	b.insert("retentions (shard, offset, visits_ms, events_ms) VALUES (0, 50, 2592000000, 2592000000)")
	for name, q := range map[string]overview.VisitsQuery{
		"by id": {Prefix: "T"}, "by arrival": {By: overview.ByArrival, From: at("2026-01-01T00:00:00Z"), To: at("2026-04-01T00:00:00Z")},
	} {
		q.Limit = 10
		found, err := b.Find(t.Context(), q)
		if err != nil || len(found.Visits) != 1 || found.Visits[0].Direction != "outbound" {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
	}
}

// Two trucks wait, and by the procedure both wait for their traders, though the table says that this is unknown. A third is with customs.
func TestVisitsAreFoundByTheHolderThatIsPresumed(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:25:00Z", torkham())
	v := visit.New(1)
	arrived := at("2026-01-05T12:00:00Z")
	v.Apply(visit.NewFact(&event.Event{ID: []byte("1"), Source: []byte("/gate"), Type: event.TruckArrived, Time: arrived.UnixMilli(), Direction: event.Inbound}))
	b.insert(`visits (shard, visit, as_of, bcp, direction, status, over, first_fact, last_fact, arrived, phase, holder, since, facts) VALUES
		(0, 'T1', 3, 'TORKHAM', 'inbound', 'inside', 0, %[1]s, %[1]s, %[1]s, 'wait', 'unknown', %[1]s, unhex('%[2]s')),
		(0, 'T2', 4, 'TORKHAM', 'inbound', 'inside', 0, %[1]s, %[1]s, %[1]s, 'wait', 'unknown', %[1]s, unhex('%[2]s')),
		(0, 'T3', 5, 'TORKHAM', 'inbound', 'inside', 0, %[1]s, %[1]s, %[1]s, 'service', 'customs', %[1]s, unhex('%[2]s'))`,
		literal(arrived), hex.EncodeToString(v.AppendFacts(nil, b.voc)))
	for holder, want := range map[string]string{"trader": "[T1 T2]", "customs": "[T3]", "unknown": "[]", "health": "[]"} {
		found, err := b.Inside(t.Context(), overview.VisitsQuery{Place: "TORKHAM", Holder: holder, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		ids := []string{}
		for _, v := range found.Visits {
			ids = append(ids, v.Visit)
		}
		if got := fmt.Sprint(ids); got != want || found.Next != nil {
			t.Errorf("%s has %s, want %s; next %v", holder, got, want, found.Next)
		}
	}
}
