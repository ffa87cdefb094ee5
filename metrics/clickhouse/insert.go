package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"

	driver "github.com/ClickHouse/clickhouse-go/v2"
)

// encoder has the memory for one insert.
type encoder struct {
	block
	dictionary
	text    []string
	windows insertedWindows
}

// spared is how many encoders are pooled; those that have grown beyond sparedBytes are not.
const spared, sparedBytes = 4, 32 << 20

func (s *Store) encoder() *encoder {
	select {
	case e := <-s.room:
		return e
	default:
		return &encoder{}
	}
}

// encode encodes a table's rows block by block; it calls send after each block, and stops when send returns false.
type encode func(e *encoder, send func() bool)

// insert writes the encoded rows of a table. They stream block by block, so that memory is that of one block however large
// the flush, and concurrent inserts into the table share a statement (batcher). Without blocks nothing is written. It returns
// when the server has stored all of it; after an error some blocks may be stored.
func (s *Store) insert(ctx context.Context, table string, rows encode) error {
	s.mu.Lock()
	t := s.inserts[table]
	if t == nil {
		t = &batcher[encode]{run: s.insertAll, limit: s.streams, refused: refused}
		s.inserts[table] = t
	}
	s.mu.Unlock()
	return t.do(ctx, rows)
}

// refused reports whether ClickHouse returned an error.
func refused(err error) bool {
	var exception *driver.Exception
	return errors.As(err, &exception)
}

// insertAll writes the rows of a batch.
func (s *Store) insertAll(ctx context.Context, all []encode) error {
	e, rows := s.encoder(), 0
	next, stop := iter.Pull(func(yield func(struct{}) bool) {
		ended := false
		for i := 0; i < len(all) && !ended; i++ {
			all[i](e, func() bool {
				rows += e.rows
				ended = !yield(struct{}{})
				return !ended
			})
		}
	})
	defer stop()
	if _, some := next(); some {
		statement := "INSERT INTO " + e.table + " (`" + strings.Join(e.names, "`, `") + "`)"
		r := &blocks{block: &e.block, next: next}
		err := s.conn.InsertFormat(waiting(ctx), "Native", statement, r)
		r.end()
		if err != nil {
			return fmt.Errorf("write %d rows of table %s: %w", rows, e.table, err)
		}
	}
	clear(e.text)
	e.text = e.text[:0]
	if cap(e.buf) > sparedBytes {
		return nil
	}
	select {
	case s.room <- e:
	default:
	}
	return nil
}

// insertRows writes rows from a slice.
func insertRows[R any](ctx context.Context, s *Store, table string, rows []R, encode func(e *encoder, rows []R)) error {
	if len(rows) == 0 {
		return nil
	}
	return insertChunks(ctx, s, table, slices.Chunk(rows, s.blockRows), encode)
}

// insertChunks writes rows that come in chunks, of which each becomes a block.
func insertChunks[R any](ctx context.Context, s *Store, table string, chunks iter.Seq[[]R], encode func(e *encoder, rows []R)) error {
	return s.insert(ctx, table, func(e *encoder, send func() bool) {
		for part := range chunks {
			if encode(e, part); !send() {
				return
			}
		}
	})
}

// blocks is a reader over consecutive blocks.
type blocks struct {
	mu    sync.Mutex
	block *block
	at    int
	next  func() (struct{}, bool)
	ended bool
}

func (r *blocks) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return 0, io.ErrClosedPipe
	}
	if r.at == len(r.block.buf) {
		if _, more := r.next(); !more {
			return 0, io.EOF
		}
		r.at = 0
	}
	n := copy(p, r.block.buf[r.at:])
	r.at += n
	return n, nil
}

// end stops reads: a cancelled request may still be reading.
func (r *blocks) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
}
