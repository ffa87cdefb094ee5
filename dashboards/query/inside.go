package query

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/dashboards/overview"
)

// inside is what the shards know of one BCP, all together.
type inside struct {
	lastEvent   *time.Time
	trucks      int64
	byDirection overview.Directions
	// holders counts by measure, arrived by hour since the Unix epoch.
	holders map[string]int64
	arrived map[uint32]int64
}

func (s *Source) readInside(ctx context.Context) (map[string]*inside, error) {
	sql := `
SELECT bcp, toString(direction), max(last_event), toInt64(sum(trucks)),
    sumMap(arrayMap(x -> toString(x), mapKeys(holders)), mapValues(holders)),
    sumMap(mapKeys(arrived), mapValues(arrived))
FROM ` + s.table("inside_now") + ` FINAL
GROUP BY bcp, direction`
	all := map[string]*inside{}
	err := s.each(ctx, "inside_now", sql, nil, func(rows driver.Rows) error {
		var (
			bcp, direction   string
			last             *time.Time
			trucks           int64
			holders, arrived []any
		)
		if err := rows.Scan(&bcp, &direction, &last, &trucks, &holders, &arrived); err != nil {
			return err
		}
		in := all[bcp]
		if in == nil {
			in = &inside{holders: map[string]int64{}, arrived: map[uint32]int64{}}
			all[bcp] = in
		}
		if last != nil && (in.lastEvent == nil || last.After(*in.lastEvent)) {
			in.lastEvent = last
		}
		in.trucks += trucks
		switch direction {
		case "inbound":
			in.byDirection.Inbound += trucks
		case "outbound":
			in.byDirection.Outbound += trucks
		}
		for i, measure := range holders[0].([]string) {
			in.holders[measure] += int64(holders[1].([]uint64)[i])
		}
		for i, hour := range arrived[0].([]uint32) {
			in.arrived[hour] += int64(arrived[1].([]uint64)[i])
		}
		return nil
	})
	return all, err
}

// ages splits the trucks at now; an arrival counts as in the middle of its hour.
func (in *inside) ages(now time.Time) overview.Ages {
	var a overview.Ages
	for hour, trucks := range in.arrived {
		a.Add(now.Sub(time.Unix(int64(hour)*3600+1800, 0)), trucks)
	}
	return a
}

// held are the trucks by holder, in the order of phases and names.
func (in *inside) held() []overview.Held {
	all := []overview.Held{}
	for measure, trucks := range in.holders {
		if phase, holder, ok := cutMeasure(measure); ok && trucks > 0 {
			all = append(all, overview.Held{Phase: phase, Holder: holder, Trucks: trucks})
		}
	}
	slices.SortFunc(all, func(a, b overview.Held) int {
		return cmp.Or(comparePhases(a.Phase, b.Phase), cmp.Compare(a.Holder, b.Holder))
	})
	return all
}

var phaseOrder = []string{"wait", "service", "hold", "exit"}

func comparePhases(a, b string) int {
	return cmp.Compare(slices.Index(phaseOrder, a), slices.Index(phaseOrder, b))
}
