package query

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/dashboards/overview"
)

// A question is ended by ClickHouse itself, so that nothing goes on for a caller whose time is over, and by its caller.
func TestQuestionIsBounded(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:00:00Z", torkham())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	asking, done, err := b.question(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	var threads, seconds, memory uint64
	err = b.each(asking, "settings", "SELECT toUInt64(getSetting('max_threads')), toUInt64(getSetting('max_execution_time')), toUInt64(getSetting('max_memory_usage'))", nil, func(rows driver.Rows) error {
		return rows.Scan(&threads, &seconds, &memory)
	})
	if err != nil || threads != 1 || seconds < 1 || seconds >= 60 || memory != mostMemory {
		t.Errorf("has %d threads, %d s of a minute and %d bytes (%v)", threads, seconds, memory, err)
	}
	none := func(driver.Rows) error { return nil }
	for of, sql := range map[string]string{
		"rows returned": "SELECT number FROM numbers(200000)",
		"rows read":     "SELECT max(number) FROM numbers(1000000000)",
		"memory":        "SELECT groupArray(number) FROM numbers(10000000) SETTINGS max_memory_usage = 10000000",
		"time":          "SELECT max(sipHash128(number)) FROM numbers(400000000) SETTINGS max_execution_time = 0.01",
	} {
		if err := b.each(asking, "numbers", sql, nil, none); !errors.Is(err, overview.ErrTooMuch) {
			t.Errorf("too much %s: %v", of, err)
		}
	}

	t.Log("all turns are taken: what is shown now does not wait")
	for range DefaultConfig().Questions - 1 {
		_, done, err := b.question(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer done()
	}
	if err := b.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if o, err := b.Overview(t.Context()); err != nil || len(o.Places) != 1 {
		t.Errorf("the overview has %+v (%v)", o, err)
	}

	t.Log("a caller leaves")
	cancel()
	if err := b.each(asking, "numbers", "SELECT sleepEachRow(3) FROM numbers(1)", nil, none); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}
