package clickhouse

import (
	"strings"
	"testing"
)

func TestStatementKindFormatAndDataAreFound(t *testing.T) {
	for _, c := range []struct {
		sql          string
		kind, format string
		text, data   string // of an INSERT that brings data
	}{
		{"SELECT 1", "SELECT", "", "", ""},
		{" -- FORMAT CSV\n/* FORMAT TSV */ select 'FORMAT XML' format JSON;", "SELECT", "JSON", "", ""},
		{"SELECT format FROM t", "SELECT", "", "", ""},
		{"SELECT 1 AS format FORMAT CSV", "SELECT", "CSV", "", ""},
		{"SELECT format('{}', x), format FROM t LIMIT 1", "SELECT", "", "", ""},
		{"SELECT 1 FORMAT CSV SETTINGS max_threads = 1", "SELECT", "CSV", "", ""},
		{"SELECT 1 SETTINGS max_threads = 1 FORMAT CSV", "SELECT", "CSV", "", ""},
		{"(SELECT 1 FORMAT CSV)", "(", "", "", ""},
		{"WITH 1 AS x SELECT x", "WITH", "", "", ""},
		{"", "", "", "", ""},
		{"INSERT INTO t VALUES (1), ('it''s FORMAT CSV')", "INSERT", "Values", "INSERT INTO t ", " (1), ('it''s FORMAT CSV')"},
		{"insert into t (values, format) values(1, 2)", "INSERT", "Values", "insert into t (values, format) ", "(1, 2)"},
		{"INSERT INTO t FORMAT Native \n\n\x00 FORMAT", "INSERT", "Native", "INSERT INTO t ", "\n\x00 FORMAT"},
		{"INSERT INTO t FORMAT CSV\r\n1", "INSERT", "CSV", "INSERT INTO t ", "1"},
		{"INSERT INTO `a format` SETTINGS async_insert = 0 FORMAT TSV\n1", "INSERT", "TSV", "INSERT INTO `a format` SETTINGS async_insert = 0 ", "1"},
		{"INSERT INTO FUNCTION file('x', 'CSV') FORMAT CSV\n1", "INSERT", "CSV", "INSERT INTO FUNCTION file('x', 'CSV') ", "1"},
		{"INSERT INTO t SELECT x, format FROM u", "INSERT", "", "", ""},
		{"INSERT INTO t FROM INFILE 'x' FORMAT CSV", "INSERT", "CSV", "", ""},
		{"INSERT INTO t", "INSERT", "", "", ""},
	} {
		st := parse(c.sql)
		if st.kind != c.kind || st.takesData != (c.text != "") {
			t.Errorf("%q: %+v", c.sql, st)
			continue
		}
		if st.takesData && (c.sql[:st.clause] != c.text || c.sql[st.data:] != c.data) {
			t.Errorf("%q: text %q, data %q", c.sql, c.sql[:st.clause], c.sql[st.data:])
		}
		if (st.takesData || st.kind != "INSERT") && st.format != c.format {
			t.Errorf("%q: format %q, not %q", c.sql, st.format, c.format)
		}
	}
	for sql, want := range map[string]bool{
		"SET x = 1": true, "use db": true, "CREATE TEMPORARY TABLE t (x Int8)": true, "CREATE TABLE t (x Int8) ENGINE = Memory": false, "SELECT 1": false,
		"\u00a0SET x = 1": true, "//\nSET x = 1": true, "INSERT INTO t SELECT 1 PARALLEL WITH CREATE TEMPORARY TABLE u (x Int8)": true,
		"INSERT INTO t FORMAT CSV\n1": false, "WITH 1 AS x SELECT x": false, "ALTER TABLE t DROP PARTITION 1": false,
	} {
		if got := parse(sql).changesSession([]byte(sql)); got != want {
			t.Errorf("%q changes the session: %v", sql, got)
		}
	}
}

func FuzzStatement(f *testing.F) {
	for _, seed := range []string{"SELECT '\\", "INSERT INTO t FORMAT CSV\r\n1", "/*", "`", "INSERT INTO t VALUES", "SELECT 1 FORMAT"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		st := parse(sql)
		if st.takesData && (st.clause < 0 || st.clause > st.data || st.data > len(sql) || !strings.EqualFold(st.kind, "INSERT")) {
			t.Errorf("%q: %+v", sql, st)
		}
	})
}

func TestResponseEncodingIsOneTheClientAccepts(t *testing.T) {
	for header, want := range map[string]string{
		"": "", "gzip": "gzip", "br, gzip;q=0.5": "gzip", "zstd, lz4": "lz4", "identity": "", "gzip; q=0, br": "br", "xz": "",
	} {
		if got := acceptedEncoding(header); got != want {
			t.Errorf("%q: %q, not %q", header, got, want)
		}
	}
}
