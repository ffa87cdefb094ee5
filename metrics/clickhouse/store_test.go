package clickhouse

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

func TestProgressIsReadBackAndTheHighestWins(t *testing.T) {
	s := open(t, fresh(t), vocabulary(t))
	p, err := s.Progress(t.Context(), 3)
	if err != nil || p != (engine.Progress{}) {
		t.Fatalf("progress of a new shard is %+v, %v", p, err)
	}
	sources := engine.Sources{Block: 3, Leading: [4]engine.SourceTime{
		{Source: 1<<64 - 1, Latest: 1_700_000_000_123}, {}, {Source: 5, Latest: 4_000_000_000_001}, {Source: 1<<64 - 1, Latest: 1_600_000_000_000},
	}}
	for _, f := range []engine.Flush{
		{AsOf: 7},
		{AsOf: 900, Latest: 1_700_000_000_123, Watermark: 1_699_999_000_123, HasLatest: true, Sources: sources},
		{AsOf: 20, Latest: 5, Watermark: 4, HasLatest: true},
	} {
		if err := s.WriteProgress(t.Context(), 3, &f); err != nil {
			t.Fatal(err)
		}
	}
	want := engine.Progress{Offset: 900, Latest: 1_700_000_000_123, HasLatest: true, Sources: sources}
	if p, err := s.Progress(t.Context(), 3); err != nil || p != want {
		t.Fatalf("progress is %+v, %v, want %+v", p, err, want)
	}
	if p, err := s.Progress(t.Context(), 4); err != nil || p != (engine.Progress{}) {
		t.Fatalf("progress of another shard is %+v, %v", p, err)
	}
}

// truck builds visits the way the engine does.
type truck struct {
	voc   *event.Vocabulary
	visit *visit.Visit // at the BCP of its first event
	bcp   event.BCP
	id    string
	seq   int
}

func (k *truck) add(typ event.Type, at int64, change func(*event.Event)) *truck {
	k.seq++
	bcps := k.voc.BCPs()
	e := event.Event{
		Type: typ, ID: fmt.Appendf(nil, "%s-%d", k.id, k.seq), Source: []byte("post"), Subject: []byte(k.id),
		Time: at, BCP: bcps[0], Direction: event.Inbound,
	}
	if typ.HasAgency() {
		e.Agency = k.voc.Customs
	}
	if change != nil {
		change(&e)
	}
	if k.visit == nil {
		k.visit, k.bcp = visit.New(e.BCP), e.BCP
	}
	k.visit.Apply(visit.NewFact(&e))
	return k
}

func (k *truck) row(asOf int64) visit.Row {
	if k.visit == nil {
		k.bcp = k.voc.BCPs()[0]
		k.visit = visit.New(k.bcp)
	}
	r := visit.Row{Key: visit.Key{BCP: k.bcp, ID: k.id}, Month: 202601, AsOf: asOf, Lapsed: visit.None, Facts: k.visit.AppendFacts(nil, k.voc)}
	visit.RulesOf(k.voc).Derive(k.visit, &r.State)
	r.Over = r.State.Empty || r.State.Departed != visit.None
	return r
}

const minute = int64(60_000)

