package query

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/dashboards/overview"
	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/metrics/engine"
	"dwell/metrics/hours"
	"dwell/metrics/window"
)

func named(name string, value any) driver.NamedValue {
	return clickhouse.Named(name, fmt.Sprint(value))
}

// Overview says what is known now, without asking the store: what shards of this process have published, and what Refresh has
// read last. Before the first Refresh it is ErrUnread.
func (s *Source) Overview(context.Context) (*overview.Overview, error) {
	read := s.read.Load()
	if read == nil {
		return nil, ErrUnread
	}
	now, known := s.now().UTC(), s.border.Overview()
	b := &overview.Overview{
		Time: now, WindowSeconds: int64(s.cfg.Window / time.Second), TrendHours: s.cfg.TrendHours, Simulation: s.cfg.Simulation, Places: []overview.Place{},
	}
	b.AsOf, b.FinalUntil = standing(known.Shards)
	b.Health = overview.Health{Outages: []overview.Outage{}, DamagedTables: []overview.DamagedTable{}}
	if s.cfg.Health != nil {
		b.Health = s.cfg.Health()
	}
	sum := newTotals()
	for i := range s.places {
		of := &known.Places[1+i]
		v := view{
			place: &s.places[i], voc: s.voc, now: now, openings: of.Openings, baselines: read.baselines[s.ids[i]], inside: occupancyOf(of), held: s.heldNow(now, event.BCP(1+i), of), hours: byStart(of.Hours),
			window: int(s.cfg.Window / time.Hour), trend: s.cfg.TrendHours,
		}
		if v.openings == nil {
			v.openings = s.calendars[1+i]
		}
		bcp, recent := v.bcp()
		bcp.Usual = s.usualNow(&v, event.BCP(1+i))
		bcp.Presumption = s.presumption(event.BCP(1 + i))
		bcp.Readings, bcp.QueuesLeftOut = read.latestReadings(s.ids[i], now), read.leftOut[s.ids[i]]
		sum.add(&bcp, recent)
		b.Places = append(b.Places, bcp)
	}
	b.Total = sum.total(len(s.places), s.voc)
	return b, nil
}

// standing is the time of the latest event of all shards, and the least of their watermarks; nil before the first event.
func standing(shards []engine.Standing) (asOf, finalUntil *time.Time) {
	for _, at := range shards {
		if !at.HasLatest {
			continue
		}
		if latest := time.UnixMilli(at.Latest).UTC(); asOf == nil || latest.After(*asOf) {
			asOf = &latest
		}
		if watermark := time.UnixMilli(at.Watermark).UTC(); finalUntil == nil || watermark.Before(*finalUntil) {
			finalUntil = &watermark
		}
	}
	return asOf, finalUntil
}

// byStart are hours by their start in Unix seconds. An hour that is missing has no window at all.
func byStart(hours []engine.HourAt) map[int64]*window.HourSum {
	all := make(map[int64]*window.HourSum, len(hours))
	for _, h := range hours {
		all[int64(h.Start)*60] = h.HourSum
	}
	return all
}

// view is what there is to see of one BCP.
type view struct {
	place         *place.Place
	voc           *event.Vocabulary
	now           time.Time
	openings      *hours.Hours
	baselines     *baselines
	inside        *inside
	held          []overview.Held
	hours         map[int64]*window.HourSum
	window, trend int // hours
}

// open reports whether the BCP was open at an instant, for either direction.
func (v *view) open(t time.Time) bool { return openAt(v.openings, t) }

// silence is why the BCP's numbers are not known now, empty if they are.
func (v *view) silence() overview.Reason {
	tolerated, _ := v.baselines.silence(v.now)
	switch {
	case v.inside.lastEvent == nil:
		return overview.NoDataYet
	case v.now.Sub(*v.inside.lastEvent) > tolerated:
		return overview.Stale
	}
	return ""
}

// recent adds up the hours of the window.
func (v *view) recent() *window.HourSum {
	sum := &window.HourSum{}
	for _, start := range startsOfHours(v.place, v.now, v.window) {
		h := v.hours[start.Unix()]
		if h == nil {
			continue
		}
		sum.Merge(h)
	}
	return sum
}

func (v *view) bcp() (overview.Place, *window.HourSum) {
	p := v.place
	recent := v.recent()
	silence := v.silence()
	untimed := silence // why trucks have no release time
	if !v.measured() {
		untimed = overview.NotMeasured
	}
	tolerated, learned := v.baselines.silence(v.now)
	_, offset := v.now.In(p.Zone).Zone()
	b := overview.Place{
		PlaceDocument: overview.PlaceDocumentOf(p), UTCOffsetSeconds: offset,
		Target: targetOf(p, v.now, recent),

		SilentAfterSeconds: int64(tolerated / time.Second), SilentAfterLearned: learned,
		Status: overview.OK, Open: v.open(v.now),
		ReleaseTime: releaseTime(recent, untimed), Holders: holders(recent, v.voc), Flow: flow(recent, v.withoutTrucks(silence)),
	}
	switch {
	case silence != "":
		b.Status = overview.Unknown
	case !b.Open:
		b.Status = overview.Closed
	}
	if v.inside.lastEvent != nil {
		last := v.inside.lastEvent.UTC()
		b.LastEvent = &last
	}
	b.Inside = v.insideNow(silence)
	b.Trend = v.trendHours()
	return b, recent
}

