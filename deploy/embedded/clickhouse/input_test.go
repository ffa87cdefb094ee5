package clickhouse_test

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
)

// A client inserts damaged files: of one the engine ended, of the other one it never came to an end. Results in these formats it gets.
func TestFormatsWhoseReadersEndTheEngineAreNotRead(t *testing.T) {
	engine := clickhousetest.Open(t, filepath.Join(t.TempDir(), "data"))
	t.Cleanup(func() { engine.Kill(t) })
	s := engine.Server
	ask(t, s, nil, "CREATE TABLE f (a Int64, b String, c Array(Nullable(Float64)), d DateTime64(3)) ENGINE = MergeTree ORDER BY a")
	for format, file := range map[string]string{"ORC": "damaged.orc", "Parquet": "endless.parquet"} {
		damaged, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		bytes := "unhex('" + hex.EncodeToString(damaged) + "')"
		for _, sql := range []string{
			"INSERT INTO f FORMAT " + format + "\n" + string(damaged),
			"insert into f (a, b, c, d) settings max_threads = 1 format /* as it comes */ " + strings.ToLower(format) + "\n" + string(damaged),
			"INSERT INTO f SELECT a, b, c, d FROM input('a Int64, b String, c Array(Nullable(Float64)), d DateTime64(3)') FORMAT " + format + "\n" + string(damaged),
			"SELECT * FROM format(" + format + ", " + bytes + ")",
			"SELECT * FROM format /**/ ('" + strings.ToLower(format) + "', " + bytes + ") FORMAT " + format,
			"DESCRIBE format(`" + format + "`, " + bytes + ")",
		} {
			response, answer := post(t, s, nil, sql)
			if code := response.Header.Get("X-ClickHouse-Exception-Code"); code != "497" || !strings.Contains(answer, "write them as Native, CSV or JSONEachRow") {
				t.Errorf("%.60q: code %s, %.200s", sql, code, answer)
			}
		}
		if answer := ask(t, s, nil, "SELECT number, '"+format+"' FROM numbers(3) FORMAT "+format); len(answer) < 100 {
			t.Errorf("a result in %s has %d bytes", format, len(answer))
		}
		if answer := ask(t, s, nil, "SELECT '"+format+"' AS name FORMAT CSV"); answer != `"`+format+"\"\n" {
			t.Errorf("a text has become %q", answer)
		}
	}
}
