package audit_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/metrics/audit"
	"dwell/metrics/clickhouse"
	"dwell/metrics/engine"
	"dwell/metrics/visit"
)

var places = []place.Place{
	{ID: "AF-NAN-TORKHAM", Zone: zone("Asia/Kabul"), LapseAfter: 14 * 24 * time.Hour},
	{ID: "PL-DOROHUSK", Zone: zone("Europe/Warsaw"), LapseAfter: 3 * 24 * time.Hour, Calendar: &place.Calendar{Days: [7][]place.Span{
		time.Saturday:  {{Open: 0, Close: 2*60 + 30}, {Open: 9 * 60, Close: 24 * 60}},
		time.Sunday:    {{Open: 0, Close: 3*60 + 10}},
		time.Monday:    {{Open: 8 * 60, Close: 16*60 + 45}},
		time.Wednesday: {{Open: 0, Close: 24 * 60}},
		time.Thursday:  {{Open: 7*60 + 30, Close: 8 * 60}},
	}}},
	{ID: `ONeill " {x} $1`, Zone: zone("Asia/Kabul"), LapseAfter: 24 * time.Hour},
}

func zone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return z
}

func TestMain(m *testing.M) { clickhousetest.Main(m) }

// border is the engine and its tables, with two shards.
type border struct {
	t      testing.TB
	cfg    clickhouse.Config
	places []place.Place
	store  *clickhouse.Store
	voc    *event.Vocabulary
	shards [2]*engine.State
	raw    [2]engine.Raw
	next   [2]int64
}

func newBorder(t testing.TB, places []place.Place) *border {
	t.Helper()
	voc, err := event.NewVocabulary([]string{places[0].ID, places[1].ID, places[2].ID}, []string{"customs", "border_police", "veterinary"})
	if err != nil {
		t.Fatal(err)
	}
	return newBorderAt(t, voc, places)
}

// in returns the places as if their clocks were those of a zone.
func in(name string) []place.Place {
	there := slices.Clone(places)
	for i := range there {
		there[i].Zone = zone(name)
	}
	return there
}

func newBorderAt(t testing.TB, voc *event.Vocabulary, places []place.Place) *border {
	t.Helper()
	b := &border{t: t, voc: voc, places: places, cfg: clickhouse.DefaultConfig()}
	server := clickhousetest.Start(t)
	b.cfg.Addresses, b.cfg.Database = []string{server.Addr}, server.Database
	b.cfg.Password = server.Password
	store, err := clickhouse.Open(t.Context(), b.cfg, voc)
	if err != nil {
		t.Fatal(err)
	}
	b.store = store
	t.Cleanup(func() { _ = b.store.Close() })
	for i := range b.shards {
		b.shards[i] = engine.New(engine.Config{Vocabulary: voc, Places: places, MemoryRetention: 1 << 60, WatermarkDelay: time.Minute})
	}
	return b
}