func TestVisitsAreReadBack(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	base := int64(1_767_600_000_000)
	var rows []visit.Row
	for i, id := range []string{"plain", `quote ' " \ \' ? $1 {a:String}`, "الشاحنة ۱۲۳", "tab\tnew\nline", ""} {
		k := &truck{voc: voc, id: id}
		k.add(event.TruckArrived, base, func(e *event.Event) { e.BCP = voc.BCPs()[i%3] })
		k.add(event.InspectionStarted, base+10*minute, func(e *event.Event) {
			e.BCP, e.Kind = voc.BCPs()[i%3], event.Scan
			e.Agency, _ = voc.Agency([]byte("Ветеринарь"))
		})
		rows = append(rows, k.row(100+int64(i)))
	}
	many := &truck{voc: voc, id: "five thousand facts"}
	for i := range 2500 {
		at := base + int64(i)*minute
		many.add(event.HoldPlaced, at, nil).add(event.HoldLifted, at+minute/2, nil)
	}
	many.add(event.TruckArrived, base-minute, nil).add(event.TruckDeparted, base+3000*minute, nil)
	rows = append(rows, many.row(7))
	lapsed := (&truck{voc: voc, id: "lapsed"}).add(event.TruckArrived, base-1000*minute, nil).row(8)
	lapsed.Lapsed, lapsed.Over = base+1000*minute, true
	void := (&truck{voc: voc, id: "void"}).row(9)
	noArrival := (&truck{voc: voc, id: "no arrival"}).add(event.TruckReleased, base, nil).row(10)
	rows = append(rows, lapsed, void, noArrival)
	if err := s.WriteVisits(t.Context(), 5, chunksOf(rows...)); err != nil {
		t.Fatal(err)
	}

	keys := []visit.Key{{BCP: 1, ID: "unknown"}, {BCP: 2, ID: "lapsed"}}
	for _, r := range rows {
		keys = append(keys, r.Key)
	}
	got, err := s.Visits(t.Context(), 5, keys)
	if err != nil {
		t.Fatal(err)
	}
	sameVisits(t, got, rows)
	if got, err := s.Visits(t.Context(), 6, keys); err != nil || len(got) != 0 {
		t.Fatalf("another shard has %d visits, %v", len(got), err)
	}

	var recent []visit.Row
	var stored []string
	read := func(horizon, ahead int64) {
		recent, stored = nil, nil
		err := s.RecentVisits(t.Context(), 5, horizon, ahead, func(r *visit.Row) error {
			recent = append(recent, *r)
			return nil
		}, func(k visit.Key) { stored = append(stored, strings.Clone(k.ID)) })
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(stored)
	}
	read(base, 1000)
	sameVisits(t, recent, slices.DeleteFunc(slices.Clone(rows), func(r visit.Row) bool { return r.ID == "lapsed" || r.ID == "void" }))
	if want := []string{"lapsed", "void"}; !slices.Equal(stored, want) {
		t.Errorf("stored are %q, want %q", stored, want)
	}
	read(base+5000*minute, 1000)
	if want := []string{"five thousand facts", "lapsed", "void"}; !slices.Equal(stored, want) {
		t.Errorf("stored are %q, want %q", stored, want)
	}
	read(base+5000*minute, 8)
	if want := []string{"five thousand facts", "lapsed"}; !slices.Equal(stored, want) {
		t.Errorf("stored below 8 are %q, want %q", stored, want)
	}
	read(-1<<62, 1000)
	if want := []string{"void"}; !slices.Equal(stored, want) {
		t.Errorf("stored since ever are %q, want %q", stored, want)
	}

	var status, fault, phase, holder string
	var segments, sum uint64
	const asked = "SELECT status, fault, phase, holder, length(segment_ms), arraySum(segment_ms) FROM visits FINAL WHERE visit = ?"
	for id, want := range map[string]string{
		"five thousand facts": "departed    5001 180060000", "lapsed": "lapsed  wait unknown 0 0", "void": "void    0 0",
		"no arrival": "incomplete no_arrival   0 0", "plain": "inside  service Ветеринарь 1 600000",
	} {
		if err := s.conn.QueryRow(t.Context(), asked, id).Scan(&status, &fault, &phase, &holder, &segments, &sum); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(status, " ", fault, " ", phase, " ", holder, " ", segments, " ", sum); got != want {
			t.Errorf("visit %q is %q, want %q", id, got, want)
		}
	}
}

func sameVisits(t *testing.T, got, want []visit.Row) {
	t.Helper()
	byID := func(a, b visit.Row) int { return strings.Compare(a.ID, b.ID) }
	got, want = slices.SortedFunc(slices.Values(got), byID), slices.SortedFunc(slices.Values(want), byID)
	if len(got) != len(want) {
		t.Fatalf("%d visits, want %d", len(got), len(want))
	}
	for i, w := range want {
		w.State = visit.State{}
		if !reflect.DeepEqual(got[i], w) {
			t.Errorf("visit\n%+v\nwant\n%+v", got[i], w)
		}
	}
}

