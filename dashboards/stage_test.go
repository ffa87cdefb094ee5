package dashboards

import (
	"context"
	"log/slog"
	"math"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"dwell/dashboards/door"
	"dwell/dashboards/overview"
	"dwell/ingest/place"
)

// stage is a database whose overview the test sets by hand.
type stage struct {
	mu       sync.Mutex
	places   []place.Place
	overview *overview.Overview
	agencies []place.Agency
	changed  chan struct{}
	err      error
}

func (s *stage) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.changed
}

// wake wakes the hub. The caller holds mu.
func (s *stage) wake() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

func (s *stage) Overview(context.Context) (*overview.Overview, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := *s.overview
	b.Places = slices.Clone(b.Places)
	return &b, s.err
}

// change makes the next overview another one.
func (s *stage) change(f func(b *overview.Overview)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.overview)
	s.wake()
}

func (s *stage) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
	s.wake()
}

func (s *stage) Places() []place.Place { return s.places }
func (s *stage) Now() time.Time        { return s.overview.Time }

func (s *stage) Periods(context.Context, overview.PeriodsQuery) (*overview.History, error) {
	return &overview.History{Windows: []overview.Window{}}, nil
}

func (s *stage) History(_ context.Context, q overview.HistoryQuery) (*overview.History, error) {
	h := &overview.History{ID: q.ID, Measure: q.Measure, Grain: q.Grain.String(), TimeZone: "Asia/Kabul", From: q.From, To: q.To, AsOf: s.overview.AsOf, Windows: []overview.Window{}}
	for i, at := 0, q.From.Truncate(time.Hour).Add(30*time.Minute); at.Before(q.To) && i < 200; i++ {
		w := overview.Window{Start: at, End: at.Add(time.Hour), Status: overview.OK, N: ptr(int64(20 + i%7))}
		w.P50Seconds, w.P90Seconds = ptr(wave(i, 60000, 15000)), ptr(wave(i, 95000, 20000))
		w.Inside = ptr(int64(wave(i, 640, 80)))
		if i%24 > 8 && i%24 < 12 {
			w = overview.Window{Start: at, End: at.Add(time.Hour), Status: overview.Unknown, Reason: overview.Stale}
		}
		h.Windows = append(h.Windows, w)
		at = at.Add(time.Hour)
	}
	return h, nil
}

func (s *stage) Holders(_ context.Context, id string, from, to time.Time, _ overview.Filter) (*overview.Holders, error) {
	return &overview.Holders{ID: id, From: from, To: to, Holders: s.overview.Places[0].Holders}, nil
}

func (s *stage) Inside(_ context.Context, q overview.VisitsQuery) (*overview.Visits, error) {
	id := q.Place
	v := &overview.Visits{ID: id, Time: s.overview.Time, Visits: []overview.Visit{}, Next: ptr("next")}
	for i := range min(q.Limit, 8) {
		arrived := s.overview.Time.Add(-time.Duration(190-13*i) * time.Hour)
		v.Visits = append(v.Visits, overview.Visit{
			Visit: "V-2026-0" + string(rune('1'+i)) + "-4f0c2a1e-6b3d-4c58-9a7e-d1b2c3f4a5e6", Place: id, Direction: []string{"inbound", "outbound"}[i%3/2], Channel: []string{"red", "yellow", ""}[i%3],
			Arrived: &arrived, AgeSeconds: ptr(int64((190 - 13*i) * 3600)),
			Open: &overview.OpenSegment{Phase: []string{"hold", "wait", "service"}[i%3], Holder: []string{"customs", "trader", "plant_quarantine"}[i%3], Since: arrived.Add(30 * time.Hour)},
		})
	}
	return v, nil
}

func (s *stage) Reliability(_ context.Context, q overview.ReliabilityQuery) (*overview.Reliability, error) {
	return &overview.Reliability{ID: q.ID, Measure: q.Measure, Days: []overview.DayValue{}}, nil
}

func (s *stage) UsualWeek(_ context.Context, q overview.UsualQuery) (*overview.UsualWeek, error) {
	return &overview.UsualWeek{ID: q.ID, TimeZone: "Asia/Kabul", Time: s.overview.Time, Measures: []overview.Compared{}, Windows: []overview.ComparedWindow{}}, nil
}

