package clickhouse_test

import (
	"path/filepath"
	"strings"
	"testing"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
)

// TestClientsHaveTheRightsOfTables compares what the engine grants with the short list, and tries statements of each other kind.
func TestClientsHaveTheRightsOfTables(t *testing.T) {
	engine := clickhousetest.Open(t, filepath.Join(t.TempDir(), "data"))
	t.Cleanup(func() { engine.Kill(t) })
	s := engine.Server
	rights, _, _ := strings.Cut(strings.TrimPrefix(ask(t, s, nil, "SHOW GRANTS"), "GRANT "), " ON *.* TO default\n")
	if want := "CHECK, SHOW DATABASES, SHOW TABLES, SHOW COLUMNS, SELECT, INSERT, ALTER UPDATE, ALTER DELETE, ALTER COLUMN, ALTER MODIFY COMMENT, " +
		"ALTER INDEX, ALTER STATISTICS, ALTER PROJECTION, ALTER CONSTRAINT, ALTER TTL, ALTER SETTINGS, ALTER VIEW, CREATE DATABASE, CREATE TABLE, " +
		"CREATE VIEW, CREATE TEMPORARY TABLE, CREATE TEMPORARY VIEW, DROP DATABASE, DROP TABLE, DROP VIEW, TRUNCATE, OPTIMIZE, KILL QUERY"; rights != want {
		t.Errorf("granted are\n%s, want\n%s", rights, want)
	}
	ask(t, s, nil, "CREATE TABLE trucks (id UInt64) ENGINE = MergeTree ORDER BY id")
	ask(t, s, nil, "INSERT INTO trucks VALUES (1)")
	ask(t, s, nil, "CREATE DATABASE d")
	ask(t, s, nil, "CREATE TABLE d.trucks (id UInt64) ENGINE = MergeTree ORDER BY id")
	for _, sql := range []string{
		// Users and their rights.
		"CREATE USER guest", "ALTER USER default IDENTIFIED BY 'x'", "DROP USER default", "CREATE ROLE r", "GRANT ALL ON *.* TO default", "CREATE QUOTA q",
		"CREATE ROW POLICY p ON trucks USING 1 TO ALL", "CREATE SETTINGS PROFILE p", "SHOW ACCESS", "EXECUTE AS default SELECT 1",
		// What is beside tables.
		"CREATE NAMED COLLECTION c AS a = 1", "CREATE FUNCTION f AS (x) -> x", "CREATE WORKLOAD all", "CREATE RESOURCE r (WRITE DISK default)",
		"CREATE DICTIONARY d (id UInt64) PRIMARY KEY id SOURCE(CLICKHOUSE(TABLE 'trucks')) LAYOUT(FLAT()) LIFETIME(0)",
		// Copies.
		"BACKUP TABLE trucks TO Disk('default', 'b')", "BACKUP TABLE trucks TO Memory('b')", "RESTORE TABLE trucks FROM Memory('b')",
		"ALTER TABLE trucks FREEZE", "ALTER TABLE trucks FREEZE WITH NAME '../../x'", "ALTER TABLE trucks FETCH PARTITION tuple() FROM '/x'",
		"ALTER TABLE trucks MOVE PARTITION tuple() TO DISK 'other'",
		// The engine itself.
		"SYSTEM SHUTDOWN", "SYSTEM KILL", "SYSTEM STOP MERGES trucks", "SYSTEM FLUSH LOGS", "SYSTEM RELOAD CONFIG", "SYSTEM DROP MARK CACHE",
		"SYSTEM ENABLE FAILPOINT x", "SYSTEM UNFREEZE WITH NAME 'x'", "SYSTEM JEMALLOC PURGE", "SYSTEM RELOAD DICTIONARIES",
		"DROP DATABASE default", "DROP DATABASE IF EXISTS default SYNC", "DETACH DATABASE default", "RENAME DATABASE default TO other",
		// What would work on without a client.
		"CREATE MATERIALIZED VIEW d.v1 REFRESH EVERY 1 SECOND TO d.trucks AS SELECT 1 AS id",
		"CREATE MATERIALIZED VIEW d.v2/**/refresh after 1 second APPEND (id UInt64) ENGINE = Memory AS SELECT 1 AS id",
		"CREATE TEMPORARY TABLE x (id UInt8) PARALLEL WITH CREATE MATERIALIZED VIEW d.v3 REFRESH EVERY 1 HOUR OFFSET 5 MINUTE (id UInt64) ENGINE = Memory AS SELECT 1 AS id",
		"CREATE WINDOW VIEW d.w ENGINE = Memory AS SELECT count() FROM (SELECT 1, now() AS time) GROUP BY tumble(time, INTERVAL '1' SECOND) SETTINGS allow_experimental_window_view = 1, enable_analyzer = 0",
		// What describes the engine's own memory, and would take all threads.
		"SELECT addressToSymbol(1)", "SELECT demangle('x')", "SELECT 1 SETTINGS max_threads = 1000", "SELECT 1 SETTINGS max_insert_threads = 1000",
	} {
		response, answer := post(t, s, nil, sql)
		if response.Header.Get("X-ClickHouse-Exception-Code") == "" {
			t.Errorf("%s: %s %s", sql, response.Status, answer)
		}
	}
	// A connection is made for each session, which begins in the database default.
	if got := ask(t, s, map[string][]string{"session_id": {"new"}}, "SELECT count() FROM trucks"); got != "1\n" {
		t.Errorf("afterwards: %q", got)
	}
}

// TestStacksOfThreadsDoNotEndTheProcess reads the table for which the engine sends a signal to each of its process's threads.
func TestStacksOfThreadsDoNotEndTheProcess(t *testing.T) {
	engine := clickhousetest.Open(t, filepath.Join(t.TempDir(), "data"))
	t.Cleanup(func() { engine.Kill(t) })
	const wait = " SETTINGS storage_system_stack_trace_pipe_read_timeout_ms = 1" // of each thread
	for range 40 {                                                               // the signal has to find a thread in the midst of Go's code
		ask(t, engine.Server, nil, "SELECT * FROM system.stack_trace FORMAT Null"+wait)
	}
	ask(t, engine.Server, nil, "SELECT * FROM merge('system', '^stack_trace$') FORMAT Null"+wait)
	if got := ask(t, engine.Server, nil, "SELECT 1"); got != "1\n" {
		t.Errorf("afterwards: %q", got)
	}
}
