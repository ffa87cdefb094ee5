package audit

import (
	"context"
	"errors"
	"fmt"
)

// timeRange selects the windows that start in [from, until), in seconds since the Unix epoch; an until of zero means no end.
// Its windows are compared in this number of buckets.
type timeRange struct {
	from, until int64
	buckets     uint64
}

// month is the number of windows that start in a calendar month.
type month struct {
	start int64 // in seconds since the Unix epoch
	size  int
}

// rangesOf divides all time into ranges whose buckets have about limit windows at most. The months must be in order of time.
// Small months are joined.
func rangesOf(months []month, limit int) []timeRange {
	var all []timeRange
	size := 0
	for i, m := range months {
		size += m.size
		if i+1 < len(months) && size+months[i+1].size <= limit {
			continue
		}
		r := timeRange{buckets: 1 + uint64(size/limit)}
		if len(all) > 0 {
			r.from = all[len(all)-1].until
		}
		if i+1 < len(months) {
			r.until = months[i+1].start
		}
		all, size = append(all, r), 0
	}
	if all == nil {
		return []timeRange{{buckets: 1}}
	}
	return all
}

func (a *audit) compareWindows(ctx context.Context) error {
	months, err := a.months(ctx)
	if err != nil {
		return err
	}
	for _, r := range rangesOf(months, a.cfg.EventsPerBucket) {
		a.p.From, a.p.Until, a.p.Buckets = r.from, r.until, r.buckets
		for a.p.Bucket = range a.p.Buckets {
			if err := a.compare(ctx, "window", "compare_windows.sql"); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *audit) months(ctx context.Context) (months []month, err error) {
	text, err := a.statement("sizes.sql")
	if err != nil {
		return nil, err
	}
	rows, err := a.conn.Query(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("sizes.sql: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var start uint32
		var size uint64
		if err := rows.Scan(&start, &size); err != nil {
			return nil, fmt.Errorf("sizes.sql: %w", err)
		}
		months = append(months, month{int64(start), int(size)})
	}
	return months, rows.Err()
}
