package clickhouse

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"dwell/ingest/event"
)

// Store is the tables in one database. It is safe for concurrent use.
type Store struct {
	conn driver.Conn
	cfg  Config
	voc  *event.Vocabulary
	room chan *encoder // pooled
	// direct says that encoded blocks are sent over HTTP as they are, without the driver's columns.
	direct bool
	// blockRows is how many rows are encoded at a time.
	blockRows int

	// streams is how many batched inserts into one table run at a time.
	streams int

	announcements batcher[*announcement]
	mu            sync.Mutex
	inserts       map[string]*batcher[encode] // by table
}

// Open connects, creates the database if it is missing, and migrates its schema.
func Open(ctx context.Context, cfg Config, voc *event.Vocabulary) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("clickhouse: %w", err)
	}
	if err := migrate(ctx, cfg); err != nil {
		return nil, fmt.Errorf("clickhouse at %s: %w", strings.Join(cfg.Addresses, ", "), err)
	}
	conn, err := Connect(cfg)
	if err != nil {
		return nil, err
	}
	s := &Store{
		conn: conn, cfg: cfg, voc: voc,
		room:      make(chan *encoder, spared),
		direct:    cfg.Protocol == "http" && cfg.Compression == "none",
		blockRows: 1 << 14,
		streams:   max(1, runtime.GOMAXPROCS(0)/2),
		inserts:   map[string]*batcher[encode]{},
	}
	if !s.direct { // the driver sends one block
		s.blockRows = math.MaxInt
	}
	s.announcements = batcher[*announcement]{run: s.announceAll, limit: 1, refused: refused}
	return s, nil
}

// Connect makes connections to an existing database, without checking its schema. It dials with the first query.
func Connect(cfg Config) (driver.Conn, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("clickhouse: %w", err)
	}
	opts, err := cfg.options(cfg.Database)
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

// Conn is for reading the tables by other packages.
func (s *Store) Conn() driver.Conn { return s.conn }
