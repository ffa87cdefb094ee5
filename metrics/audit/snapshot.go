package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A snapshot is a copy of the engine's tables that does not change while shards keep writing, and the offset as of which
// each shard is compared with it. ClickHouse copies by hard links, so it takes milliseconds, and disk space only for parts
// that merges replace until the audit drops it.
//
// Every row says as of which offset it is, and of each key the one with the highest offset counts. Rows at or below the
// progress of their shard are complete. Those above it belong to a flush in progress: they are ahead, and their key cannot be
// compared, because the row that they replace may be gone. A flush is announced before it writes, so a snapshot in which no
// shard has announced an offset above its progress has no such rows. A row ahead that no instance has announced is a defect,
// and is compared.

// copied are the tables that a snapshot has.
var copied = []string{"windows", "visits", "inside_now"}

// copyOf is how a copied table is laid out.
type copyOf struct{ Name, PartitionKey, SortingKey, StoragePolicy string }

// shard is the state of a shard: the offset as of which it is compared, and the last one as of which a flush was announced.
type shard struct {
	id                 uint16
	applied, announced uint64
	watermark          *int64
}

// ahead reports whether rows of the shard may be ahead of its progress.
func (s shard) ahead() bool { return s.announced > s.applied }

// between is the pause before a snapshot is tried again.
const between = 50 * time.Millisecond

// layouts reads how the tables to be copied are laid out.
func (a *audit) layouts(ctx context.Context) error {
	for _, name := range copied {
		c := copyOf{Name: name}
		const query = "SELECT partition_key, sorting_key, storage_policy FROM system.tables WHERE database = ? AND name = ?"
		if err := a.conn.QueryRow(ctx, query, a.cfg.Database, name).Scan(&c.PartitionKey, &c.SortingKey, &c.StoragePolicy); err != nil {
			return fmt.Errorf("table %s: %w", name, err)
		}
		c.StoragePolicy = quote(c.StoragePolicy)
		a.p.Copies = append(a.p.Copies, c)
	}
	return nil
}

// snapshot copies the tables between two flushes, or after the last try during some.
func (a *audit) snapshot(ctx context.Context) error {
	for try := 1; ; try++ {
		last := try == a.cfg.Tries
		shards, err := a.progress(ctx)
		if err != nil {
			return err
		}
		if last || !anyAhead(shards) {
			if shards, err = a.copyTables(ctx, shards); err != nil {
				return err
			}
			if last || !anyAhead(shards) {
				return a.keepProgress(ctx, shards)
			}
		}
		if a.cfg.Waiting != nil {
			a.cfg.Waiting()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(between):
		}
	}
}

func anyAhead(shards []shard) bool {
	for _, s := range shards {
		if s.ahead() {
			return true
		}
	}
	return false
}

// copyTables copies the tables after the progress was read, and returns the shards with what they have announced since.
func (a *audit) copyTables(ctx context.Context, shards []shard) ([]shard, error) {
	for _, name := range copied {
		for _, statement := range []string{
			"TRUNCATE TABLE %[1]s_%[2]s",
			"ALTER TABLE %[1]s_%[2]s ATTACH PARTITION ALL FROM %[3]s.%[2]s",
		} {
			if err := a.conn.Exec(ctx, fmt.Sprintf(statement, a.p.Scratch, name, a.cfg.Database)); err != nil {
				return nil, fmt.Errorf("copy table %s: %w", name, err)
			}
		}
	}
	now, err := a.progress(ctx)
	if err != nil {
		return nil, err
	}
	applied := make(map[uint16]shard, len(shards))
	for _, s := range shards {
		applied[s.id] = s
	}
	for i := range now {
		before := applied[now[i].id]
		now[i].applied, now[i].watermark = before.applied, before.watermark
	}
	return now, nil
}

func (a *audit) progress(ctx context.Context) (shards []shard, err error) {
	text, err := a.statement("progress.sql")
	if err != nil {
		return nil, err
	}
	rows, err := a.conn.Query(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("progress.sql: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var s shard
		if err := rows.Scan(&s.id, &s.applied, &s.announced, &s.watermark); err != nil {
			return nil, fmt.Errorf("progress.sql: %w", err)
		}
		shards = append(shards, s)
	}
	return shards, rows.Err()
}

// keepProgress stores as of which offsets the shards are compared, and prints them.
func (a *audit) keepProgress(ctx context.Context, shards []shard) error {
	var values, offsets []string
	for _, s := range shards {
		watermark := "NULL"
		if s.watermark != nil {
			watermark = fmt.Sprint(*s.watermark)
		}
		values = append(values, fmt.Sprintf("(%d, %d, %d, %s)", s.id, s.applied, s.announced, watermark))
		offsets = append(offsets, fmt.Sprintf("%d: %d", s.id, s.applied))
	}
	if len(shards) > 0 {
		if err := a.conn.Exec(ctx, "INSERT INTO "+a.p.Scratch+"_progress VALUES "+strings.Join(values, ", ")); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(a.out, "compared as of these offsets, by shard: %s\n", strings.Join(offsets, ", ")); err != nil {
		return err
	}
	return a.retention(ctx, shards)
}
