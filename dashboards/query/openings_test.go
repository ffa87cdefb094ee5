package query

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/ingest/event"
)

// busy is a database that has no time left for one of the queries about openings. It counts the rows of each of them.
type busy struct {
	driver.Conn
	pages []int
	away  int // which of them, from one
}

func (c *busy) Query(ctx context.Context, sql string, args ...any) (driver.Rows, error) {
	if !strings.Contains(sql, "openings") {
		return c.Conn.Query(ctx, sql, args...)
	}
	c.pages = append(c.pages, 0)
	if len(c.pages) == c.away {
		return nil, context.DeadlineExceeded
	}
	rows, err := c.Conn.Query(ctx, sql, args...)
	return counted{rows, &c.pages[len(c.pages)-1]}, err
}

type counted struct {
	driver.Rows
	n *int
}

func (r counted) Next() bool {
	more := r.Rows.Next()
	if more {
		*r.n++
	}
	return more
}

// A source has told of so many openings that one answer does not have the time for all. They are read page by page, each row once, also where the
// database was busy in between.
func TestManyOpeningsAreReadPageByPage(t *testing.T) {
	b := newBorder(t, "2026-01-07T10:00:00Z", torkham())
	const perShard = mostOpenings * 3 / 4
	for shard := range 3 {
		b.insert(`openings (shard, offset, type, id, source, time, bcp, direction)
			SELECT %d, number * 2, number %% 2 ? 'bcp.closed' : 'bcp.opened', toString(%[1]d * %d + number), '/flood',
				fromUnixTimestamp64Milli(toInt64(1000 * (%[1]d * %[2]d + number))), 'TORKHAM', 'outbound' FROM numbers(%[2]d)`, shard, perShard)
	}
	db := &busy{Conn: b.conn, away: 2}
	s := b.source(db, b.db)
	shards := map[int]*storedShard{0: {}}
	if err := s.readOpenings(t.Context(), shards); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("the second page was read: %v", err)
	}
	for range 2 {
		if err := s.readOpenings(t.Context(), shards); err != nil {
			t.Fatal(err)
		}
	}
	rows := 0
	for i, n := range db.pages {
		if rows += n; n > mostOpenings {
			t.Errorf("page %d has %d rows, want %d at most", i, n, mostOpenings)
		}
	}
	if rows != 3*perShard {
		t.Errorf("%d rows were read, want each of %d once", rows, 3*perShard)
	}
	h := s.stored.openings[1]
	if got, want := h.Closed(event.Outbound, 0, 3*perShard*1000), int64(3*perShard/2*time.Second/time.Millisecond); got != want {
		t.Errorf("closed for %d ms, want %d", got, want)
	}
	if got := s.calendars[1].Closed(event.Outbound, 0, 3*perShard*1000); got != 0 {
		t.Errorf("the hours of before were changed: closed for %d ms", got)
	}
}
