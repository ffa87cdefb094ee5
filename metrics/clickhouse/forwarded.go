package clickhouse

import (
	"context"
	"errors"
	"fmt"
)

// ForwardedSource is a source with the number of its records that were forwarded, since its producer chose another partition than that
// of their subjects.
type ForwardedSource struct {
	Source  string
	Records uint64
}

// ForwardedSources are the sources with records of the last seven days that were forwarded, those with most first, and 20 at most.
func ForwardedSources(ctx context.Context, cfg Config) (all []ForwardedSource, err error) {
	conn, err := Connect(cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	const query = `SELECT source, uniqExact(forwarded) AS records FROM events
WHERE forwarded != '' AND logged >= now() - INTERVAL 7 DAY GROUP BY source ORDER BY records DESC, source LIMIT 20`
	rows, err := conn.Query(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("read table events: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var s ForwardedSource
		if err := rows.Scan(&s.Source, &s.Records); err != nil {
			return nil, fmt.Errorf("read table events: %w", err)
		}
		all = append(all, s)
	}
	return all, rows.Err()
}