// log appends an event to a shard's log, and applies it. It is given offset 0, 2, 4, ...
func (b *border) log(id int, e *event.Event) {
	b.t.Helper()
	at, absent := b.shards[id].Find(e)
	if absent {
		rows, err := b.store.Visits(b.t.Context(), id, []visit.Key{{BCP: e.BCP, ID: string(e.Subject)}})
		if err != nil {
			b.t.Fatal(err)
		}
		for i := range rows {
			if err := b.shards[id].RestoreVisit(&rows[i]); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	if b.shards[id].Admit(b.next[id], e.Time, e, at) != nil {
		b.next[id] += 2
		return
	}
	b.shards[id].Apply(b.next[id], e, at)
	b.raw[id].Events.Append(&event.Record{Offset: b.next[id], Time: e.Time}, e)
	b.next[id] += 2
}

func (b *border) flush() {
	b.t.Helper()
	ctx := b.t.Context()
	must := func(err error) {
		b.t.Helper()
		if err != nil {
			b.t.Fatal(err)
		}
	}
	for id := range b.shards {
		must(b.store.WriteRaw(ctx, id, &b.raw[id]))
		b.raw[id].Reset()
		f := b.shards[id].Flush(b.next[id])
		must(b.store.WriteWindows(ctx, id, f.Windows.All()))
		must(b.store.WriteVisits(ctx, id, f.Visits.Chunks))
		must(b.store.WriteRestatements(ctx, id, f.Restatements))
		must(b.store.WriteInside(ctx, id, f.Inside))
		must(b.store.WriteProgress(ctx, id, f))
	}
}

func (b *border) audit(change func(*audit.Config)) (audit.Result, string) {
	b.t.Helper()
	cfg := audit.Config{Database: b.cfg.Database, Places: b.places, EventsPerBucket: 3000}
	if change != nil {
		change(&cfg)
	}
	var out bytes.Buffer
	r, err := audit.Run(b.t.Context(), b.store.Conn(), cfg, &out)
	if err != nil {
		b.t.Fatal(err)
	}
	return r, out.String()
}

// offsets is the line that says as of which offsets an audit compares.
func (b *border) offsets() string {
	return fmt.Sprintf("compared as of these offsets, by shard: 0: %d, 1: %d", b.next[0], b.next[1])
}

func (b *border) exec(sql string) {
	b.t.Helper()
	if err := b.store.Conn().Exec(b.t.Context(), sql); err != nil {
		b.t.Fatal(err)
	}
}

// A log in which everything happens that can: few instants and few agencies, so that facts meet; duplicates,
// retractions before and after, one id with two contents, conflicts, silence. It begins at an instant.
func (b *border) anything(seed uint64, visits int, begin string) {
	r := rand.New(rand.NewPCG(seed, 1))
	type received struct {
		shard int
		e     event.Event
	}
	var all []received
	at, err := time.Parse(time.DateTime, begin)
	if err != nil {
		b.t.Fatal(err)
	}
	base := at.UnixMilli()
	types := []event.Type{event.InspectionStarted, event.InspectionCompleted} // twice as often as others
	for _, t := range event.Types() {
		if t.OfVisit() && t != event.TruckArrived {
			types = append(types, t)
		}
	}
	agencies := []event.Agency{b.voc.Customs, 1, 6}
	for v := range visits {
		id := fmt.Sprintf("T%d", v)
		if v%50 == 7 {
			id = fmt.Sprintf(`T'%d"\ ترخم`, v)
		}
		home, direction := event.BCP(1+r.IntN(3)), event.Direction(1+r.IntN(2))
		start := base + r.Int64N(400)*3_600_000/2
		step := []int64{1, 977, 60_000, 1_234_567}[r.IntN(4)]
		n := 1 + r.IntN(12)
		if v%20 == 0 {
			n += 30
		}
		var sent []event.Event
		for i := range n {
			e := event.Event{
				Type: types[r.IntN(len(types))], ID: fmt.Appendf(nil, "%d-%d", v, i), Source: []byte("post"), Subject: []byte(id),
				Time: start + r.Int64N(12)*step, BCP: home, Direction: direction,
				Channel: event.Channel(max(0, r.IntN(8)-3)), Regime: event.Regime(max(0, r.IntN(8)-3)),
			}
			e.Recorded = e.Time
			if i == 0 && r.IntN(20) > 0 {
				e.Type, e.Time = event.TruckArrived, start
			}
			if e.Type == event.TruckReleased || e.Type == event.TruckDeparted {
				e.Time = start + (8+r.Int64N(8))*step
			}
			if e.Type.HasAgency() {
				e.Agency = agencies[r.IntN(len(agencies))]
			}
			if e.Type.HasKind() {
				e.Kind = event.InspectionKind(1 + r.IntN(2))
			}
			if e.Type.HasHold() {
				e.Hold = [][]byte{nil, []byte("H1"), []byte("ح'2")}[r.IntN(3)]
			}
			switch r.IntN(60) {
			case 0:
				e.BCP = event.BCP(1 + r.IntN(3))
			case 1:
				e.Direction = event.Direction(1 + r.IntN(2))
			}
			e.Edition = uint32(max(0, r.IntN(8)-6))
			sent = append(sent, e)
			switch r.IntN(25) {
			case 4: // another edition is another event
				other := e
				other.Edition++
				other.Time += step
				sent = append(sent, other)
			case 0:
				sent = append(sent, e)
			case 1:
				other := e
				other.Time += step
				other.Channel = event.Blue
				if other.Type.HasHold() && r.IntN(2) == 0 {
					other.Time, other.Channel, other.Hold = e.Time, e.Channel, []byte("H3")
				}
				sent = append(sent, other)
			case 2, 3:
				back := event.Event{
					Type: event.EventRetracted, ID: fmt.Appendf(nil, "%d-%d-back", v, i), Source: []byte("office"), Subject: []byte(id),
					Time: e.Time + step, BCP: e.BCP, Direction: e.Direction, RetractedID: e.ID, RetractedSource: e.Source, RetractedEdition: e.Edition, RetractedTime: e.Time,
				}
				if r.IntN(2) == 0 { // an undone import comes again
					again := e
					again.Edition++
					sent = append(sent, again)
				}
				sent = append(sent, back)
			}
		}
		for _, e := range sent {
			all = append(all, received{v % 2, e})
		}
	}
	for i := range 20 {
		e := event.Event{
			Type: event.LaneOpened, ID: fmt.Appendf(nil, "lane-%d", i), Source: []byte("post"), Subject: []byte(places[0].ID), BCP: 1,
			Time: base + int64(i)*86_400_000/2,
		}
		all = append(all, received{0, e}, received{1, e})
	}
	for i := range 40 {
		e := event.Event{
			Type: event.BCPOpened + event.Type(r.IntN(2)), ID: fmt.Appendf(nil, "shift-%d", i), Source: []byte("post"), BCP: event.BCP(1 + r.IntN(3)),
			Direction: event.Direction(max(0, r.IntN(4)-1)), Time: base + r.Int64N(420)*3_600_000/2 + r.Int64N(3)*1000,
		}
		e.Subject = []byte(places[e.BCP-1].ID)
		sent := []event.Event{e}
		if r.IntN(5) == 0 {
			sent = append(sent, e)
		}
		if r.IntN(5) == 0 {
			other := e
			other.Edition, other.Time = 1, e.Time+60_000
			sent = append(sent, other)
		}
		if r.IntN(5) == 0 { // one id with two contents
			other := e
			other.Time, other.Type = e.Time+60_000*r.Int64N(2), event.BCPClosed
			sent = append(sent, other)
		}
		if r.IntN(5) == 0 {
			sent = append(sent, event.Event{
				Type: event.EventRetracted, AboutPlace: true, ID: fmt.Appendf(nil, "shift-%d-back", i), Source: []byte("office"), Subject: e.Subject,
				Time: e.Time, BCP: e.BCP, RetractedID: e.ID, RetractedSource: e.Source, RetractedEdition: uint32(r.IntN(2)), RetractedTime: e.Time,
			})
		}
		for _, e := range sent {
			all = append(all, received{0, e}, received{1, e})
		}
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for i := range all {
		b.log(all[i].shard, &all[i].e)
		if i%(1+len(all)/4) == 0 {
			b.flush()
		}
	}
	b.flush()
}

func TestAnyLogHasNoDifference(t *testing.T) {
	for seed, c := range []struct {
		begin  string
		places []place.Place
	}{
		{"2026-10-24 20:00:00", places}, // around the end of summer time in Poland
		{"2026-01-24 20:00:00", places},
		{"2026-09-04 20:00:00", in("America/Santiago")},    // clocks jump over a midnight
		{"2021-10-27 20:00:00", in("Asia/Amman")},          // a midnight comes twice
		{"2026-10-02 20:00:00", in("Australia/Lord_Howe")}, // clocks jump by half an hour
	} {
		b := newBorder(t, c.places)
		b.anything(uint64(seed), 600, c.begin)
		r, out := b.audit(nil)
		if r.Differences != 0 {
			t.Fatalf("seed %d, %s:\n%s", seed, c.begin, out)
		}
		want := fmt.Sprintf("%s\nmoved on, not compared: 0\naudit: 0 differences in %d visits, %d windows\n", b.offsets(), r.Visits, r.Windows)
		var visits uint64 // the same subject at another BCP is another visit
		const subjects = "SELECT uniqExact(shard, bcp, subject) FROM events WHERE subject != bcp"
		if err := b.store.Conn().QueryRow(t.Context(), subjects).Scan(&visits); err != nil {
			t.Fatal(err)
		}
		if out != want || r.Visits != int(visits) || r.Visits <= 600 || r.Windows < 3000 {
			t.Errorf("printed %q for %+v", out, r)
		}
	}
}