func (s *stage) Find(ctx context.Context, q overview.VisitsQuery) (*overview.Found, error) {
	page, err := s.Inside(ctx, q)
	return &overview.Found{Time: page.Time, Visits: page.Visits, Next: page.Next}, err
}

func (s *stage) Visit(context.Context, string, string) (*overview.Visit, error) {
	return nil, overview.ErrNoVisit
}

func (s *stage) VisitsOf(context.Context, string) (*overview.VisitsOf, error) {
	return nil, overview.ErrNoVisit
}

func (s *stage) Readings(_ context.Context, id string, from, to time.Time, _ int) (*overview.Readings, error) {
	out := &overview.Readings{ID: id, From: from, To: to, Readings: []overview.PastReading{}}
	for i := range 20 { // with an outage of hours and a zero after it, a real zero, a stale reading and two frozen ones
		if i > 5 && i < 14 {
			continue
		}
		r := overview.PastReading{Source: "far side", Time: from.Add(time.Duration(i+2) * time.Hour), Observed: overview.Observed{Vehicles: ptr(int64(40 * (i % 5)))}, AgeSeconds: ptr(int64(1800))}
		if i == 17 {
			r.AgeSeconds, r.Stale = ptr(int64(90_000)), true
		}
		r.KnownUntil = ptr(r.Time.Add(time.Hour))
		switch {
		case i == 5:
			r.KnownUntil = ptr(r.Time.Add(3 * time.Hour))
		case i == 14:
			r.Vehicles, r.Reason, r.KnownUntil = ptr(int64(0)), overview.ZeroAfterOutage, nil
		case i > 17:
			r.Vehicles, r.Frozen, r.FrozenSince, r.KnownUntil = ptr(int64(80)), true, ptr(from.Add(15*time.Hour)), nil
		}
		out.Readings = append(out.Readings, r)
	}
	return out, nil
}

func (s *stage) Restatements(_ context.Context, q overview.RestatementsQuery) (*overview.Restatements, error) {
	return &overview.Restatements{ID: q.ID, From: q.From, To: q.To, Restatements: []overview.Restatement{}}, nil
}

func (s *stage) Annotations(_ context.Context, q overview.AnnotationsQuery) (*overview.Annotations, error) {
	return &overview.Annotations{From: q.From, To: q.To, Annotations: []overview.Annotation{}}, nil
}

func ptr[T any](v T) *T { return &v }

func wave(i int, middle, height float64) float64 {
	return math.Round(middle + height*math.Sin(float64(i)/24*2*math.Pi) + height/5*math.Sin(float64(i*i)))
}

