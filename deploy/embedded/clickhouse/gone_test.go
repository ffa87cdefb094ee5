package clickhouse_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dwell/deploy/embedded/clickhouse"
	"dwell/deploy/embedded/clickhouse/clickhousetest"
)

const goneParts = "SELECT table, name FROM system.detached_parts WHERE reason LIKE 'broken%' ORDER BY table, name"

// partOf is the folder of a part in use of the table.
func partOf(t *testing.T, s clickhousetest.Server, table string) string {
	t.Helper()
	return strings.TrimSpace(ask(t, s, nil, "SELECT path FROM system.parts WHERE active AND table = '"+table+"' ORDER BY name LIMIT 1"))
}

// TestPartThatIsGoneIsSaidUntilItIsBack removes the folder of one of two parts while the engine is stopped, and puts it back.
func TestPartThatIsGoneIsSaidUntilItIsBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	engine := clickhousetest.Open(t, dir)
	ask(t, engine.Server, nil, "CREATE DATABASE dwell")
	ask(t, engine.Server, nil, "CREATE TABLE dwell.t (x UInt64) ENGINE = MergeTree ORDER BY x")
	ask(t, engine.Server, nil, "INSERT INTO dwell.t SELECT number FROM numbers(100)")
	ask(t, engine.Server, nil, "INSERT INTO dwell.t SELECT number FROM numbers(10)")
	part, away := partOf(t, engine.Server, "t"), filepath.Join(t.TempDir(), "away")
	engine.Stop(t)
	if err := os.Rename(part, away); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second start remembers it
		engine = clickhousetest.Open(t, dir)
		if got, want := ask(t, engine.Server, nil, goneParts), "t\tbroken-gone_all_1_1_0\n"; got != want {
			t.Fatalf("gone are %q, want %q", got, want)
		}
		engine.Stop(t)
	}
	if err := os.Rename(away, strings.TrimSuffix(part, "/")); err != nil {
		t.Fatal(err)
	}
	engine = clickhousetest.Open(t, dir)
	if got := ask(t, engine.Server, nil, goneParts); got != "" {
		t.Errorf("gone are %q after all are back", got)
	}
	if got := ask(t, engine.Server, nil, "SELECT count() FROM dwell.t"); got != "110\n" {
		t.Errorf("%s rows", got)
	}
}

// TestNothingIsGoneThatWasTakenAwayInOrder does all that takes parts away, at random, and kills the engine. What was superseded is removed
// from the disk after a second, and the list may be older than the disk by less than that, as it is otherwise within a minute.
func TestNothingIsGoneThatWasTakenAwayInOrder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	chance := rand.New(rand.NewPCG(7, 7))
	var done []string
	for round := range 8 {
		engine := clickhousetest.Open(t, dir, listEveryVariable+"=300ms")
		s := engine.Server
		if got := ask(t, s, nil, goneParts); got != "" {
			t.Fatalf("round %d: gone are %q, after %q", round, got, done)
		}
		ask(t, s, nil, "CREATE DATABASE IF NOT EXISTS dwell")
		for _, table := range []string{"a", "b"} {
			ask(t, s, nil, "CREATE TABLE IF NOT EXISTS dwell."+table+` (x UInt64, day UInt8) ENGINE = ReplacingMergeTree PARTITION BY day ORDER BY x
				SETTINGS old_parts_lifetime = 1, cleanup_delay_period = 0, cleanup_delay_period_random_add = 0`)
		}
		done = nil
		for range 12 {
			table := "dwell." + string("ab"[chance.IntN(2)])
			day := chance.IntN(3)
			statement := [...]string{
				fmt.Sprintf("INSERT INTO %s SELECT number, %d FROM numbers(%d)", table, day, 1+chance.IntN(50)),
				fmt.Sprintf("INSERT INTO %s SELECT number, %d FROM numbers(%d)", table, day, 1+chance.IntN(50)),
				fmt.Sprintf("INSERT INTO %s SELECT number, %d FROM numbers(%d)", table, day, 1+chance.IntN(50)),
				"OPTIMIZE TABLE " + table + " FINAL",
				fmt.Sprintf("ALTER TABLE %s DELETE WHERE day = %d", table, day), // leaves empty parts, which go away
				fmt.Sprintf("ALTER TABLE %s DELETE WHERE x %% 3 = %d", table, day),
				fmt.Sprintf("ALTER TABLE %s DROP PARTITION %d", table, day),
				"TRUNCATE TABLE " + table,
				fmt.Sprintf("DROP TABLE %s SYNC", table),
				"EXCHANGE TABLES dwell.a AND dwell.b",
			}[chance.IntN(10)]
			if strings.HasPrefix(statement, "DROP") {
				ask(t, s, nil, statement)
				statement = ask(t, s, nil, "SELECT create_table_query FROM system.tables WHERE database = 'dwell' LIMIT 1")
				for _, name := range []string{"a", "b"} {
					if strings.HasPrefix(statement, "CREATE TABLE dwell."+name) {
						statement = strings.Replace(statement, "dwell."+name, table, 1)
					}
				}
			}
			ask(t, s, nil, statement)
			done = append(done, statement)
		}
		ask(t, s, nil, "SELECT sleep("+fmt.Sprint(chance.Float64())+")") // until the parts are listed, or not
		for _, table := range []string{"dwell.a", "dwell.b"}[:chance.IntN(3)] {
			statement := []string{"TRUNCATE TABLE ", "DROP TABLE "}[chance.IntN(2)] + table + " SYNC"
			ask(t, s, nil, statement)
			done = append(done, statement)
		}
		if round%4 == 3 {
			engine.Stop(t)
		} else {
			engine.Kill(t)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "parts.json")); errors.Is(err, fs.ErrNotExist) {
		t.Error("there was no list")
	}
}

// TestKeptAreRowsInAPartThatCoversOrInAllThatWereMerged is about the names of parts alone.
func TestKeptAreRowsInAPartThatCoversOrInAllThatWereMerged(t *testing.T) {
	for _, story := range []struct {
		part, there string
		want        bool
	}{
		{"all_1_1_0", "", false},
		{"all_1_1_0", "all_1_1_0", true},
		{"all_1_1_0", "all_2_2_0", false},
		{"202611_1_1_0", "202612_1_1_0", false},
		{"all_2_2_0", "all_1_3_1", true},
		{"all_2_2_0_7", "all_1_3_1", false}, // without the mutation
		{"all_2_2_0", "all_2_2_0_7", true},
		{"all_1_3_1", "all_1_1_0 all_2_2_0 all_3_3_0", true}, // the merge was not finished
		{"all_1_3_1", "all_2_2_0 all_3_3_0", false},
		{"all_1_3_2", "all_1_2_1 all_4_4_0", false},
	} {
		if got := clickhouse.Kept(story.part, strings.Fields(story.there)); got != story.want {
			t.Errorf("%s with %q: %v", story.part, story.there, got)
		}
	}
}
