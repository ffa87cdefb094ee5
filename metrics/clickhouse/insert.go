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

// give takes an encoder back that nothing reads any more.
func (s *Store) give(e *encoder) {
	clear(e.text)
	e.text = e.text[:0]
	if cap(e.buf) > sparedBytes {
		return
	}
	select {
	case s.room <- e:
	default:
	}
}

// encode encodes a table's rows block by block, with the memory of an encoder. It calls send with each block, which is valid
// until send returns, and stops when send returns false.
type encode func(e *encoder, send func(*block) bool)

// encoded encodes the rows of a table now. Write writes them, once or again, and bytes is the memory that they take until then.
func (s *Store) encoded(table string, rows encode) (write func(context.Context) error, bytes int) {
	e := s.encoder()
	var all []block
	rows(e, func(b *block) bool {
		own := *b
		own.names, own.buf = slices.Clone(b.names), slices.Clone(b.buf)
		all = append(all, own)
		bytes += cap(own.buf)
		return true
	})
	s.give(e)
	kept := func(_ *encoder, send func(*block) bool) {
		for i := range all {
			if !send(&all[i]) {
				return
			}
		}
	}
	return func(ctx context.Context) error { return s.insert(ctx, table, kept) }, bytes
}

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
	next, stop := iter.Pull(func(yield func(*block) bool) {
		ended := false
		for i := 0; i < len(all) && !ended; i++ {
			all[i](e, func(b *block) bool {
				rows += b.rows
				ended = !yield(b)
				return !ended
			})
		}
	})
	defer stop()
	if first, some := next(); some {
		statement := "INSERT INTO " + first.table + " (`" + strings.Join(first.names, "`, `") + "`)" + first.settings
		r := &blocks{buf: first.buf, next: next}
		err := s.conn.InsertFormat(waiting(ctx), "Native", statement, r)
		r.end()
		if err != nil {
			return fmt.Errorf("write %d rows of table %s: %w", rows, first.table, err)
		}
	}
	s.give(e)
	return nil
}

// insertRows writes rows from a slice.
func insertRows[R any](ctx context.Context, s *Store, table string, rows []R, encode func(e *encoder, rows []R)) error {
	if len(rows) == 0 {
		return nil
	}
	return s.insert(ctx, table, inChunks(slices.Chunk(rows, s.blockRows), encode))
}

// inChunks encodes rows that come in chunks, of which each becomes a block.
func inChunks[R any](chunks iter.Seq[[]R], rows func(e *encoder, rows []R)) encode {
	return func(e *encoder, send func(*block) bool) {
		for part := range chunks {
			if rows(e, part); !send(&e.block) {
				return
			}
		}
	}
}

// blocks is a reader over consecutive blocks.
type blocks struct {
	mu    sync.Mutex
	buf   []byte // what is left of the block
	next  func() (*block, bool)
	ended bool
}

func (r *blocks) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return 0, io.ErrClosedPipe
	}
	if len(r.buf) == 0 {
		b, more := r.next()
		if !more {
			return 0, io.EOF
		}
		r.buf = b.buf
	}
	n := copy(p, r.buf)
	r.buf = r.buf[n:]
	return n, nil
}

// end stops reads: a cancelled request may still be reading.
func (r *blocks) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
}