// newStage has the nine Afghan places: most are up to date, one is stale, one has no data yet, one is closed.
func newStage(t testing.TB) *stage {
	t.Helper()
	book, err := place.Load("afghanistan")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 5, 9, 42, 17, 0, time.UTC)
	b := &overview.Overview{Time: now, AsOf: ptr(now.Add(-4 * time.Second)), FinalUntil: ptr(now.Add(-5 * time.Minute)), WindowSeconds: 86400, TrendHours: 24, Health: overview.Health{Outages: []overview.Outage{}, DamagedTables: []overview.DamagedTable{}}}
	shares := []overview.Holding{
		{Phase: "wait", Holder: "customs", N: 900, Seconds: 7.2e6},
		{Phase: "wait", Holder: "trader", N: 400, Seconds: 4.1e6},
		{Phase: "wait", Holder: "border_police", N: 500, Seconds: 1.6e6},
		{Phase: "service", Holder: "customs", N: 880, Seconds: 2.2e6},
		{Phase: "service", Holder: "plant_quarantine", N: 300, Seconds: 1.4e6},
		{Phase: "hold", Holder: "health", N: 20, Seconds: 8e5},
		{Phase: "exit", Holder: "carrier", N: 880, Seconds: 2.9e6},
		{Phase: "wait", Holder: "unknown", N: 60, Seconds: 6e5},
	}
	b.Total = overview.Total{
		Places: 9, UnknownPlaces: 2, Inside: overview.Known{Trucks: ptr(int64(3184))},
		ByAge:       overview.Ages{Under6h: 1320, Under24h: 1204, Under3d: 540, Under7d: 98, Over7d: 22},
		ReleaseTime: overview.ReleaseTime{N: ptr(int64(4021)), MeanSeconds: ptr(71000.0), P50Seconds: ptr(66120.0), P90Seconds: ptr(118800.0)},
		Holders:     shares, Flow: flow(4188, 4021, 3967),
	}
	for i, p := range book.Places {
		size := int64(900 / (i + 1))
		bcp := overview.Place{
			PlaceDocument: overview.PlaceDocumentOf(&p), UTCOffsetSeconds: 16200,
			Target:             overview.Target{ReleaseTimeSeconds: ptr(int64(86400)), Statistic: "p90", Assumed: true, ValueSeconds: ptr(float64(130000 - i*9000)), Met: ptr(130000-i*9000 <= 86400)},
			Usual:              overview.Usual{Quartiles: overview.Quartiles{P25: ptr(float64(size) * 0.6), Median: ptr(float64(size) * 0.7), P75: ptr(float64(size) * 0.8), Weeks: 8}, Deviation: ptr(1.5), Spikes: []overview.Spike{}},
			SilentAfterSeconds: int64(p.SilentAfter / time.Second),
			Status:             overview.OK, Open: true, LastEvent: ptr(now.Add(-time.Duration(i*37) * time.Second)),
			Inside: overview.Inside{
				Known: overview.Known{Trucks: ptr(size)}, LastKnown: ptr(size),
				ByDirection: &overview.Directions{Inbound: size - size/7, Outbound: size / 7},
				ByHolder:    []overview.Held{{Phase: "wait", Holder: "customs", Trucks: size}},
				ByAge:       &overview.Ages{Under6h: size / 3, Under24h: size / 3, Under3d: size / 4, Under7d: size / 20, Over7d: size / 90},
			},
			ReleaseTime: overview.ReleaseTime{N: ptr(size), MeanSeconds: ptr(70000.0), P50Seconds: ptr(float64(87000 - i*9000)), P90Seconds: ptr(float64(130000 - i*9000))},
			Holders:     slices.Clone(shares), Flow: flow(size+31, size, size-12),
			Readings: []overview.LatestReading{},
		}
		if i == 0 {
			bcp.Usual.Deviation = ptr(4.2)
			bcp.Usual.Spikes = append(bcp.Usual.Spikes, overview.Spike{Measure: "inside", Direction: "inbound", Since: now.Add(-time.Hour)})
		}
		for k := range bcp.Holders {
			bcp.Holders[k].Seconds *= 1 + float64((i*5+k*3)%7)/4
		}
		for k := range 24 {
			start := now.Truncate(time.Hour).Add(-30 * time.Minute).Add(time.Duration(k-22) * time.Hour)
			h := overview.Hour{Start: start, Status: overview.OK, N: ptr(size / 24), Inside: ptr(int64(wave(k+i, float64(size), float64(size)/4)))}
			h.P50Seconds, h.P90Seconds = ptr(wave(k+i*5, float64(87000-i*9000), 9000)), ptr(wave(k+i*5, float64(130000-i*9000), 9000))
			if i == 3 && k > 6 && k < 12 {
				h = overview.Hour{Start: start, Status: overview.Unknown}
			}
			bcp.Trend = append(bcp.Trend, h)
		}
		switch i {
		case 0:
			bcp.Readings = []overview.LatestReading{{Source: "far side", Time: now.Add(-20 * time.Minute), Observed: overview.Observed{Vehicles: ptr(int64(414))}, AgeSeconds: 2280}}
		case 1:
			bcp.Readings = []overview.LatestReading{{Source: "far side", Time: now.Add(-20 * time.Hour), Observed: overview.Observed{Vehicles: ptr(int64(0))}, AgeSeconds: 97200, Stale: true}}
		case 2:
			bcp.Readings = []overview.LatestReading{{Source: "far side", Time: now, Reason: overview.NotReported}}
		case 3:
			bcp.Readings = []overview.LatestReading{{Source: "far side", Time: now.Add(-5 * time.Minute), Observed: overview.Observed{Vehicles: ptr(int64(0))}, AgeSeconds: 300, Reason: overview.ZeroAfterClosure}}
		case 6:
			bcp.Readings = []overview.LatestReading{{Source: "far side", Time: now.Add(-time.Minute), Observed: overview.Observed{Vehicles: ptr(int64(7))}, AgeSeconds: 120, Frozen: true, FrozenSince: ptr(now.Add(-5 * time.Hour))}}
		case 4:
			bcp.Status, bcp.Open = overview.Closed, false
		case 5:
			bcp.Status, bcp.LastEvent = overview.Unknown, ptr(now.Add(-31*time.Hour))
			bcp.Inside = overview.Inside{Known: overview.Known{Reason: overview.Stale}, LastKnown: ptr(int64(112))}
			bcp.ReleaseTime, bcp.Flow, bcp.Holders = overview.ReleaseTime{Reason: overview.Stale}, noFlow(overview.Stale), []overview.Holding{}
			stale(&bcp)
		case 8:
			bcp.Status, bcp.LastEvent = overview.Unknown, nil
			bcp.Inside, bcp.Usual = overview.Inside{Known: overview.Known{Reason: overview.NoDataYet}}, overview.Usual{Reason: overview.NotLearned, Spikes: []overview.Spike{}}
			bcp.ReleaseTime, bcp.Flow, bcp.Holders = overview.ReleaseTime{Reason: overview.NoDataYet}, noFlow(overview.NoDataYet), []overview.Holding{}
			stale(&bcp)
		}
		b.Places = append(b.Places, bcp)
	}
	book.Agencies[0].Colour = "#ffe14d" // customs: too light for white text, and for the light theme without an outline
	book.Agencies[1].Names["en"] = "Frontier guard"
	return &stage{places: book.Places, agencies: book.Agencies, overview: b}
}

