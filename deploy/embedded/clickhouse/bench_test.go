package clickhouse_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
)

// BenchmarkInsert sends batches of seven columns, as the pipeline does, and says how long one row takes.
func BenchmarkInsert(b *testing.B) {
	for _, rows := range []int{10_000, 100_000, 1_000_000} {
		for _, method := range []clickhouse.CompressionMethod{clickhouse.CompressionNone, clickhouse.CompressionLZ4} {
			b.Run(fmt.Sprintf("rows=%d/compression=%v", rows, method), func(b *testing.B) {
				options := clickhousetest.Start(b).Options()
				options.Compression = &clickhouse.Compression{Method: method}
				conn, err := clickhouse.Open(options)
				if err != nil {
					b.Fatal(err)
				}
				defer conn.Close()
				err = conn.Exec(b.Context(), `CREATE TABLE events (shard UInt16, log_offset UInt64, visit String, bcp LowCardinality(String),
					at DateTime64(3, 'UTC'), type LowCardinality(String), body String) ENGINE = MergeTree ORDER BY (shard, log_offset)`)
				if err != nil {
					b.Fatal(err)
				}
				columns := events(rows)
				b.ResetTimer()
				for b.Loop() {
					batch, err := conn.PrepareBatch(b.Context(), "INSERT INTO events")
					if err != nil {
						b.Fatal(err)
					}
					if err := fill(batch, columns); err != nil {
						b.Fatal(err)
					}
					if err := batch.Send(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
			})
		}
	}
}

// BenchmarkSelect reads a million rows of seven columns back.
func BenchmarkSelect(b *testing.B) {
	const rows = 1_000_000
	conn := clickhousetest.Start(b).Conn(b)
	for b.Loop() {
		result, err := conn.Query(b.Context(), `SELECT number AS log_offset, toString(number) AS visit, toLowCardinality('AF-NAN-TORKHAM') AS bcp,
			toDateTime64(number, 3, 'UTC') AS at, number % 7 AS n, 'truck.arrived' AS type, number / 3 AS x FROM numbers(`+fmt.Sprint(rows)+`)`)
		if err != nil {
			b.Fatal(err)
		}
		seen := 0
		for result.Next() {
			seen++
		}
		if err := result.Err(); err != nil || seen != rows {
			b.Fatalf("%d rows of %d: %v", seen, rows, err)
		}
		_ = result.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
}

// events are the columns of a table of seven.
func events(rows int) []any {
	var (
		shard                    = make([]uint16, rows)
		offset                   = make([]uint64, rows)
		visit, bcp, kind, bodies = make([]string, rows), make([]string, rows), make([]string, rows), make([]string, rows)
		at                       = make([]time.Time, rows)
	)
	start := time.Date(2026, 1, 5, 7, 30, 0, 0, time.UTC)
	for i := range rows {
		shard[i], offset[i], visit[i], bcp[i] = uint16(i%8), uint64(i), fmt.Sprintf("T%07d", i/6), "AF-NAN-TORKHAM"
		at[i], kind[i], bodies[i] = start.Add(time.Duration(i)*time.Second), "truck.arrived", fmt.Sprintf(`{"plate":"KBL-%05d","lane":%d}`, i%99_999, i%4)
	}
	return []any{shard, offset, visit, bcp, at, kind, bodies}
}

func fill(batch driver.Batch, columns []any) error {
	for i, column := range columns {
		if err := batch.Column(i).Append(column); err != nil {
			return err
		}
	}
	return nil
}
