package clickhouse_test

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
)

// TestClientsReachNoFileNetworkOrProgram tries the ways out of the data folder; none may read the secret or write a file.
func TestClientsReachNoFileNetworkOrProgram(t *testing.T) {
	dir := t.TempDir()
	secret, made := filepath.Join(dir, "secret"), filepath.Join(dir, "made")
	if err := os.WriteFile(secret, []byte("sesame"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := clickhousetest.Start(t)
	for _, sql := range []string{
		"SELECT file('SECRET')",
		"SELECT file('SECRET', 'default')",
		"SELECT file('SECRET', NULL)",
		"WITH x AS (SELECT file('SECRET') AS a) SELECT a FROM x",
		"SELECT file('/proc/self/environ')",
		"CREATE VIEW v AS SELECT file('SECRET')",
		"SELECT * FROM system.one SETTINGS additional_table_filters = {'system.one': 'file(\\'SECRET\\') = \\'x\\''}",
		"SELECT * FROM eval('SELECT file(''SECRET'')') SETTINGS allow_experimental_eval_table_function = 1",
		"SELECT * FROM file('SECRET', LineAsString, 'a String')",
		"SELECT * FROM default.`SECRET`",
		"DESCRIBE file('SECRET', LineAsString)",
		"EXPLAIN SELECT * FROM file('SECRET', LineAsString)",
		"INSERT INTO FUNCTION file('MADE', CSV, 'a Int8') SELECT 1",
		"INSERT INTO FUNCTION file('MADE', CSV, 'a Int8') VALUES (1)",
		"SELECT 1 INTO OUTFILE 'MADE'",
		"SELECT $$'$$ INTO/**/outfile 'MADE'",
		"CREATE TABLE t (a String) ENGINE = File(CSV, 'MADE')",
		"CREATE TEMPORARY TABLE t (a String) ENGINE = File(CSV)",
		"CREATE DATABASE fs ENGINE = Filesystem('/')",
		"CREATE DICTIONARY d (a String, b String) PRIMARY KEY a SOURCE(FILE(path 'SECRET' format 'CSV')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)",
		"CREATE TABLE t (a String) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = 'object_storage', object_storage_type = 'local', metadata_type = 'plain', path = 'MADE/')",
		"SELECT 1 FORMAT Template SETTINGS format_template_row = 'SECRET'",
		"SELECT * FROM format(Protobuf, 'x') SETTINGS format_schema = 'SECRET:X'",
		"SELECT 1 AS x FORMAT CapnProto SETTINGS output_format_schema = 'MADE'",
		"BACKUP DATABASE default TO File('MADE')",
		"SELECT * FROM url('http://127.0.0.1:1/', LineAsString, 'a String')",
		"SELECT * FROM s3('http://127.0.0.1:1/bucket/key', LineAsString, 'a String')",
		"SELECT * FROM remote('127.0.0.1', system.one)",
		"SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')",
		"SELECT * FROM executable('x.sh', TSV, 'a String')",
		"CREATE USER other",
		"GRANT ALL ON *.* TO default",
		"SYSTEM SHUTDOWN",
	} {
		sql = strings.NewReplacer("SECRET", secret, "MADE", made).Replace(sql)
		answer, err := http.Post(s.URL()+"?database="+url.QueryEscape(s.Database), "text/plain", strings.NewReader(sql))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || answer.StatusCode == http.StatusOK || strings.Contains(string(body), "sesame") {
			t.Errorf("%s: %s %q %v", sql, answer.Status, body, err)
		}
		if info, err := os.Stat(made); err == nil && info.IsDir() {
			_ = os.Remove(made) // the engine leaves an empty folder for a disk that it then refuses
		}
		if _, err := os.Stat(made); err == nil {
			t.Errorf("%s: wrote %s", sql, made)
			_ = os.RemoveAll(made)
		}
	}
}
