package query

import (
	"time"

	"dwell/dashboards/overview"
	"dwell/ingest/event"
	"dwell/metrics/hours"
	"dwell/metrics/usual"
)

// PutUsual puts in force what is usual, and which spikes there are. It may be called while others ask.
func (s *Source) PutUsual(u *usual.InForce) {
	s.usual.Store(u)
	s.border.Wake()
}

// SeeUsual sees the trucks inside and the readings of each queue, as they are now. It sees nothing before all shards are known: a part of the trucks is
// no number of trucks.
func (s *Source) SeeUsual(now time.Time, l *usual.Learned) (map[usual.Series]usual.Seen, error) {
	all := map[usual.Series]usual.Seen{}
	if s.read.Load() == nil || !s.border.Complete() {
		return all, nil
	}
	for i := range s.places {
		s.seePlace(all, event.BCP(1+i), now, l)
	}
	return all, nil
}

// Deviations are what is seen of a place now, with the spikes that were seen at the last look. There are none before all shards are known.
func (s *Source) Deviations(id string) map[usual.Series]usual.Looked {
	all := map[usual.Series]usual.Looked{}
	if s.read.Load() == nil || !s.border.Complete() {
		return all
	}
	b, _ := s.voc.BCP([]byte(id))
	known, seen := s.usual.Load(), map[usual.Series]usual.Seen{}
	s.seePlace(seen, b, s.now(), known.Learned)
	for of, now := range seen {
		all[of] = usual.Looked{Seen: now, Spike: known.Looked[of].Spike}
	}
	return all
}

// seePlace adds what is seen of a place.
func (s *Source) seePlace(all map[usual.Series]usual.Seen, b event.BCP, now time.Time, l *usual.Learned) {
	v := s.viewAt(b, now)
	unknown := v.withoutTrucks(v.silence()) != ""
	for _, d := range directions {
		series := usual.Series{BCP: b, Direction: d, Measure: usual.Inside}
		trucks := v.trucks(d)
		seen := l.See(series, now, v.place.Zone, ifKnown(!unknown, float64(trucks)), openFor(v.openings, d, now))
		seen.Over = !unknown && d == event.NoDirection && v.place.Capacity > 0 && trucks > int64(v.place.Capacity)
		if v.inside.everTrucks {
			all[series] = seen
		}
	}
	for _, r := range s.read.Load().latestReadings(v.place.ID, now) {
		s.seeReading(all, b, &r, now, l, v.openings)
	}
}

// viewAt is what there is to see of a place at an instant, without who has its trucks. The tables must have been read.
func (s *Source) viewAt(b event.BCP, now time.Time) *view {
	of, p := &s.border.Overview().Places[b], &s.places[b-1]
	return &view{
		place: p, voc: s.voc, now: now, openings: s.hours(b, of.Openings), baselines: s.read.Load().baselines[p.ID], inside: occupancyOf(of), hours: byStart(of.Hours), trend: s.cfg.TrendHours,
	}
}

// trucks is how many are inside in a direction, or in both.
func (v *view) trucks(d event.Direction) int64 {
	switch d {
	case event.Inbound:
		return v.inside.byDirection.Inbound
	case event.Outbound:
		return v.inside.byDirection.Outbound
	}
	return v.inside.trucks
}

// seeReading adds what a reading says of its queue, as far as it counts.
func (s *Source) seeReading(all map[usual.Series]usual.Seen, b event.BCP, r *overview.LatestReading, now time.Time, l *usual.Learned, openings *hours.Hours) {
	d, _ := event.ParseDirection([]byte(r.Direction))
	counts := !r.Stale && !r.Frozen && r.Reason == ""
	for m, x := range map[usual.Measure]*int64{usual.Vehicles: r.Vehicles, usual.Wait: r.WaitSeconds} {
		if x == nil {
			continue
		}
		series := usual.Series{BCP: b, Direction: d, Measure: m, Source: r.Source, Queue: r.Queue}
		known := counts && (m != usual.Wait || r.WaitReason == "")
		all[series] = l.See(series, now, s.places[b-1].Zone, ifKnown(known, float64(*x)), openFor(openings, d, now))
	}
}

func ifKnown(known bool, x float64) *float64 {
	if !known {
		return nil
	}
	return &x
}
