package clickhouse

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/ClickHouse/ch-go/proto"
	driver "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"

	"dwell/ingest/event"
)

// Store is the tables in one database. It is safe for concurrent use.
type Store struct {
	conn driver.Conn
	cfg  Config
	voc  *event.Vocabulary
	room sync.Pool // of *encoder
	// direct says that inserts go out as they are, without the driver's columns.
	direct bool
}

// encoder is the memory of one insert at a time.
type encoder struct {
	block
	dictionary
	text    []string
	windows insertedWindows
}

// Open connects, creates the database where missing, and brings its schema up to date.
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
	return &Store{
		conn: conn, cfg: cfg, voc: voc,
		room:   sync.Pool{New: func() any { return &encoder{} }},
		direct: cfg.Protocol == "http" && cfg.Compression == "none",
	}, nil
}

// Connect makes connections to a database that is there, without looking at its schema. It dials with the first query.
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

// encoder begins a block of about size bytes.
func (s *Store) encoder(table string, rows, size int) *encoder {
	e := s.room.Get().(*encoder)
	e.block.reset(table, rows, size)
	return e
}

// send writes the block and returns when the server has it. It takes e back.
func (s *Store) send(ctx context.Context, e *encoder) error {
	insert := "INSERT INTO " + e.table + " (`" + strings.Join(e.names, "`, `") + "`)"
	var err error
	if s.direct {
		err = s.conn.InsertFormat(ctx, "Native", insert, bytes.NewReader(e.buf))
	} else {
		err = s.sendBatch(ctx, insert, &e.block)
	}
	if err != nil {
		// The buffer is not used again: a request that was given up may still be reading it.
		return fmt.Errorf("write %d rows of table %s: %w", e.rows, e.table, err)
	}
	clear(e.text)
	e.text = e.text[:0]
	s.room.Put(e)
	return nil
}

// sendBatch hands the values to the columns of a driver's batch, in the form in which a server would send them.
func (s *Store) sendBatch(ctx context.Context, insert string, b *block) error {
	known := make([]driver.ColumnNameAndType, len(b.names))
	for i := range known {
		known[i] = driver.ColumnNameAndType{Name: b.names[i], Type: b.types[i]}
	}
	batch, err := s.conn.PrepareBatch(driver.Context(ctx, driver.WithColumnNamesAndTypes(known)), insert)
	if err != nil {
		return err
	}
	for i, c := range batch.Columns() {
		if c.Name() != b.names[i] || !sameType(string(c.Type()), b.types[i]) {
			_ = batch.Abort()
			return fmt.Errorf("column %s %s should be %s %s", c.Name(), c.Type(), b.names[i], b.types[i])
		}
		r := proto.NewReader(bytes.NewReader(b.column(i)))
		if prefixed, ok := c.(column.CustomSerialization); ok {
			if err := prefixed.ReadStatePrefix(r); err != nil {
				_ = batch.Abort()
				return err
			}
		}
		if err := c.Decode(r, b.rows); err != nil {
			_ = batch.Abort()
			return err
		}
	}
	return batch.Send()
}

// sameType compares types but for their spaces, which differ between ClickHouse and the driver.
func sameType(a, b string) bool {
	return strings.ReplaceAll(a, " ", "") == strings.ReplaceAll(b, " ", "")
}
