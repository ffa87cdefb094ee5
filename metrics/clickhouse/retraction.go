package clickhouse

import (
	"context"
	"errors"
	"fmt"

	driver "github.com/ClickHouse/clickhouse-go/v2"
)

// IneffectiveRetractions is how many retractions retract nothing, since no event has come that they name. It fails where the database
// has yet to be created.
func IneffectiveRetractions(ctx context.Context, cfg Config) (n uint64, err error) {
	conn, err := cfg.connect(cfg.Database, driver.Settings{})
	if err != nil {
		return 0, err
	}
	if err := conn.QueryRow(ctx, "SELECT count() FROM ineffective_retractions").Scan(&n); err != nil {
		return 0, errors.Join(fmt.Errorf("read view ineffective_retractions: %w", damaged(err)), conn.Close())
	}
	return n, conn.Close()
}
