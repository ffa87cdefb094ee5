package clickhouse_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dwell/deploy/embedded/clickhouse"
	"dwell/deploy/embedded/clickhouse/clickhousetest"
)

// attacks are statements that reach out of the data folder, one after another where ";; " separates them. SECRET is a file that
// holds a secret, FOLDER its folder, MADE a path where nothing is, OTHER a database that does not exist, SERVER a listener, and x.sh a program in the engine's folder of
// scripts.
var attacks = []string{
	// Files that are read.
	"SELECT file('SECRET')",
	"SELECT file('SECRET', 'default')",
	"WITH x AS (SELECT file('SECRET') AS a) SELECT a FROM x",
	"CREATE VIEW v AS SELECT file('SECRET');; SELECT * FROM v",
	"CREATE VIEW v SQL SECURITY NONE AS SELECT * FROM file('SECRET', LineAsString, 'a String');; SELECT * FROM v",
	`SELECT * FROM system.one SETTINGS additional_table_filters = {'system.one': 'throwIf(1, file(\'SECRET\'))'}`,
	"SELECT * FROM eval('SELECT file(''SECRET'')') SETTINGS allow_experimental_eval_table_function = 1",
	"SELECT * FROM file('SECRET', LineAsString, 'a String')",
	"SELECT * FROM default.`SECRET`",
	"SELECT * FROM filesystem('FOLDER')",
	"CREATE TABLE t (a String) ENGINE = Memory;; INSERT INTO t FROM INFILE 'SECRET' FORMAT LineAsString;; SELECT * FROM t",
	"CREATE TABLE t (a String) ENGINE = File(LineAsString, 'SECRET');; SELECT * FROM t",
	"CREATE DATABASE OTHER ENGINE = Filesystem('FOLDER');; SELECT * FROM OTHER.secret",
	"SELECT 1 FORMAT Template SETTINGS format_template_row = 'SECRET'",
	"SELECT 1 FORMAT Template SETTINGS format_template_resultset = 'SECRET'",
	// Files that are written.
	"INSERT INTO FUNCTION file('MADE', CSV, 'a Int8') SELECT 1",
	"INSERT INTO FUNCTION file('MADE', CSV, 'a Int8') VALUES (1)",
	"SELECT 1 INTO OUTFILE 'MADE'",
	"SELECT $$'$$ INTO/**/outfile 'MADE'",
	"CREATE TABLE t (a String) ENGINE = File(CSV, 'MADE');; INSERT INTO t VALUES ('x')",
	"CREATE TABLE t (a Int8) ENGINE = EmbeddedRocksDB(0, 'MADE') PRIMARY KEY a",
	"CREATE TABLE t (a Int8) ENGINE/**/`\\x45mbeddedRocksDB`(0, 'MADE') PRIMARY KEY a",
	"CREATE TABLE t (a Int8) ENGINE = Memory PARALLEL WITH CREATE TABLE t2 (a Int8) ENGINE = EmbeddedRocksDB(0, 'MADE') PRIMARY KEY a",
	"CREATE TABLE t (a String) ENGINE = SQLite('MADE', 't')",
	"CREATE DATABASE OTHER ENGINE = SQLite('MADE')",
	"CREATE TABLE t (a String) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = 'object_storage', object_storage_type = 'local', metadata_type = 'plain', path = 'MADE/')",
	"CREATE TABLE t (a String) ENGINE = MergeTree ORDER BY a SETTINGS `disk` = `disk`(type = local, path = 'MADE/')",
	"CREATE TABLE t (a String) ENGINE = MergeTree ORDER BY a;; ALTER TABLE t MODIFY SETTING disk = disk(type = local, path = 'MADE/')",
	"CREATE DATABASE OTHER ENGINE = Atomic SETTINGS disk = disk(type = local, path = 'MADE/')",
	"CREATE TABLE t (a Int8) ENGINE = Memory;; INSERT INTO t SETTINGS input_format_record_errors_file_path = 'MADE', input_format_allow_errors_num = 10 FORMAT CSV x",
	// Servers that are connected to.
	"SELECT * FROM url('http://SERVER/', LineAsString, 'a String')",
	"SELECT * FROM s3('http://SERVER/bucket/key', NOSIGN, LineAsString, 'a String')",
	"SELECT * FROM remote('SERVER', system.one)",
	"SELECT * FROM mysql('SERVER', 'd', 't', 'u', 'p')",
	"SELECT * FROM postgresql('SERVER', 'd', 't', 'u', 'p')",
	"SELECT * FROM mongodb('SERVER', 'd', 't', 'u', 'p', 'a String')",
	"SELECT * FROM redis('SERVER', 'a', 'a String, b String')",
	"SELECT * FROM hdfs('hdfs://SERVER/x', CSV, 'a String')",
	"SELECT * FROM azureBlobStorage('http://SERVER/account', 'c', 'b', 'account', 'a2V5', CSV, 'auto', 'a String')",
	"CREATE TABLE t (a String) ENGINE = URL('http://SERVER/', CSV);; SELECT * FROM t",
	"CREATE TABLE t (a String) ENGINE = Remote('SERVER', 'system', 'one');; SELECT * FROM t",
	"CREATE TABLE t (a String) ENGINE = MySQL('SERVER', 'd', 't', 'u', 'p');; SELECT * FROM t",
	"CREATE TABLE t (a String) ENGINE = Kafka('SERVER', 't', 'g', 'LineAsString');; SELECT * FROM t SETTINGS stream_like_engine_allow_direct_select = 1",
	"CREATE TABLE t (a String) ENGINE = Redis('SERVER') PRIMARY KEY a;; SELECT * FROM t",
	"CREATE DATABASE OTHER ENGINE = MySQL('SERVER', 'd', 'u', 'p')",
	"CREATE DATABASE OTHER ENGINE = PostgreSQL('SERVER', 'd', 'u', 'p');; SHOW TABLES FROM OTHER",
	"CREATE DICTIONARY d (a UInt64, b String) PRIMARY KEY a SOURCE(HTTP(url 'http://SERVER/' format 'CSV')) LAYOUT(FLAT()) LIFETIME(0);; SELECT * FROM dictionary(d)",
	"SELECT * FROM format(AvroConfluent, 'a String', unhex('0000000001aa')) SETTINGS format_avro_schema_registry_url = 'http://SERVER/'",
	// Programs that are run.
	"SELECT * FROM executable('x.sh', TSV, 'a String')",
	"CREATE TABLE t AS executable('x.sh', TSV, 'a String');; SELECT * FROM t",
	"CREATE TABLE t (a String) ENGINE = Executable('x.sh', TSV);; SELECT * FROM t",
	"CREATE TABLE t (a String) ENGINE = ExecutablePool('x.sh', TSV);; SELECT * FROM t",
	"CREATE DICTIONARY d (a String, b String) PRIMARY KEY a SOURCE(EXECUTABLE(command 'touch MADE' format 'TSV')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0);; SELECT * FROM dictionary(d)",
}

