package main

import (
	"errors"
	"net/http"
	"testing"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
)

// An engine may end in a table, where a BCP and a minute have one row.
func TestResultTableHasOneRowPerMinute(t *testing.T) {
	s := clickhousetest.Start(t)
	do := func(sql string) {
		t.Helper()
		if err := query(t.Context(), s.URL(), sql, noRows); err != nil {
			t.Fatal(err)
		}
	}
	var refused *refusedError
	if _, err := resultFromTable(t.Context(), s.URL(), s.Database); !errors.As(err, &refused) || refused.status != http.StatusNotFound {
		t.Errorf("a table that is not there: %v", err)
	}
	do("CREATE TABLE " + s.Database + ".bench_result (bcp String, minute Int32, n UInt64, sum_ms Int64, p50 Float64, p95 Float64, p99 Float64) ENGINE = Memory")
	do("INSERT INTO " + s.Database + ".bench_result VALUES ('BCP-001', 100, 2, 3, 1, 2, 2), ('BCP-002', 100, 1, 9007199254740993, 1, 1, 1)")
	got, err := resultFromTable(t.Context(), s.URL(), s.Database)
	if err != nil {
		t.Fatal(err)
	}
	want := result{{"BCP-001", 100}: {2, 3, 1, 2, 2}, {"BCP-002", 100}: {1, 9007199254740993, 1, 1, 1}}
	for at, a := range want {
		if got[at] != a {
			t.Errorf("%v: %v, want %v", at, got[at], a)
		}
	}
	do("INSERT INTO " + s.Database + ".bench_result VALUES ('BCP-001', 100, 1, 1, 1, 1, 1)")
	if _, err := resultFromTable(t.Context(), s.URL(), s.Database); err == nil {
		t.Error("a minute that occurs twice is accepted")
	}
}
