package grafana_test

import (
	"reflect"
	"testing"
)

func TestEveryQueryOfClickHouseHasRows(t *testing.T) {
	b := newBorder(t)
	conn := b.store.Conn()
	for _, q := range queries(t) {
		if q.source != clickhouseUID {
			continue
		}
		t.Run(q.from, func(t *testing.T) {
			sql := fill(t, q.text, clickhouseMacros(b.now))
			rows, err := conn.Query(t.Context(), sql)
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
