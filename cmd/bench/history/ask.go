package history

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/dashboards/overview"
	"dwell/dashboards/query"
	"dwell/ingest/place"
	"dwell/metrics/border"
	"dwell/metrics/window"
)

// Ask runs each query of the dashboards so many times, and prints the latencies.
func Ask(ctx context.Context, conn driver.Conn, db string, c Config, times int, out io.Writer) error {
	var places []place.Place
	for _, id := range c.ids() {
		places = append(places, place.Place{
			ID: id, Names: place.Names{"en": id}, Zone: time.UTC, SilentAfter: 3 * time.Hour,
			Neighbour: &place.Neighbour{ID: "FAR", Names: place.Names{"en": "Far"}},
		})
	}
	voc, err := c.Vocabulary()
	if err != nil {
		return err
	}
	source := query.New(conn, db, places, voc, query.DefaultConfig(), func() time.Time { return c.Now }, border.New(len(places)))
	nothing := func() error { return nil }
	ask := func(name string, times int, between, once func() error) error {
		var sum counters
		took := make([]time.Duration, times)
		for i := range took {
			if err := between(); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			before, err := used(ctx, conn)
			if err != nil {
				return err
			}
			begin := time.Now()
			if err := once(); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			took[i] = time.Since(begin)
			after, err := used(ctx, conn)
			if err != nil {
				return err
			}
			sum.cpu, sum.rows = sum.cpu+after.cpu-before.cpu, sum.rows+after.rows-before.rows
		}
		slices.Sort(took)
		at := func(q int) float64 { return took[(len(took)*q+99)/100-1].Seconds() * 1000 }
		_, err := fmt.Fprintf(out, "%-50s p50 %7.1f ms  p95 %7.1f ms  cpu %7.1f ms  %10d rows read\n", name, at(50), at(95),
			float64(sum.cpu)/float64(times)/1000, sum.rows/uint64(times))
		return err
	}
	overviewOnce := func() error {
		if err := source.Refresh(ctx); err != nil {
			return err
		}
		_, err := source.Overview(ctx)
		return err
	}
	if err := ask("overview, the first of an hour", 1, nothing, overviewOnce); err != nil {
		return err
	}
	flush := func() error { return c.flush(ctx, conn, db) }
	if err := ask("overview, a second later", times, flush, overviewOnce); err != nil {
		return err
	}
	for _, i := range c.whole() {
		id := places[i].ID
		for _, span := range []struct {
			name  string
			grain window.Grain
			from  time.Time
		}{
			{"a day by minute", window.Minute, c.Now.AddDate(0, 0, -1)},
			{"a month by hour", window.Hour, c.Now.AddDate(0, -1, 0)},
			{fmt.Sprintf("%d years by day", c.Years), window.Day, c.begin()},
		} {
			for _, f := range []struct {
				name, measure string
				overview.Filter
			}{{"release time", "release_time", overview.Filter{}}, {"release time, inbound", "release_time", overview.Filter{Direction: "inbound"}}} {
				err := ask(fmt.Sprintf("%s history %s, %s", id, span.name, f.name), times, nothing, func() error {
					_, err := source.History(ctx, overview.HistoryQuery{ID: id, Measure: f.measure, Grain: span.grain, From: span.from, To: c.Now, Filter: f.Filter})
					return err
				})
				if err != nil {
					return err
				}
			}
			err := ask(fmt.Sprintf("%s holders %s", id, span.name), times, nothing, func() error {
				_, err := source.Holders(ctx, id, span.from, c.Now, overview.Filter{})
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// counters are ClickHouse's own, since its start.
type counters struct {
	cpu, rows uint64 // microseconds; rows selected
}

func used(ctx context.Context, conn driver.Conn) (c counters, err error) {
	err = conn.QueryRow(ctx, "SELECT sumIf(value, event = 'OSCPUVirtualTimeMicroseconds'), sumIf(value, event = 'SelectedRows') FROM system.events").Scan(&c.cpu, &c.rows)
	return c, err
}
