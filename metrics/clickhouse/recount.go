package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
)

// A recount fills new tables in a database of its own, and moves them to where the old ones were. ClickHouse moves one table at a
// time, so the names of tables are the journal. The recount's database has a table counting, and the old tables are in force, until
// that is renamed to decided: from then on the new ones are. Whatever opens the tables next moves what has not been moved yet.
//
// RENAME refuses a name that exists and a table that does not, so each step is taken once, also if two processes take it: the
// recount that decides and the process that abandons it exclude each other, and of two that move a table the second looks again.

// These tables are made anew by a recount, and the others stay. The owners stay, since their epochs fence instances that count, and
// the retentions, since each holds from an offset on: what was counted before it stays counted. The imports stay, since they say what the
// log has.
var (
	recountedTables = []string{
		"events", "dead_letters", "openings", "readings", "restatements", "windows", "visits", "inside_now", "progress", "rules",
	}
	keptTables = []string{"schema_versions", "topics", "redrives", "owners", "retentions", "short_logs", "imports", "import_entries", "presumptions", "presumption_records", "usual", "deviations", "annotations"}
)

const (
	countingTable = "counting"
	decidedTable  = "decided"
	oldPrefix     = "old_"
	// openingsView fills openings from events. A view does not follow a table that is renamed, so it is made again.
	openingsView = "openings_of_events"
)

// ErrAbandoned says that another process has begun to count, or another recount: the old tables stay in force.
var ErrAbandoned = errors.New("the recount was abandoned, because another process began to count: stop every other process, and start it again")

// Recount is the Store of the new tables. After Swap or Discard it is closed.
type Recount struct {
	*Store
	live *Store
}

// BeginRecount makes the new tables. It abandons a recount that was begun before. It is not interrupted when ctx is done, since ClickHouse
// might make a table of an interrupted statement after all have been dropped.
func (s *Store) BeginRecount(ctx context.Context) (*Recount, error) {
	ctx = context.WithoutCancel(ctx)
	if err := s.AbandonRecounts(ctx); err != nil {
		return nil, err
	}
	cfg := s.cfg
	cfg.Database = fmt.Sprintf("%s%d", recountPrefix(s.cfg), time.Now().Unix())
	for _, statement := range []string{
		"CREATE DATABASE " + cfg.Database + s.cfg.onCluster(),
		"CREATE TABLE " + cfg.Database + "." + countingTable + s.cfg.onCluster() + " (nothing UInt8) ENGINE = MergeTree ORDER BY nothing",
	} {
		if err := s.exec(ctx, statement); err != nil {
			return nil, errors.Join(fmt.Errorf("begin a recount: %w", err), s.discard(ctx, cfg.Database))
		}
	}
	store, err := Open(ctx, cfg, s.voc)
	if err != nil {
		return nil, errors.Join(err, s.discard(ctx, cfg.Database))
	}
	return &Recount{Store: store, live: s}, nil
}

// CopyOwners copies the owners, so that shards which are opened from now on know of flushes that were announced as of offsets
// above the progress.
func (r *Recount) CopyOwners(ctx context.Context) error {
	if err := r.exec(ctx, "INSERT INTO owners SELECT * FROM "+r.live.cfg.Database+".owners"); err != nil {
		return fmt.Errorf("write table owners: %w", err)
	}
	return nil
}

// CopyRetentions copies the retentions, so that shards which are opened from now on decide by them.
func (r *Recount) CopyRetentions(ctx context.Context) error {
	if err := r.exec(ctx, "INSERT INTO retentions SELECT * FROM "+r.live.cfg.Database+".retentions"); err != nil {
		return fmt.Errorf("write table retentions: %w", err)
	}
	return nil
}

// CopyOtherLetters copies the dead letters that are not records of the topic of events, which a recount does not judge again.
func (r *Recount) CopyOtherLetters(ctx context.Context) error {
	copied := "INSERT INTO dead_letters SELECT * FROM " + r.live.cfg.Database + ".dead_letters WHERE NOT (origin = 'topic' AND name = ?)"
	if err := r.exec(ctx, copied, r.cfg.Topic); err != nil {
		return fmt.Errorf("write table dead_letters: %w", err)
	}
	return nil
}

