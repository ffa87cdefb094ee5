package query

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/ingest/place"
	"dwell/metrics/border"
)

// slow is a database without rows that answers each query after a while.
type slow struct {
	driver.Conn
	answers time.Duration
}

func (c *slow) Query(ctx context.Context, _ string, _ ...any) (driver.Rows, error) {
	select {
	case <-time.After(c.answers):
		return none{}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type none struct{ driver.Rows }

func (none) Next() bool   { return false }
func (none) Err() error   { return nil }
func (none) Close() error { return nil }

// runs has a source refresh from a database, and calls back with each outcome and the time since the begin.
func runs(t *testing.T, db *slow, reached func(after time.Duration, err error) (again bool)) {
	t.Helper()
	book, err := place.Load("afghanistan")
	if err != nil {
		t.Fatal(err)
	}
	voc, err := book.Vocabulary()
	if err != nil {
		t.Fatal(err)
	}
	s := New(db, "dwell", book.Places, voc, DefaultConfig(), time.Now, border.New(len(book.Places)))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	begin := time.Now()
	err = s.Run(ctx, func(err error) {
		if !reached(time.Since(begin), err) {
			cancel()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A process starts while the database is busy with a long question: all that it reads first takes longer than one answer may.
func TestASlowDatabaseIsNotTakenForOneThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs(t, &slow{answers: 5 * time.Second}, func(after time.Duration, err error) bool {
			if err != nil || after < 10*time.Second {
				t.Errorf("after %v: %v", after, err)
			}
			return false
		})
	})
}

func TestADatabaseThatDoesNotAnswerIsReportedWithinTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &slow{}
		times := 0
		runs(t, db, func(after time.Duration, err error) bool {
			if times++; times == 1 {
				if err != nil {
					t.Errorf("while it answers: %v", err)
				}
				db.answers = time.Hour
				return true
			}
			if !errors.Is(err, context.DeadlineExceeded) || after > 10*time.Second {
				t.Errorf("after %v: %v", after, err)
			}
			return false
		})
	})
}
