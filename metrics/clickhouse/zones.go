package clickhouse

import (
	"context"
	"errors"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// UnknownZones are those of these time zones that ClickHouse does not know, sorted. Its queries could not tell the days of a place there.
func (s *Store) UnknownZones(ctx context.Context, zones []string) ([]string, error) {
	return unknownZones(ctx, s.conn, zones)
}

// FindUnknownZones is Store.UnknownZones without opening the tables, of which it needs none.
func FindUnknownZones(ctx context.Context, cfg Config, zones []string) (unknown []string, err error) {
	conn, err := Connect(cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return unknownZones(ctx, conn, zones)
}

func unknownZones(ctx context.Context, conn driver.Conn, zones []string) (unknown []string, err error) {
	const query = "SELECT arraySort(groupUniqArray(zone)) FROM (SELECT arrayJoin(?) AS zone) WHERE zone NOT IN (SELECT time_zone FROM system.time_zones)"
	if err := conn.QueryRow(ctx, query, zones).Scan(&unknown); err != nil {
		return nil, fmt.Errorf("read table system.time_zones: %w", err)
	}
	return unknown, nil
}