// Going returns ErrAbandoned if another process has abandoned the recount.
func (r *Recount) Going(ctx context.Context) error {
	tables, err := tablesOf(ctx, r.live.conn, r.cfg.Database)
	if err == nil && !slices.Contains(tables, countingTable) {
		err = ErrAbandoned
	}
	return err
}

// Swap puts the new tables in force. If it is interrupted, they are in force once it has decided, and the next Open completes it.
func (r *Recount) Swap(ctx context.Context) error {
	if err := r.Close(); err != nil {
		return err
	}
	decide := "RENAME TABLE " + r.cfg.Database + "." + countingTable + " TO " + r.cfg.Database + "." + decidedTable + r.cfg.onCluster()
	if refused := r.live.exec(ctx, decide); refused != nil {
		tables, err := tablesOf(ctx, r.live.conn, r.cfg.Database)
		switch {
		case err != nil || slices.Contains(tables, countingTable):
			return errors.Join(fmt.Errorf("put the new tables in force: %w", refused), err)
		case !slices.Contains(tables, decidedTable):
			return ErrAbandoned
		}
	}
	return completeRecount(ctx, r.live.conn, r.live.cfg, r.cfg.Database)
}

// Discard removes the new tables, also if ctx is done; the old ones stay in force.
func (r *Recount) Discard(ctx context.Context) error {
	return errors.Join(r.Close(), r.live.discard(ctx, r.cfg.Database))
}

// discardTimeout bounds how long an interrupted recount takes to drop its tables. The next one drops them otherwise.
const discardTimeout = 30 * time.Second

func (s *Store) discard(ctx context.Context, database string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discardTimeout)
	defer cancel()
	return s.abandon(ctx, database)
}

// AbandonRecounts removes the tables of recounts that were interrupted before they decided, or that are still at work. A process
// calls it before it counts: it would write to tables that are about to be replaced.
func (s *Store) AbandonRecounts(ctx context.Context) error {
	found, err := recounts(ctx, s.conn, s.cfg)
	for _, database := range found {
		if err == nil {
			err = s.abandon(ctx, database)
		}
	}
	return err
}

func (s *Store) abandon(ctx context.Context, database string) error {
	dropped := s.exec(ctx, "DROP TABLE "+database+"."+countingTable+s.cfg.onCluster()+" SYNC")
	tables, err := tablesOf(ctx, s.conn, database)
	switch {
	case err != nil:
		return err
	case slices.Contains(tables, decidedTable): // meanwhile
		return completeRecount(ctx, s.conn, s.cfg, database)
	case slices.Contains(tables, countingTable):
		return fmt.Errorf("abandon a recount: %w", dropped)
	}
	return dropDatabase(ctx, s.conn, s.cfg, database)
}

// completeRecounts moves the tables of a recount that has decided.
func completeRecounts(ctx context.Context, conn driver.Conn, cfg Config) error {
	decided, err := decidedRecounts(ctx, conn, cfg)
	for _, database := range decided {
		if err == nil {
			err = completeRecount(ctx, conn, cfg, database)
		}
	}
	return err
}

// decidedRecounts are the databases of recounts that have decided and whose tables are not all in force.
func decidedRecounts(ctx context.Context, conn driver.Conn, cfg Config) (decided []string, err error) {
	found, err := recounts(ctx, conn, cfg)
	for _, database := range found {
		var tables []string
		if err == nil {
			tables, err = tablesOf(ctx, conn, database)
		}
		if slices.Contains(tables, decidedTable) {
			decided = append(decided, database)
		}
	}
	return decided, err
}

// HalfSwapped reports whether a recount was interrupted while it put its tables in force: some are new and others old, or missing, until the next
// Open. Call it before reading without a Store.
func HalfSwapped(ctx context.Context, conn driver.Conn, cfg Config) (bool, error) {
	decided, err := decidedRecounts(ctx, conn, cfg)
	return len(decided) > 0, err
}