func TestHighestAsOfWinsInAnyOrder(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	base := int64(1_767_600_000_000)
	k := &truck{voc: voc, id: "T1"}
	open := k.add(event.TruckArrived, base, nil).row(10)
	released := k.add(event.TruckReleased, base+minute, nil).row(20)
	departed := k.add(event.TruckDeparted, base+2*minute, nil).row(30)
	key := window.Key{BCP: 1, Grain: window.Hour, Measure: window.Arrivals, Start: int32(base / minute)}
	orders := [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1, 2, 0}}
	for i, order := range orders {
		for _, at := range order {
			if err := s.WriteVisits(t.Context(), i, chunksOf([]visit.Row{open, released, departed}[at])); err != nil {
				t.Fatal(err)
			}
			row := window.Row{Key: key, AsOf: int64(10 * (at + 1)), Aggregate: window.Aggregate{Sums: window.Sums{N: int64(at)}}}
			if err := s.WriteWindows(t.Context(), i, pointers(row)); err != nil {
				t.Fatal(err)
			}
		}
		visits, err := s.Visits(t.Context(), i, []visit.Key{{BCP: 1, ID: "T1"}})
		if err != nil {
			t.Fatal(err)
		}
		sameVisits(t, visits, []visit.Row{departed})
		windows, err := s.Windows(t.Context(), i, []window.Key{key})
		if err != nil || len(windows) != 1 || windows[0].N != 2 || windows[0].AsOf != 30 {
			t.Errorf("after %v the window is %+v, %v", order, windows, err)
		}
		// The older row says that the visit is not over; it must not come back through the filter.
		err = s.RecentVisits(t.Context(), i, base+10*minute, 1000, func(r *visit.Row) error {
			t.Errorf("after %v the visit is recent: %+v", order, r)
			return nil
		}, func(visit.Key) {})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func randomWindow(r *rand.Rand, voc *event.Vocabulary, start int32) window.Row {
	measures := []window.Measure{
		window.Arrivals, window.ReleaseTime, window.OfSegment(visit.Wait, event.Agency(1+r.IntN(4))),
		window.OfSegment(visit.Service, voc.Customs), window.OfFault(visit.NoArrival), window.OfFault(visit.DirectionConflict),
	}
	row := window.Row{
		Key: window.Key{
			Start: start, BCP: voc.BCPs()[r.IntN(4)], Measure: measures[r.IntN(len(measures))],
			Direction: event.Direction(r.IntN(3)), Channel: event.Channel(r.IntN(5)), Regime: event.Regime(r.IntN(5)),
			Grain: []window.Grain{window.Hour, window.Day}[r.IntN(2)],
		},
		AsOf: r.Int64N(1 << 40),
	}
	for range r.IntN(30) {
		ms := int64(math.Exp(r.Float64() * 24))
		if r.IntN(10) == 0 {
			ms = 0
		}
		row.Add(window.IncrementOf(row.Key.Measure, ms, max(0, r.Int64N(2*ms+1)-ms), 1))
	}
	return row
}

func TestWindowsAreReadBack(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	r := rand.New(rand.NewPCG(1, 2))
	const base = 29_460_000 // minutes: January 2026
	byKey := map[window.Key]window.Row{}
	for i := range 6000 {
		row := randomWindow(r, voc, base+int32(i*7))
		byKey[row.Key] = row
	}
	empty := window.Row{Key: window.Key{Start: base - 1, BCP: 1, Grain: window.Day, Measure: window.CrossingTime}, AsOf: 5}
	huge := window.Row{Key: window.Key{Start: base - 2, BCP: 2, Grain: window.Hour, Measure: window.CrossingTime}, AsOf: 5}
	for range 3 {
		huge.Add(window.IncrementOf(huge.Key.Measure, 1<<40, 0, 1))
	}
	byKey[empty.Key], byKey[huge.Key] = empty, huge
	var rows []window.Row
	var keys []window.Key
	for k, row := range byKey {
		rows, keys = append(rows, row), append(keys, k)
	}
	if err := s.WriteWindows(t.Context(), 65535, pointers(rows...)); err != nil {
		t.Fatal(err)
	}
	keys = append(keys, window.Key{Start: base + 1_000_000, BCP: 1, Grain: window.Hour, Measure: window.Arrivals})
	got, err := s.Windows(t.Context(), 65535, keys)
	if err != nil {
		t.Fatal(err)
	}
	check := func(got []window.Row) {
		t.Helper()
		for _, g := range got {
			if w := byKey[g.Key]; g.AsOf != w.AsOf || g.Sums != w.Sums || !slices.Equal(g.Bins, w.Bins) ||
				g.Net.Closed != w.Net.Closed || g.Net.SumSquares != w.Net.SumSquares || !slices.Equal(g.Net.Bins, w.Net.Bins) {
				t.Fatalf("window\n%+v\nwant\n%+v", g, w)
			}
		}
	}
	check(got)
	if len(got) != len(rows) {
		t.Errorf("%d windows, want %d", len(got), len(rows))
	}

	recent := func(horizon, ahead int64) map[window.Key]bool {
		keys := map[window.Key]bool{}
		err := s.RecentWindows(t.Context(), 65535, horizon, ahead, func(r *window.Row) error {
			keys[r.Key] = true
			check([]window.Row{*r})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	if all := recent(-1<<62, 1<<60); len(all) != len(rows) {
		t.Errorf("%d windows since ever, want %d", len(all), len(rows))
	}
	const horizon = (base + 21_000) * minute
	some := recent(horizon, 1<<60)
	length := map[window.Grain]int64{window.Hour: 60, window.Day: 25 * 60}
	for k := range byKey {
		if ends := (int64(k.Start) + length[k.Grain]) * minute; (ends > horizon) != some[k] {
			t.Errorf("window %+v: recent is %v, and it ends %d minutes after the horizon", k, some[k], (ends-horizon)/minute)
		}
	}
	withAhead := recent(horizon, 1<<39)
	for k, row := range byKey {
		if row.AsOf > 1<<39 && !withAhead[k] {
			t.Errorf("window %+v is ahead and was not yielded", k)
		}
	}
	if len(withAhead) > len(rows)*7/8 {
		t.Errorf("%d of %d windows are recent or ahead", len(withAhead), len(rows))
	}
}

func TestInsideIsReadBack(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	police, _ := voc.Agency([]byte("border_police"))
	rows := []engine.Inside{
		{
			BCP: 1, Direction: event.Inbound, AsOf: 9,
			Occupancy: engine.Occupancy{LastEvent: 1_767_600_000_123, LastTruckEvent: 1_767_600_000_000, Trucks: 5, Classes: map[engine.Class]int{
				{
					Held: window.OfSegment(visit.Wait, voc.UnknownHolder), Last: event.InspectionCompleted, Agency: police, Kind: event.Scan,
					Result: event.NonConformant, Channel: event.Red, Arrived: 490_000, Since: 1_960_003, Done: engine.AgenciesOf(voc.Customs, police),
				}: 3,
				{Held: window.OfSegment(visit.Wait, voc.UnknownHolder), Last: event.TruckArrived, Arrived: 490_001, Since: engine.NoQuarter}: 2,
			}},
		},
		{BCP: 3, Direction: event.NoDirection, AsOf: 9, Occupancy: engine.NoOccupancy()},
		{BCP: 2, Direction: event.Outbound, AsOf: 9, Occupancy: engine.Occupancy{LastEvent: 77, LastTruckEvent: engine.Never}},
	}
	if err := s.WriteInside(t.Context(), 1, rows); err != nil {
		t.Fatal(err)
	}
	older := engine.Inside{BCP: 1, Direction: event.Inbound, AsOf: 3, Occupancy: engine.Occupancy{LastEvent: 5, Trucks: 50}}
	if err := s.WriteInside(t.Context(), 1, []engine.Inside{older}); err != nil {
		t.Fatal(err)
	}
	seen := map[string][2]int64{}
	err := s.LastEvents(t.Context(), 1, func(l engine.LastEvents) { seen[fmt.Sprint(l.BCP, " ", l.Direction)] = [2]int64{l.Any, l.OfTruck} })
	if want := map[string][2]int64{"1 inbound": {1_767_600_000_123, 1_767_600_000_000}, "2 outbound": {77, engine.Never}}; err != nil || !reflect.DeepEqual(seen, want) {
		t.Errorf("seen %v, %v, want %v", seen, err, want)
	}
	const asked = "SELECT toString(tuple(COLUMNS('class_'))) FROM inside_now FINAL WHERE bcp = 'AF-NAN-TORKHAM' AND direction = 'inbound' AND trucks = 5"
	const want = `([3,2],['2025-11-24 16:00:00','2025-11-24 17:00:00'],['2025-11-24 16:45:00',NULL],['wait','wait'],['unknown','unknown'],['red',''],` +
		`['inspection.completed','truck.arrived'],['border_police',''],['scan',''],['non_conformant',''],[['border_police','customs'],[]])`
	var classes string
	if err := s.conn.QueryRow(t.Context(), asked).Scan(&classes); err != nil {
		t.Fatal(err)
	}
	if classes != want {
		t.Errorf("classes are\n%s, want\n%s", classes, want)
	}
	if got := s.text(t, "SELECT phase, holder, trucks FROM waiting_now"); got != "wait\tunknown\t5\n" {
		t.Errorf("waiting now are %q", got)
	}
}

func (s *Store) text(t testing.TB, query string) string {
	t.Helper()
	r, err := s.conn.QueryFormat(t.Context(), "TabSeparated", query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = r.Close() }()
	var b bytes.Buffer
	if _, err := b.ReadFrom(r); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return b.String()
}