func flow(arrivals, releases, departures int64) overview.Flow {
	return overview.Flow{Counts: map[string]*int64{"arrivals": &arrivals, "releases": &releases, "departures": &departures}}
}

func noFlow(reason overview.Reason) overview.Flow {
	return overview.Flow{Counts: map[string]*int64{"arrivals": nil, "releases": nil, "departures": nil}, Reason: reason}
}

func stale(b *overview.Place) {
	for k := range b.Trend {
		b.Trend[k] = overview.Hour{Start: b.Trend[k].Start, Status: overview.Unknown}
	}
}

// serve runs the dashboards of a stage until the test ends, and returns their address.
func serve(t testing.TB, s *stage) string {
	t.Helper()
	return serveEvery(t, s, 50*time.Millisecond)
}

func serveEvery(t testing.TB, s *stage, tick time.Duration) string {
	t.Helper()
	address, stop := serveAs(t, s, tick, "127.0.0.1:0", door.DefaultConfig())
	t.Cleanup(stop)
	return address
}

// serveBehind is serve with a door of its own.
func serveBehind(t testing.TB, s *stage, doors door.Config) string {
	t.Helper()
	address, stop := serveAs(t, s, 50*time.Millisecond, "127.0.0.1:0", doors)
	t.Cleanup(stop)
	return address
}

// serveAt is serve at an address of host and port, until stop is called.
func serveAt(t testing.TB, s *stage, tick time.Duration, at string) (address string, stop func()) {
	t.Helper()
	return serveAs(t, s, tick, at, door.DefaultConfig())
}

func serveAs(t testing.TB, s *stage, tick time.Duration, at string, doors door.Config) (address string, stop func()) {
	t.Helper()
	book := place.Book{Places: s.places, Agencies: s.agencies}
	voc, err := book.Vocabulary()
	if err != nil {
		t.Fatal(err)
	}
	cfg := DefaultConfig()
	cfg.Hub.Tick = tick
	log, reg := slog.New(slog.DiscardHandler), prometheus.NewRegistry()
	refusals := door.NewRefusals(log, reg)
	d, err := New(s, voc, &book, cfg, refusals, log, reg)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	server := &http.Server{Handler: door.New(doors, nil, refusals, d), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return "http://" + listener.Addr().String(), func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		_ = server.Close()
	}
}
