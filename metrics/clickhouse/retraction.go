package clickhouse

import (
	"context"
	"errors"
	"fmt"
)

// IneffectiveRetractions is how many retractions retract nothing, since no event has come that they name. It fails where the database
// has yet to be created.
func IneffectiveRetractions(ctx context.Context, cfg Config) (n uint64, err error) {
	conn, err := Connect(cfg)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if err := conn.QueryRow(ctx, "SELECT count() FROM ineffective_retractions").Scan(&n); err != nil {
		return 0, fmt.Errorf("read view ineffective_retractions: %w", damaged(err))
	}
	return n, nil
}