const secret = "sesame"

// victim is what attacks may reach from an engine.
type victim struct {
	clickhousetest.Server
	folder, scripts string
	listener        net.Listener
	connections     atomic.Int64
	attacks         int
}

func newVictim(t *testing.T, env ...string) *victim {
	t.Helper()
	v := &victim{folder: t.TempDir()}
	data := filepath.Join(t.TempDir(), "data")
	v.scripts = filepath.Join(data, "user_scripts")
	if err := os.MkdirAll(v.scripts, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(v.folder, "secret"), secret, 0o644)
	write(t, filepath.Join(v.scripts, "x.sh"), "#!/bin/sh\ntouch \"$0.ran\"\n", 0o755)
	var err error
	if v.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.listener.Close() })
	go func() {
		for {
			c, err := v.listener.Accept()
			if err != nil {
				return
			}
			v.connections.Add(1)
			_ = c.Close()
		}
	}()
	engine := clickhousetest.Open(t, data, env...)
	t.Cleanup(func() { engine.Kill(t) }) // what it tries again and again need not end
	v.Server = engine.Server
	return v
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// attack runs the statements until one of them has reached something, and says what; empty is nothing. Answers are those of
// the statements that ended before.
func (v *victim) attack(t *testing.T, statements string) (reached, answers string) {
	t.Helper()
	v.attacks++
	v.Database = "default"
	database := fmt.Sprintf("attack_%d", v.attacks)
	if answer, err := v.send(t.Context(), "CREATE DATABASE "+database); err != nil || answer != "" {
		t.Fatal(answer, err)
	}
	v.Database = database
	made := filepath.Join(v.folder, fmt.Sprintf("made%d", v.attacks))
	_ = os.Remove(filepath.Join(v.scripts, "x.sh.ran"))
	before := v.connections.Load()
	statements = strings.NewReplacer("SECRET", filepath.Join(v.folder, "secret"), "FOLDER", v.folder, "MADE", made, "OTHER", database+"_other",
		"SERVER", v.listener.Addr().String()).Replace(statements)

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	var all bytes.Buffer
	go func() {
		defer close(ended)
		for sql := range strings.SplitSeq(statements, ";; ") {
			answer, err := v.send(ctx, sql)
			fmt.Fprintln(&all, answer, err)
		}
	}()
	effect := func() string {
		if _, err := os.Stat(made); err == nil {
			return "a file was written"
		}
		if _, err := os.Stat(filepath.Join(v.scripts, "x.sh.ran")); err == nil {
			return "a program was run"
		}
		if v.connections.Load() > before {
			return "a server was connected to"
		}
		return ""
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for waiting := true; waiting && reached == ""; reached = effect() {
		select {
		case <-ended:
			waiting = false
		case <-tick.C:
		}
	}
	cancel()
	<-ended
	if reached == "" && strings.Contains(all.String(), secret) {
		reached = "a file was read"
	}
	return reached, all.String()
}

func (v *victim) send(ctx context.Context, sql string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, v.URL()+"?database="+v.Database, strings.NewReader(sql))
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return string(text), err
}

