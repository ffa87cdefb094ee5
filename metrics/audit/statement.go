package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// ErrTooLarge is the error of a statement above the memory limit.
var ErrTooLarge = errors.New("the statement takes more memory in ClickHouse than it may")

// limited makes a context in which a statement is held to the memory limit. Two threads are enough beside a program that
// keeps counting, and each takes memory of its own.
func limited(ctx context.Context, memory int) context.Context {
	return clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"max_memory_usage": memory,
		"max_threads":      2, "max_insert_threads": 1,
		// What is grouped or sorted goes to disk before that.
		"max_bytes_before_external_group_by": memory / 4, "max_bytes_ratio_before_external_group_by": 0,
		"max_bytes_before_external_sort": memory / 4, "max_bytes_ratio_before_external_sort": 0,
		// The driver reads no response of a statement without rows, in which there could be an error.
		"wait_end_of_query": 1,
	}))
}

// failed names the statement of an error, and the way out where it was too large.
func (a *audit) failed(name string, err error) error {
	if strings.Contains(err.Error(), "MEMORY_LIMIT_EXCEEDED") {
		return fmt.Errorf("%s: %w (%d MiB); process fewer than %d events at once with --slice: %w",
			name, ErrTooLarge, a.cfg.MaxMemory>>20, a.cfg.EventsPerBucket, err)
	}
	return fmt.Errorf("%s: %w", name, err)
}

func (a *audit) count(ctx context.Context, query string) (int, error) {
	var n uint64
	err := a.conn.QueryRow(ctx, query).Scan(&n)
	return int(n), err
}

func (a *audit) statement(name string) (string, error) {
	var text strings.Builder
	if err := statements.ExecuteTemplate(&text, name, a.p); err != nil {
		return "", err
	}
	return text.String(), nil
}

func (a *audit) exec(ctx context.Context, name string) error {
	text, err := a.statement(name)
	if err != nil {
		return err
	}
	if err := a.conn.Exec(ctx, text); err != nil {
		return a.failed(name, err)
	}
	return nil
}

// compare runs a statement whose rows are differences: key, field, engine's value, audit's value.
func (a *audit) compare(ctx context.Context, what, name string) error {
	text, err := a.statement(name)
	if err != nil {
		return err
	}
	rows, err := a.conn.Query(ctx, text)
	if err != nil {
		return a.failed(name, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var key, field, engine, audit string
		if err := rows.Scan(&key, &field, &engine, &audit); err != nil {
			return a.failed(name, err)
		}
		if err := a.differ(what+" "+key, field, engine, "audit", audit); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return a.failed(name, err)
	}
	return nil
}

func (a *audit) differ(key, field, engine, other, value string) error {
	a.result.Differences++
	if a.result.Differences > a.cfg.Printed {
		return nil
	}
	_, err := fmt.Fprintf(a.out, "%s: %s: engine %q, %s %q\n", a.cfg.Visible(key), field, engine, other, value)
	return err
}

// quote writes a string as SQL does.
func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func array(items []string, typ string) string {
	return "[" + strings.Join(items, ", ") + "]::Array(" + typ + ")"
}
