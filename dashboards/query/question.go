package query

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"dwell/dashboards/overview"
)

// What one question may cost in ClickHouse. The time that it may take is that of its context.
const (
	// mostRead is the number of rows that are read. At what a core reads in a second it is about the time that an answer may take; such a
	// question is refused before that, from the ranges of the index.
	mostRead = 500_000_000
	// mostReturned is the number of rows of one result: an answer of the API has ten thousand at most.
	mostReturned = 100_000
	// mostMemory is in bytes.
	mostMemory = 2 << 30
)

// question waits for the turn of a question, and bounds what its queries may cost. Done ends it.
//
// It has few threads in ClickHouse, which has to write as well. The driver would let ClickHouse go on for five seconds after the
// deadline; so ClickHouse gets the deadline as a setting, and ends before it.
func (s *Source) question(ctx context.Context) (_ context.Context, done func(), err error) {
	leave, err := s.turns.enter(ctx, overview.AskedBy(ctx))
	if err != nil {
		return nil, nil, err
	}
	settings := clickhouse.Settings{
		"max_threads": s.cfg.QuestionThreads, "max_rows_to_read": mostRead, "max_result_rows": mostReturned, "max_memory_usage": mostMemory,
	}
	if deadline, bounded := ctx.Deadline(); bounded {
		settings["max_execution_time"] = max(1, int(time.Until(deadline)/time.Second)-1)
	}
	asking, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, cancel)
	return clickhouse.Context(asking, clickhouse.WithSettings(settings)), func() {
		stop()
		cancel()
		leave()
	}, nil
}

// exceeded are ClickHouse's numbers of the errors by which it ends a query that costs more than it may: time, speed, rows, bytes, memory.
var exceeded = []int32{158, 159, 160, 241, 307, 396}

// tooMuch marks the error of a query that cost more than it may.
func tooMuch(err error) error {
	var exception *clickhouse.Exception
	if errors.As(err, &exception) && slices.Contains(exceeded, exception.Code) {
		return fmt.Errorf("%w: %w", overview.ErrTooMuch, err)
	}
	return err
}