func completeRecount(ctx context.Context, conn driver.Conn, cfg Config, database string) error {
	for _, d := range []string{cfg.Database, database} {
		if err := conn.Exec(waiting(ctx), "DROP VIEW IF EXISTS "+d+"."+openingsView+cfg.onCluster()+" SYNC"); err != nil {
			return fmt.Errorf("complete a recount: %w", err)
		}
	}
	for _, table := range recountedTables {
		if err := moveTable(ctx, conn, cfg, database, table); err != nil {
			return fmt.Errorf("complete a recount: table %s: %w", table, err)
		}
	}
	if err := createOpeningsView(ctx, conn, cfg); err != nil {
		return fmt.Errorf("complete a recount: %w", err)
	}
	return dropDatabase(ctx, conn, cfg, database)
}

// moveTable moves an old table away, and then a new one to its place, if that has not been done yet.
func moveTable(ctx context.Context, conn driver.Conn, cfg Config, database, table string) error {
	live, fresh, old := cfg.Database+"."+table, database+"."+table, database+"."+oldPrefix+table
	var last string
	var refused error
	for {
		there, err := tablesOf(ctx, conn, database)
		if err != nil {
			return err
		}
		rename := "RENAME TABLE " + live + " TO " + old
		switch {
		case !slices.Contains(there, table):
			return nil
		case slices.Contains(there, oldPrefix+table):
			rename = "RENAME TABLE " + fresh + " TO " + live
		}
		if rename == last {
			return refused
		}
		last, refused = rename, conn.Exec(waiting(ctx), rename+cfg.onCluster())
	}
}

func createOpeningsView(ctx context.Context, conn driver.Conn, cfg Config) error {
	all, err := migrations()
	if err != nil {
		return err
	}
	for _, m := range all {
		statements, err := m.render(cfg)
		if err != nil {
			return err
		}
		for _, s := range statements {
			if strings.HasPrefix(s, "CREATE MATERIALIZED VIEW IF NOT EXISTS "+cfg.Database+"."+openingsView) {
				if err := conn.Exec(waiting(ctx), s); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// dropDatabase drops the database of a recount, however large its tables are.
func dropDatabase(ctx context.Context, conn driver.Conn, cfg Config, database string) error {
	ctx = driver.Context(ctx, driver.WithSettings(driver.Settings{waitForEnd: 1, "max_table_size_to_drop": 0, "max_partition_size_to_drop": 0}))
	if err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+database+cfg.onCluster()+" SYNC"); err != nil {
		return fmt.Errorf("drop the tables of a recount: %w", err)
	}
	return nil
}

// recountPrefix begins the names of the databases of recounts. The rest is a time: on a cluster no two tables may ever have had the same
// database and name, since their replicas would share a path.
func recountPrefix(cfg Config) string { return cfg.Database + "_recount_" }

// recounts are the databases of recounts.
func recounts(ctx context.Context, conn driver.Conn, cfg Config) ([]string, error) {
	const query = "SELECT name FROM system.databases WHERE startsWith(name, ?) AND match(substring(name, length(?) + 1), '^[0-9]+$') ORDER BY name"
	return names(ctx, conn, query, recountPrefix(cfg), recountPrefix(cfg))
}

func tablesOf(ctx context.Context, conn driver.Conn, database string) ([]string, error) {
	return names(ctx, conn, "SELECT name FROM system.tables WHERE database = ? ORDER BY name", database)
}

func names(ctx context.Context, conn driver.Conn, query string, args ...any) (all []string, err error) {
	rows, err := conn.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("look for recounts: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("look for recounts: %w", err)
		}
		all = append(all, name)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("look for recounts: %w", err)
	}
	return all, nil
}

// RoomToRecount returns an error if the disk has no room for the new tables beside the old ones.
func (s *Store) RoomToRecount(ctx context.Context) error {
	const query = `WITH tables AS (SELECT disk_name, bytes_on_disk FROM system.parts WHERE active AND database = ? AND table IN (?))
SELECT (SELECT sum(bytes_on_disk) FROM tables), (SELECT max(free_space) FROM system.disks WHERE name IN (SELECT disk_name FROM tables))`
	var used, free uint64
	if err := s.conn.QueryRow(ctx, query, s.cfg.Database, recountedTables).Scan(&used, &free); err != nil {
		return fmt.Errorf("read ClickHouse's disks: %w", err)
	}
	if free < used {
		return fmt.Errorf("ClickHouse's disk has %d MiB left, and the tables take %d MiB, which a recount needs once more: make room first", free>>20, used>>20)
	}
	return nil
}