// TestClientsReachNoFileServerOrProgram holds two engines to each attack: it must succeed where nothing is guarded, or it would
// prove nothing, and fail where the engine is guarded and Linux does not help.
func TestClientsReachNoFileServerOrProgram(t *testing.T) {
	open := newVictim(t, clickhousetest.UnguardedVariable+"=1")
	guarded := newVictim(t, clickhouse.ConfinedVariable+"=1") // it is not, and leaves all to the engine
	for _, sql := range attacks {
		if reached, answers := open.attack(t, sql); reached == "" {
			t.Errorf("%s reaches nothing without the guard:\n%s", sql, answers)
		}
		if reached, answers := guarded.attack(t, sql); reached != "" {
			t.Errorf("%s: %s\n%s", sql, reached, answers)
		}
	}
}

// TestOnlyEnginesThatKeepTheirDataHereAreAllowed creates a table of each engine that libchdb has.
func TestOnlyEnginesThatKeepTheirDataHereAreAllowed(t *testing.T) {
	s := clickhousetest.Start(t)
	var allowed []string
	for engine := range strings.FieldsSeq(ask(t, s, nil, "SELECT DISTINCT name FROM (SELECT name FROM system.table_engines UNION ALL SELECT name FROM system.database_engines)")) {
		// Without arguments some are an error of the engine, but not before they are allowed.
		response, _ := post(t, s, nil, "CREATE TABLE t_"+engine+" (a String) ENGINE = "+engine)
		if code := response.Header.Get("X-ClickHouse-Exception-Code"); code != "497" {
			allowed = append(allowed, engine)
		}
	}
	slices.Sort(allowed)
	if want := []string{
		"AggregatingMergeTree", "Atomic", "Buffer", "CoalescingMergeTree", "CollapsingMergeTree", "GenerateRandom", "Join", "Log", "Memory",
		"Merge", "MergeTree", "Null", "ReplacingMergeTree", "Set", "StripeLog", "SummingMergeTree", "TinyLog", "VersionedCollapsingMergeTree",
	}; !slices.Equal(allowed, want) {
		t.Errorf("allowed are %q, want %q", allowed, want)
	}
	for _, sql := range []string{
		"CREATE TABLE trucks (engine String, `create` UInt8) ENGINE = MergeTree ORDER BY engine COMMENT 'the disk of an engine'",
		"INSERT INTO trucks (engine, `create`) VALUES ('diesel', 1)",
		"ALTER TABLE trucks ADD COLUMN disk UInt8; -- and no more\n",
		"INSERT INTO trucks SELECT replace(engine, 'd', 'D'), 2, 3 FROM trucks WHERE disk = length('')",
		"CREATE VIEW v AS SELECT engine FROM trucks WHERE engine = 'diesel' OR disk = ascii('x')",
	} {
		ask(t, s, nil, sql)
	}
	ask(t, s, url.Values{"param_table": {"named"}}, "CREATE TABLE {table:Identifier} (a Int8) ENGINE = Memory")
}

func TestSyntaxErrorOfATableIsOfTheStatementAsItWasSent(t *testing.T) {
	s := clickhousetest.Start(t)
	for _, sql := range []string{"CREATE TABEL t (a String)", "CREATE TABLE t (a String COMMENT 'it\\'s') ENGINE = Memory ODER BY a", "INSERT INTO create t VALUES (1)"} {
		response, text := post(t, s, nil, sql)
		if code := response.Header.Get("X-ClickHouse-Exception-Code"); code != "62" || strings.Contains(text, "formatQuery") || !strings.HasSuffix(strings.TrimSpace(text), " (SYNTAX_ERROR)") {
			t.Errorf("%s: code %q, %s", sql, code, text)
		}
	}
}

// TestTablesOfTheEngineItselfStay tries to drop what every statement needs, on an engine that no other test uses.
func TestTablesOfTheEngineItselfStay(t *testing.T) {
	engine := clickhousetest.Open(t, filepath.Join(t.TempDir(), "data"))
	t.Cleanup(func() { engine.Kill(t) })
	for _, sql := range []string{
		"DROP TABLE system.one",
		"DETACH TABLE system.one",
		"TRUNCATE DATABASE system",
		"DROP DATABASE system",
		"DROP DATABASE `system` SYNC",
		"DETACH DATABASE system",
		"RENAME TABLE system.one TO default.one",
		"CREATE OR REPLACE TABLE system.one (dummy UInt8) ENGINE = Memory",
		"CREATE TABLE system.mine (a UInt8) ENGINE = Memory",
		"DROP DATABASE INFORMATION_SCHEMA",
		"DROP DATABASE information_schema",
		"DROP VIEW INFORMATION_SCHEMA.tables",
	} {
		if response, answer := post(t, engine.Server, nil, sql); response.Header.Get("X-ClickHouse-Exception-Code") != "497" {
			t.Errorf("%s: %s %s, want ACCESS_DENIED", sql, response.Status, answer)
		}
	}
	if got := ask(t, engine.Server, nil, "SELECT 1"); got != "1\n" {
		t.Errorf("SELECT 1: %q", got)
	}
}
