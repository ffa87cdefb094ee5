package query

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/dashboards/overview"
)

const visitColumns = `visit, bcp, toString(direction), toString(channel), toString(regime), toString(status),
    toString(fault), over, arrived, released, refused, departed, release_ms, release_net_ms, crossing_ms, crossing_net_ms,
    segment_phase, segment_holder, segment_start, segment_ms, segment_net_ms, phase, holder, since,
    if(phase = 'wait' AND holder = 'unknown', facts, '')`

// Visit reads the visit of a subject at a place.
func (s *Source) Visit(ctx context.Context, place, subject string) (*overview.Visit, error) {
	ctx, done, err := s.question(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	found, err := s.visitsOf(ctx, "bcp = {bcp:String} AND visit = {visit:String}", named("bcp", place), named("visit", subject))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, overview.ErrNoVisit
	}
	return &found[0], nil
}

// VisitsOf reads the visits of a subject at all places, that with the latest fact first.
func (s *Source) VisitsOf(ctx context.Context, subject string) (*overview.VisitsOf, error) {
	ctx, done, err := s.question(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	found, err := s.visitsOf(ctx, "visit = {visit:String}", named("visit", subject))
	if err == nil && len(found) == 0 {
		err = overview.ErrNoVisit
	}
	return &overview.VisitsOf{Visit: subject, Visits: found}, err
}

func (s *Source) visitsOf(ctx context.Context, where string, args ...any) (found []overview.Visit, err error) {
	sql := "SELECT " + visitColumns + " FROM " + s.table("visits") + " FINAL WHERE " + where + " AND " + s.present() + " ORDER BY last_fact DESC, bcp"
	waits := s.waitsNow()
	err = s.each(ctx, "visits", sql, args, func(rows driver.Rows) error {
		v, err := s.scanVisit(rows, waits)
		found = append(found, v)
		return err
	})
	return found, err
}

// scanVisit reads visitColumns, behind the columns for before.
func (s *Source) scanVisit(rows driver.Rows, waits *waits, before ...any) (overview.Visit, error) {
	var (
		v                       overview.Visit
		over                    uint8
		release, crossing       *uint64
		releaseNet, crossingNet *uint64
		phases, holders         []string
		starts                  []time.Time
		ms, net                 []uint64
		phase, holder           string
		since                   *time.Time
		facts                   []byte // of a visit whose holder is to be presumed
	)
	if err := rows.Scan(append(before, &v.Visit, &v.Place, &v.Direction, &v.Channel, &v.Regime, &v.Status, &v.Fault, &over,
		&v.Arrived, &v.Released, &v.Refused, &v.Departed, &release, &releaseNet, &crossing, &crossingNet,
		&phases, &holders, &starts, &ms, &net, &phase, &holder, &since, &facts)...); err != nil {
		return v, err
	}
	v.ReleaseSeconds, v.CrossingSeconds = seconds(release), seconds(crossing)
	v.ReleaseNetSeconds, v.CrossingNetSeconds = seconds(releaseNet), seconds(crossingNet)
	if over == 0 && v.Arrived != nil && v.Departed == nil {
		age := max(0, int64(s.now().Sub(*v.Arrived)/time.Second))
		v.AgeSeconds = &age
	}
	if phase != "" && since != nil {
		v.Open = &overview.OpenSegment{Phase: phase, Holder: holder, Since: since.UTC()}
		if len(facts) > 0 {
			if err := s.presumeOpen(&v, facts, waits); err != nil {
				return v, fmt.Errorf("visit %q: %w", v.Visit, err)
			}
		}
	}
	if len(net) != len(phases) {
		return v, fmt.Errorf("visit %q has %d segments, and net times of %d", v.Visit, len(phases), len(net))
	}
	v.Segments = make([]overview.Segment, len(phases))
	for i := range phases {
		length := time.Duration(ms[i]) * time.Millisecond
		v.Segments[i] = overview.Segment{
			Phase: phases[i], Holder: holders[i], Start: starts[i].UTC(), End: starts[i].Add(length).UTC(),
			Seconds: length.Seconds(), NetSeconds: float64(net[i]) / 1000,
		}
	}
	return v, nil
}

func seconds(ms *uint64) *float64 {
	if ms == nil {
		return nil
	}
	s := float64(*ms) / 1000
	return &s
}
