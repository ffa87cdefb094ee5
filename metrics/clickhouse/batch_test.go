package clickhouse

import (
	"bytes"
	"context"
	"iter"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	chgo "github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/ClickHouse/clickhouse-go/v2/lib/proto"

	"dwell/metrics/visit"
)

// native is a connection over the native protocol as far as a batch of one table goes: it keeps each block in the form in
// which it would be sent.
type native struct {
	driver.Conn
	columns    *block // of the table
	statements [][][]byte
}

func (n *native) PrepareBatch(context.Context, string, ...driver.PrepareBatchOption) (driver.Batch, error) {
	n.statements = append(n.statements, nil)
	return &nativeBatch{conn: n, block: columnsOf(n.columns)}, nil
}

type nativeBatch struct {
	driver.Batch
	conn  *native
	block *proto.Block
}

func (b *nativeBatch) Columns() []column.Interface { return slices.Clone(b.block.Columns) }

func (b *nativeBatch) Flush() error {
	last := len(b.conn.statements) - 1
	b.conn.statements[last] = append(b.conn.statements[last], sent(b.block))
	b.block.Reset()
	return nil
}

func (b *nativeBatch) Send() error { return b.Flush() }

func columnsOf(b *block) *proto.Block {
	columns := proto.NewBlock()
	for i, name := range b.names {
		if err := columns.AddColumn(name, column.Type(b.types[i])); err != nil {
			panic(err)
		}
	}
	return columns
}

func sent(b *proto.Block) []byte {
	var out chgo.Buffer
	if err := b.Encode(&out, proto.DBMS_TCP_PROTOCOL_VERSION); err != nil {
		panic(err)
	}
	return out.Buf
}

// Two shards write more than a block each. Over the native protocol they are one statement, whose columns are used again for
// each block, and each block is what columns of its own would have made of it.
func TestABatchOverTheNativeProtocolTakesOneBlockAfterTheOther(t *testing.T) {
	voc := vocabulary(t)
	f := newFlush(voc)
	windows, visits := f.windows[:7], f.visits[:7]
	for table, write := range map[string]struct {
		of    func(ctx context.Context, s *Store, shard, from, to int) error
		alone func(s *Store, e *encoder, shard, from, to int)
	}{
		"windows": {
			func(ctx context.Context, s *Store, shard, from, to int) error {
				return s.WriteWindows(ctx, shard, pointers(windows[from:to]...))
			},
			func(s *Store, e *encoder, shard, from, to int) {
				e.windows.reset()
				for i := range windows[from:to] {
					e.windows.add(&windows[from+i])
				}
				s.encodeWindows(e, shard)
			},
		},
		"visits": {
			func(ctx context.Context, s *Store, shard, from, to int) error {
				return s.WriteVisits(ctx, shard, func(most int) iter.Seq[[]visit.Row] { return slices.Chunk(visits[from:to], most) })
			},
			func(s *Store, e *encoder, shard, from, to int) { s.encodeVisits(e, shard, visits[from:to]) },
		},
	} {
		t.Run(table, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn := &native{}
				s := &Store{
					conn: conn, voc: voc, cfg: Config{Protocol: "native"}, room: make(chan *encoder, spared), blockRows: 2,
					inserts: map[string]*together[encode]{},
				}
				var want [][]byte
				for _, part := range []struct{ shard, from, to int }{{1, 0, 2}, {1, 2, 3}, {2, 3, 5}, {2, 5, 7}} {
					e := &encoder{}
					write.alone(s, e, part.shard, part.from, part.to)
					conn.columns = &e.block
					fresh := columnsOf(&e.block)
					if err := decode(fresh.Columns, &e.block); err != nil {
						t.Fatal(err)
					}
					want = append(want, sent(fresh))
				}
				var shards sync.WaitGroup
				for _, all := range []struct{ shard, from, to int }{{1, 0, 3}, {2, 3, 7}} {
					shards.Go(func() {
						if err := write.of(t.Context(), s, all.shard, all.from, all.to); err != nil {
							t.Error(err)
						}
					})
				}
				shards.Wait()
				if len(conn.statements) != 1 || len(conn.statements[0]) != len(want) {
					t.Fatalf("%d statements, the first with %d blocks", len(conn.statements), len(conn.statements[0]))
				}
				for _, block := range conn.statements[0] { // whoever came first is first
					if !slices.ContainsFunc(want, func(w []byte) bool { return bytes.Equal(w, block) }) {
						t.Errorf("a block is none of those that were to be sent: %q", block)
					}
				}
			})
		})
	}
}
