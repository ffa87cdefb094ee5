package grafana_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"dwell/metrics/clickhouse"
)

func TestEveryQueryOfClickHouseHasRowsForAReadOnlyUser(t *testing.T) {
	b := newBorder(t)
	// Grafana's plugin sends max_execution_time with each query, as this driver does for a deadline, so readonly = 1 is too little.
	reader := b.server.ReadOnly(t, 2)
	cfg := clickhouse.DefaultConfig()
	cfg.Addresses, cfg.Database, cfg.Password = []string{reader.Addr}, reader.Database, reader.Password
	conn, err := clickhouse.Connect(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	for _, q := range queries(t) {
		if q.source != clickhouseUID {
			continue
		}
		t.Run(q.from, func(t *testing.T) {
			sql := fill(t, q.text, clickhouseMacros(b.now))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			rows, err := conn.Query(ctx, sql)
			if err != nil {
				t.Fatalf("%v\n%s", err, sql)
			}
			defer func() { _ = rows.Close() }()
			n := 0
			for rows.Next() {
				cells := make([]any, len(rows.ColumnTypes()))
				for i, c := range rows.ColumnTypes() {
					cells[i] = reflect.New(c.ScanType()).Interface()
				}
				if err := rows.Scan(cells...); err != nil {
					t.Fatal(err)
				}
				n++
			}
			if err := rows.Err(); err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				t.Errorf("no rows:\n%s", sql)
			}
		})
	}
}
