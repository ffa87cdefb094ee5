package audit

import (
	"context"
	"errors"
	"fmt"
)

// slice is a stretch of the starts of windows, in seconds since the Unix epoch: [from, until), where an until of zero has no
// end. What it has is compared in as many buckets.
type slice struct {
	from, until int64
	buckets     uint64
}

// month is how many windows begin in one: start is in seconds since the Unix epoch.
type month struct {
	start int64
	size  int
}

// slices cuts all time so that a bucket of a slice has about as many windows as may be looked at together. The months come
// in order of time. Months that are smaller go together.
func slices(months []month, together int) []slice {
	var cut []slice
	size := 0
	for i, m := range months {
		size += m.size
		if i+1 < len(months) && size+months[i+1].size <= together {
			continue
		}
		s := slice{buckets: 1 + uint64(size/together)}
		if len(cut) > 0 {
			s.from = cut[len(cut)-1].until
		}
		if i+1 < len(months) {
			s.until = months[i+1].start
		}
		cut, size = append(cut, s), 0
	}
	if cut == nil {
		return []slice{{buckets: 1}}
	}
	return cut
}

func (a *audit) compareWindows(ctx context.Context) error {
	months, err := a.months(ctx)
	if err != nil {
		return err
	}
	for _, s := range slices(months, a.cfg.EventsPerBucket) {
		a.p.From, a.p.Until, a.p.Buckets = s.from, s.until, s.buckets
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
