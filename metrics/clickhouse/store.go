package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"dwell/ingest/event"
)

// Store is the tables in one database. It is safe for concurrent use.
type Store struct {
	conn  driver.Conn
	cfg   Config
	voc   *event.Vocabulary
	enums enums
	room  chan *encoder // pooled
	// blockRows is how many rows are encoded at a time.
	blockRows int

	// streams is how many batched inserts into one table run at a time.
	streams int

	announcements batcher[*announcement]
	mu            sync.Mutex
	inserts       map[string]*batcher[encode] // by table
}

// Open connects, creates the database if it is missing, migrates its schema, and appends the names of BCPs and measures that
// the enumerations of its tables lack. It completes a recount that was interrupted after it had decided.
func Open(ctx context.Context, cfg Config, voc *event.Vocabulary) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("clickhouse: %w", err)
	}
	if err := migrate(ctx, cfg); err != nil {
		return nil, fmt.Errorf("clickhouse at %s: %w", strings.Join(cfg.Addresses, ", "), cfg.wayOut(damaged(err)))
	}
	conn, err := cfg.connect(cfg.Database, inserts)
	if err != nil {
		return nil, err
	}
	err = completeRecounts(ctx, conn, cfg)
	var keys enums
	if err == nil {
		keys, err = openEnums(ctx, conn, voc)
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("clickhouse at %s: %w", strings.Join(cfg.Addresses, ", "), err)
	}
	s := &Store{
		conn: conn, cfg: cfg, voc: voc, enums: keys,
		room:      make(chan *encoder, spared),
		blockRows: 1 << 14,
		streams:   max(1, runtime.GOMAXPROCS(0)/2),
		inserts:   map[string]*batcher[encode]{},
	}
	s.announcements = batcher[*announcement]{run: s.announceAll, limit: 1, refused: refused}
	return s, nil
}

// Connect makes connections to an existing database for reading, without checking its schema. It dials with the first query.
// A query sends no settings but those of the configuration, and the driver's max_execution_time. So a user suffices whose
// profile has readonly = 2, or readonly = 1 with max_execution_time changeable in readonly.
func Connect(cfg Config) (driver.Conn, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("clickhouse: %w", err)
	}
	return cfg.connect(cfg.Database, driver.Settings{})
}

// Check reaches the server and logs in.
func Check(ctx context.Context, cfg Config) error {
	if err := cfg.Validate(); err != nil {
		return fmt.Errorf("clickhouse: %w", err)
	}
	conn, err := cfg.connect("default", driver.Settings{}) // the configured database may have yet to be created
	if err != nil {
		return err
	}
	err = conn.Ping(ctx)
	if err != nil {
		err = fmt.Errorf("clickhouse.addresses: %v, database %s: %w", cfg.Addresses, cfg.Database, cfg.wayOut(err))
	}
	return errors.Join(err, conn.Close())
}

func (c Config) connect(database string, settings driver.Settings) (driver.Conn, error) {
	opts, err := c.options(database, settings)
	if err != nil {
		return nil, fmt.Errorf("clickhouse: %w", err)
	}
	conn, err := driver.Open(opts)
	if err != nil {
		return nil, fmt.Errorf("clickhouse: %w", err)
	}
	return conn, nil
}

// Close closes all connections.
func (s *Store) Close() error { return s.conn.Close() }

// Ping reaches the server.
func (s *Store) Ping(ctx context.Context) error { return s.conn.Ping(ctx) }

// exec runs a statement whose response has no rows.
func (s *Store) exec(ctx context.Context, query string, args ...any) error {
	return s.conn.Exec(waiting(ctx), query, args...)
}

// waitForEnd makes ClickHouse respond when a statement has ended, so that an error has a status of its own. It puts an error that
// comes after the first bytes into the response of status 200, and the driver's Exec does not read that.
const waitForEnd = "wait_end_of_query"

func waiting(ctx context.Context) context.Context {
	return driver.Context(ctx, driver.WithSettings(driver.Settings{waitForEnd: 1}))
}

// Conn is for reading the tables by other packages.
func (s *Store) Conn() driver.Conn { return s.conn }