// withoutTrucks is why nothing is known of the BCP's trucks, empty if something is. Readings of its queues may go on while its
// trucks fall silent, as far as hours can show.
func (v *view) withoutTrucks(silence overview.Reason) overview.Reason {
	switch {
	case !v.measured():
		return overview.NotMeasured
	case silence == "" && v.hourStatus(startOf(window.Hour, v.now, v.place.Zone)) == overview.Unknown:
		return overview.NoTruckEvents
	}
	return silence
}

// measured reports whether events of the BCP ever were about trucks, or none has come at all.
func (v *view) measured() bool { return v.inside.everTrucks || v.inside.lastEvent == nil }

func (v *view) insideNow(silence overview.Reason) overview.Inside {
	reason := v.withoutTrucks(silence)
	if reason != "" {
		in := overview.Inside{Known: overview.Known{Reason: reason}}
		if v.inside.everTrucks {
			in.LastKnown = &v.inside.trucks
		}
		return in
	}
	ages := v.inside.ages(v.now)
	return overview.Inside{
		Known: overview.Known{Trucks: &v.inside.trucks}, LastKnown: &v.inside.trucks,
		ByDirection: &v.inside.byDirection, ByHolder: v.held, ByAge: &ages,
	}
}

func releaseTime(h *window.HourSum, silence overview.Reason) overview.ReleaseTime {
	r := &h.Release
	n := r.N
	if n == 0 {
		if silence != "" {
			return overview.ReleaseTime{Reason: silence}
		}
		return overview.ReleaseTime{N: &n, Reason: overview.NoReleases}
	}
	mean := float64(r.Sum) / float64(n) / 1000
	p50, p90 := r.Bins.Quantile(0.5), r.Bins.Quantile(0.9)
	netMean := float64(r.Sum-r.Net.Closed) / float64(n) / 1000
	net := r.NetBins()
	netP50, netP90 := net.Quantile(0.5), net.Quantile(0.9)
	return overview.ReleaseTime{
		N: &n, MeanSeconds: &mean, P50Seconds: &p50, P90Seconds: &p90,
		NetMeanSeconds: &netMean, NetP50Seconds: &netP50, NetP90Seconds: &netP90,
	}
}

// Target is the target of a place for its release time that holds now, and whether the window keeps it: unknown before all shards are known.
func (s *Source) Target(id string) overview.Target {
	p, now := s.place(id), s.now().UTC()
	if s.read.Load() == nil || !s.border.Complete() {
		return targetOf(p, now, &window.HourSum{})
	}
	b, _ := s.voc.BCP([]byte(id))
	v := s.viewAt(b, now)
	v.window = int(s.cfg.Window / time.Hour)
	return targetOf(p, now, v.recent())
}

// targetOf is the target that holds now, and whether the window keeps it.
func targetOf(p *place.Place, now time.Time, h *window.HourSum) overview.Target {
	target := p.TargetAt("release_time", now)
	if target == nil {
		return overview.Target{}
	}
	seconds := int64(target.Within / time.Second)
	out := overview.Target{ReleaseTimeSeconds: &seconds, Statistic: target.Statistic(), Assumed: slices.Contains(p.Assumed, "targets.release_time")}
	if h.Release.N > 0 {
		value := h.Release.Bins.Quantile(target.Quantile)
		met := value <= target.Within.Seconds()
		out.ValueSeconds, out.Met = &value, &met
	}
	return out
}

// holders are the segments of an hour in the order of phases and names.
func holders(h *window.HourSum, voc *event.Vocabulary) []overview.Holding {
	all := []overview.Holding{}
	for _, g := range h.Segments {
		if phase, holder, ok := g.Measure.Segment(); ok && g.N > 0 {
			all = append(all, overview.Holding{
				Phase: phase.String(), Holder: voc.HolderName(holder), N: g.N, Seconds: float64(g.Ms) / 1000, NetSeconds: float64(g.Net) / 1000,
			})
		}
	}
	slices.SortFunc(all, func(a, b overview.Holding) int {
		return cmp.Or(comparePhases(a.Phase, b.Phase), cmp.Compare(a.Holder, b.Holder))
	})
	return all
}

func flow(h *window.HourSum, reason overview.Reason) overview.Flow {
	known := overview.Flow{Counts: map[string]*int64{}}
	unknown := overview.Flow{Counts: map[string]*int64{}, Reason: reason}
	for _, d := range window.Definitions() {
		if d.Overview == "" {
			continue
		}
		n := h.Counts.Of(d.Name)
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
	running := v.inside.trucks
	for i := len(starts) - 1; i >= 0; i-- {
		h := v.hours[starts[i].Unix()]
		all[i] = overview.Hour{Start: starts[i], Status: v.hourStatus(starts[i])}
		if all[i].Status != overview.Unknown {
			n, at := int64(0), running
			all[i].N, all[i].Inside = &n, &at
			if h != nil && h.Release.N > 0 {
				n = h.Release.N
				p50, p90 := h.Release.Bins.Quantile(0.5), h.Release.Bins.Quantile(0.9)
				all[i].P50Seconds, all[i].P90Seconds = &p50, &p90
			}
		}
		if h != nil {
			running -= h.Counts.Of("arrivals") - h.Counts.Of("left")
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
