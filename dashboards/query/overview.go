package query

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/dashboards/overview"
	"dwell/ingest/place"
	"dwell/metrics/window"
)

func named(name string, value any) driver.NamedValue {
	return clickhouse.Named(name, fmt.Sprint(value))
}

// Overview reads all BCPs in six queries at most, and once an hour their baselines. Hours that this process has counted itself are
// not read, and those in which nothing was written since the last overview are not read again.
func (s *Source) Overview(ctx context.Context) (*overview.Overview, error) {
	now := s.now().UTC()
	stand, err := s.readProgress(ctx)
	if err != nil {
		return nil, err
	}
	progress := stand.all()
	learned, err := s.baselinesNow(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.readOpenings(ctx); err != nil {
		return nil, err
	}
	hours, err := s.recentHours(ctx, now.Add(-s.cfg.Reach()), stand)
	if err != nil {
		return nil, err
	}
	insides, err := s.readInside(ctx)
	if err != nil {
		return nil, err
	}
	readings, err := s.readReadings(ctx)
	if err != nil {
		return nil, err
	}
	trucks, err := s.readTrucks(ctx, hours)
	if err != nil {
		return nil, err
	}
	b := &overview.Overview{
		Time: now, AsOf: progress.AsOf, FinalUntil: progress.FinalUntil,
		WindowSeconds: int64(s.cfg.Window / time.Second), TrendHours: s.cfg.TrendHours, Simulation: s.cfg.Simulation, Places: []overview.Place{},
	}
	sum := newTotals()
	for i := range s.places {
		p := &s.places[i]
		v := view{
			place: p, now: now, open: func(t time.Time) bool { return s.openings.openAt(p.ID, t) }, baselines: learned[p.ID], inside: insides[p.ID], hours: hours[p.ID], trucks: trucks[p.ID],
			window: int(s.cfg.Window / time.Hour), trend: s.cfg.TrendHours,
		}
		bcp, recent := v.bcp()
		if bcp.Readings, err = s.latestReadings(ctx, v.baselines, now, readings[p.ID]); err != nil {
			return nil, err
		}
		sum.add(&bcp, recent)
		b.Places = append(b.Places, bcp)
	}
	b.Total = sum.total(len(s.places))
	return b, nil
}

// readTrucks says of which BCPs truck events ever came. It asks only for those of which none is known.
func (s *Source) readTrucks(ctx context.Context, recent hours) (map[string]bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for bcp := range recent {
		s.trucks[bcp] = true
	}
	var unseen []string
	for i := range s.places {
		if id := s.places[i].ID; !s.trucks[id] {
			unseen = append(unseen, id)
		}
	}
	if len(unseen) > 0 {
		sql := "SELECT DISTINCT bcp FROM " + s.table("windows") + " WHERE grain = 'day' AND bcp IN ({ids:Array(String)})"
		err := s.each(ctx, "windows", sql, []any{clickhouse.Named("ids", unseen)}, func(rows driver.Rows) error {
			var bcp string
			if err := rows.Scan(&bcp); err != nil {
				return err
			}
			s.trucks[bcp] = true
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return maps.Clone(s.trucks), nil
}

// view is what there is to see of one BCP.
type view struct {
	place     *place.Place
	now       time.Time
	open      func(time.Time) bool
	baselines *baselines
	inside    *inside // nil before the first event
	hours     map[int64]*hour
	// trucks says that truck events ever came.
	trucks        bool
	window, trend int // hours
}

// silence is why the BCP's numbers are not known now, empty if they are.
func (v *view) silence() overview.Reason {
	tolerated, _ := v.baselines.silence(v.now)
	switch {
	case v.inside == nil || v.inside.lastEvent == nil:
		return overview.NoDataYet
	case v.now.Sub(*v.inside.lastEvent) > tolerated:
		return overview.Stale
	}
	return ""
}

// recent adds up the hours of the window.
func (v *view) recent() *hour {
	sum := &hour{holders: map[string]segment{}}
	for _, start := range startsOfHours(v.place, v.now, v.window) {
		h := v.hours[start.Unix()]
		if h == nil {
			continue
		}
		sum.add(h)
	}
	return sum
}

func (v *view) bcp() (overview.Place, *hour) {
	p := v.place
	recent := v.recent()
	silence := v.silence()
	tolerated, learned := v.baselines.silence(v.now)
	_, offset := v.now.In(p.Zone).Zone()
	b := overview.Place{
		PlaceDocument: overview.PlaceDocumentOf(p), UTCOffsetSeconds: offset,
		Target: overview.Target{Assumed: slices.Contains(p.Assumed, "targets.release_time")},

		SilentAfterSeconds: int64(tolerated / time.Second), SilentAfterLearned: learned,
		Status: overview.OK, Open: v.open(v.now),
		ReleaseTime: releaseTime(recent, silence), Holders: holders(recent), Flow: flow(recent, v.withoutTrucks(silence)),
	}
	if p.Targets.ReleaseTime > 0 {
		seconds := int64(p.Targets.ReleaseTime / time.Second)
		b.Target.ReleaseTimeSeconds = &seconds
	}
	switch {
	case silence != "":
		b.Status = overview.Unknown
	case !b.Open:
		b.Status = overview.Closed
	}
	if v.inside != nil && v.inside.lastEvent != nil {
		last := v.inside.lastEvent.UTC()
		b.LastEvent = &last
	}
	b.Inside = v.insideNow(silence)
	b.Trend = v.trendHours()
	return b, recent
}

// withoutTrucks is why nothing is known of the BCP's trucks, empty if something is. Readings of its queue may go on while its
// trucks fall silent, as far as hours can show.
func (v *view) withoutTrucks(silence overview.Reason) overview.Reason {
	if silence == "" && (!v.trucks || v.hourStatus(startOf(window.Hour, v.now, v.place.Zone)) == overview.Unknown) {
		return overview.NoTruckEvents
	}
	return silence
}

func (v *view) insideNow(silence overview.Reason) overview.Inside {
	reason := v.withoutTrucks(silence)
	if reason != "" {
		in := overview.Inside{Known: overview.Known{Reason: reason}}
		if v.trucks && v.inside != nil {
			in.LastKnown = &v.inside.trucks
		}
		return in
	}
	ages := v.inside.ages(v.now)
	return overview.Inside{
		Known: overview.Known{Trucks: &v.inside.trucks}, LastKnown: &v.inside.trucks,
		ByDirection: &v.inside.byDirection, ByHolder: v.inside.held(), ByAge: &ages,
	}
}

func releaseTime(h *hour, silence overview.Reason) overview.ReleaseTime {
	n := h.release.N
	if n == 0 {
		if silence != "" {
			return overview.ReleaseTime{Reason: silence}
		}
		return overview.ReleaseTime{N: &n, Reason: overview.NoReleases}
	}
	mean := float64(h.release.Sum) / float64(n) / 1000
	p50, p90 := h.release.Bins.Quantile(0.5), h.release.Bins.Quantile(0.9)
	netMean := float64(h.release.Sum-h.release.Net.Closed) / float64(n) / 1000
	net := h.release.NetBins()
	netP50, netP90 := net.Quantile(0.5), net.Quantile(0.9)
	return overview.ReleaseTime{
		N: &n, MeanSeconds: &mean, P50Seconds: &p50, P90Seconds: &p90,
		NetMeanSeconds: &netMean, NetP50Seconds: &netP50, NetP90Seconds: &netP90,
	}
}

// holders are the segments of an hour in the order of phases and names.
func holders(h *hour) []overview.Holding {
	all := []overview.Holding{}
	for measure, g := range h.holders {
		if phase, holder, ok := cutMeasure(measure); ok && g.n > 0 {
			all = append(all, overview.Holding{Phase: phase, Holder: holder, N: g.n, Seconds: float64(g.ms) / 1000, NetSeconds: float64(g.net) / 1000})
		}
	}
	slices.SortFunc(all, func(a, b overview.Holding) int {
		return cmp.Or(comparePhases(a.Phase, b.Phase), cmp.Compare(a.Holder, b.Holder))
	})
	return all
}

func flow(h *hour, reason overview.Reason) overview.Flow {
	known := overview.Flow{Counts: map[string]*int64{}}
	unknown := overview.Flow{Counts: map[string]*int64{}, Reason: reason}
	for _, d := range window.Definitions() {
		if d.Overview == "" {
			continue
		}
		n := h.counts.Of(d.Name)
		known.Counts[d.Name], unknown.Counts[d.Name] = &n, nil
		if n != 0 {
			reason = ""
		}
	}
	if reason != "" {
		return unknown
	}
	return known
}

// trendHours says what each of the last hours was like. Inside at the end of an hour is what is inside now less what
// came and left since.
func (v *view) trendHours() []overview.Hour {
	starts := startsOfHours(v.place, v.now, v.trend)
	all := make([]overview.Hour, len(starts))
	var running int64
	if v.inside != nil {
		running = v.inside.trucks
	}
	for i := len(starts) - 1; i >= 0; i-- {
		h := v.hours[starts[i].Unix()]
		all[i] = overview.Hour{Start: starts[i], Status: v.hourStatus(starts[i])}
		if all[i].Status != overview.Unknown {
			n, at := int64(0), running
			all[i].N, all[i].Inside = &n, &at
			if h != nil && h.release.N > 0 {
				n = h.release.N
				p50, p90 := h.release.Bins.Quantile(0.5), h.release.Bins.Quantile(0.9)
				all[i].P50Seconds, all[i].P90Seconds = &p50, &p90
			}
		}
		if h != nil {
			running -= h.counts.Of("arrivals") - h.counts.Of("left")
		}
	}
	return all
}

// hourStatus is Unknown where no truck event was seen in the hour nor before its end for longer than was tolerated in
// that hour, as far as hours can show.
func (v *view) hourStatus(start time.Time) overview.Status {
	end := endOf(window.Hour, start, v.place.Zone)
	if end.After(v.now) {
		end = v.now
	}
	tolerated, _ := v.baselines.silence(start)
	seen := v.lastSeen(start)
	switch {
	case seen.IsZero() || seen.Add(time.Hour).Before(end.Add(-tolerated)):
		return overview.Unknown
	case !v.open(start):
		return overview.Closed
	}
	return overview.OK
}

// lastSeen is the start of the last hour up to the one at start in which trucks were seen. The overview has read the
// hours of its trend; those before are as the baselines know them.
func (v *view) lastSeen(start time.Time) time.Time {
	first := v.now.Add(-time.Duration(v.trend+1) * time.Hour)
	at := start
	for ; at.After(first); at = startOf(window.Hour, at.Add(-time.Minute), v.place.Zone) {
		if v.hours[at.Unix()] != nil {
			return at
		}
	}
	return v.baselines.seenBefore(at.Add(time.Hour))
}
