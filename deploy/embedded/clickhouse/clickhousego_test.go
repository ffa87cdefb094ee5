package clickhouse_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
)

func run(t *testing.T, conn driver.Conn, sql string, args ...any) {
	t.Helper()
	if err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// number reads one UInt64.
func number(t *testing.T, conn driver.Conn, sql string, args ...any) uint64 {
	t.Helper()
	var n uint64
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

var compressions = []clickhouse.CompressionMethod{
	clickhouse.CompressionNone, clickhouse.CompressionLZ4, clickhouse.CompressionZSTD, clickhouse.CompressionGZIP,
	clickhouse.CompressionDeflate, clickhouse.CompressionBrotli,
}

func TestColumnarBatchIsReadBackUnchanged(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector would take a minute over its bytes")
	}
	server := clickhousetest.Start(t)
	for _, method := range compressions {
		t.Run(fmt.Sprint("compression=", method), func(t *testing.T) {
			options := server.Options()
			options.Compression = &clickhouse.Compression{Method: method, Level: 1}
			conn, err := clickhouse.Open(options)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			run(t, conn, `CREATE OR REPLACE TABLE trucks (id UInt64, bcp LowCardinality(String), at DateTime64(3, 'UTC'),
				bins Map(Int16, UInt32), agency Nullable(String), steps Array(String)) ENGINE = MergeTree ORDER BY id`)
			const rows = 70_000 // more than one block of a result
			var (
				ids    []uint64
				bcps   []string
				ats    []time.Time
				bins   []map[int16]uint32
				agency []*string
				steps  [][]string
			)
			start := time.Date(2026, 1, 5, 7, 30, 0, 0, time.UTC)
			customs := "customs"
			for i := range rows {
				ids = append(ids, uint64(i))
				bcps = append(bcps, []string{"AF-NAN-TORKHAM", "AF-KAN-SPINBOLDAK"}[i%2])
				ats = append(ats, start.Add(time.Duration(i)*time.Millisecond))
				bins = append(bins, map[int16]uint32{int16(i % 300): 1})
				agency = append(agency, []*string{nil, &customs}[i%2])
				steps = append(steps, []string{"arrived", "released"}[:i%3])
			}
			batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO trucks")
			if err != nil {
				t.Fatal(err)
			}
			for i, column := range []any{ids, bcps, ats, bins, agency, steps} {
				if err := batch.Column(i).Append(column); err != nil {
					t.Fatal(err)
				}
			}
			if err := batch.Send(); err != nil {
				t.Fatal(err)
			}
			result, err := conn.Query(t.Context(), "SELECT id, bcp, at, bins, agency, steps FROM trucks ORDER BY id")
			if err != nil {
				t.Fatal(err)
			}
			defer result.Close()
			seen := 0
			for ; result.Next(); seen++ {
				var (
					id   uint64
					bcp  string
					at   time.Time
					bin  map[int16]uint32
					held *string
					did  []string
				)
				if err := result.Scan(&id, &bcp, &at, &bin, &held, &did); err != nil {
					t.Fatal(err)
				}
				if id != ids[seen] || bcp != bcps[seen] || !at.Equal(ats[seen]) || bin[int16(seen%300)] != 1 ||
					(held == nil) != (agency[seen] == nil) || len(did) != len(steps[seen]) {
					t.Fatalf("row %d came back as %v %v %v %v %v %v", seen, id, bcp, at, bin, held, did)
				}
			}
			if err := result.Err(); err != nil || seen != rows {
				t.Fatalf("%d rows of %d came back: %v", seen, rows, err)
			}
		})
	}
}

func TestQueryParametersAreBound(t *testing.T) {
	conn := clickhousetest.Start(t).Conn(t)
	awkward := "Torkham's \\ \"gate\"\n\tاسلام قلعه"
	var text string
	var sum uint64
	err := conn.QueryRow(t.Context(), "SELECT {name:String}, {a:UInt64} + {b:UInt64}", clickhouse.Named("name", awkward),
		clickhouse.Named("a", 1), clickhouse.Named("b", 2)).Scan(&text, &sum)
	if err != nil || text != awkward || sum != 3 {
		t.Fatalf("%q %d %v", text, sum, err)
	}
	run(t, conn, "CREATE TABLE t (x String) ENGINE = Memory")
	run(t, conn, "INSERT INTO t VALUES (?)", awkward)
	if err := conn.QueryRow(t.Context(), "SELECT x FROM t").Scan(&text); err != nil || text != awkward {
		t.Fatalf("%q %v", text, err)
	}
}

func TestSettingsEndWithTheirRequest(t *testing.T) {
	conn := clickhousetest.Start(t).Conn(t)
	const now = "SELECT toUInt64(getSetting('max_block_size'))"
	usual := number(t, conn, now)
	ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"max_block_size": 7}))
	var n uint64
	if err := conn.QueryRow(ctx, now).Scan(&n); err != nil || n != 7 {
		t.Fatalf("within the request: %d, %v", n, err)
	}
	run(t, conn, "SET max_block_size = 9")
	if n := number(t, conn, now); n != usual {
		t.Errorf("after it: %d, usually %d", n, usual)
	}
}

func TestEngineErrorHasItsCode(t *testing.T) {
	conn := clickhousetest.Start(t).Conn(t)
	for sql, code := range map[string]int32{
		"SELECT * FROM nowhere":               60,
		"SELEC 1":                             62,
		"SELECT throwIf(1)":                   395,
		"INSERT INTO nowhere VALUES (1)":      60,
		"SELECT 1 SETTINGS no_such_thing = 1": 115,
		"SELECT throwIf(number = 9000000) FROM numbers(10000000)": 395,
	} {
		rows, err := conn.Query(t.Context(), sql)
		if err == nil {
			for rows.Next() {
			}
			err = rows.Err()
			_ = rows.Close()
		}
		exception, ok := errors.AsType[*clickhouse.Exception](err)
		if !ok || exception.Code != code {
			t.Errorf("%s: %v, not code %d", sql, err, code)
		}
	}
}
