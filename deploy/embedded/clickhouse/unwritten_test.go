package clickhouse_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dwell/deploy/embedded/clickhouse"
	"dwell/deploy/embedded/clickhouse/clickhousetest"
)

// cutPart shortens the file of the table's one part.
func cutPart(t *testing.T, folder string) {
	t.Helper()
	file := filepath.Join(strings.TrimSpace(folder), "data.bin")
	info, err := os.Stat(file)
	if err == nil {
		err = os.Truncate(file, info.Size()-1)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestPartsThatAFullDiskHasCutAreNoDamage starts on a folder with a part that is not whole, twice because of a full disk. The number of a part
// that was not written is given again, so both have one name.
func TestPartsThatAFullDiskHasCutAreNoDamage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	engine := clickhousetest.Open(t, dir)
	const folder = "SELECT path FROM system.parts WHERE active AND table = 't'"
	for _, story := range []struct {
		full bool
		want string
	}{{false, "broken-on-start\n"}, {true, "unwritten\nbroken-on-start\n"}, {true, "unwritten\nunwritten\nbroken-on-start\n"}, {false, "unwritten\nunwritten\nbroken-on-start\nbroken-on-start\n"}} {
		ask(t, engine.Server, nil, "CREATE TABLE IF NOT EXISTS t (x UInt64) ENGINE = MergeTree ORDER BY x")
		ask(t, engine.Server, nil, "INSERT INTO t SELECT number FROM numbers(100)")
		part := ask(t, engine.Server, nil, folder)
		engine.Stop(t)
		cutPart(t, part)
		if story.full {
			if err := os.WriteFile(filepath.Join(dir, "disk-was-full"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		engine = clickhousetest.Open(t, dir)
		if got := ask(t, engine.Server, nil, "SELECT reason FROM system.detached_parts ORDER BY reason DESC"); got != story.want {
			t.Errorf("full disk %v: set aside are %q, want %q", story.full, got, story.want)
		}
	}
}

// emptyPart leaves of a part what a full disk does where its files were made and nothing could be written.
func emptyPart(t *testing.T, folder string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	for _, file := range files {
		err = errors.Join(err, os.Truncate(file, 0))
	}
	if err != nil || len(files) == 0 {
		t.Fatal(folder, err)
	}
}

// TestPartWhoseSourcesAreThereIsNoDamage kills the engine after a merge whose part is not whole, as on a full disk, and leaves no word of that. The
// engine takes the parts that were merged, so nothing is lost. Once they are gone, the same is damage.
func TestPartWhoseSourcesAreThereIsNoDamage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	engine := clickhousetest.Open(t, dir)
	ask(t, engine.Server, nil, "CREATE TABLE t (x UInt64) ENGINE = MergeTree ORDER BY x")
	const inUse = "SELECT path FROM system.parts WHERE active AND table = 't'"
	merged := func() string {
		t.Helper()
		ask(t, engine.Server, nil, "INSERT INTO t SELECT number FROM numbers(100)")
		ask(t, engine.Server, nil, "INSERT INTO t SELECT number FROM numbers(100)")
		ask(t, engine.Server, nil, "OPTIMIZE TABLE t FINAL")
		return strings.TrimSpace(ask(t, engine.Server, nil, inUse))
	}
	again := func(wantReasons, wantRows string) {
		t.Helper()
		engine = clickhousetest.Open(t, dir)
		if got := ask(t, engine.Server, nil, "SELECT reason FROM system.detached_parts ORDER BY reason DESC"); got != wantReasons {
			t.Errorf("set aside are %q, want %q", got, wantReasons)
		}
		if got := ask(t, engine.Server, nil, "SELECT count() FROM t"); got != wantRows {
			t.Errorf("%s rows are left, want %s", got, wantRows)
		}
	}
	part := merged()
	engine.Kill(t)
	emptyPart(t, part)
	again("unwritten\n", "200\n")

	part = merged()
	engine.Kill(t)
	siblings, err := filepath.Glob(filepath.Join(filepath.Dir(strings.TrimSuffix(part, "/")), "all_*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range siblings {
		if one != strings.TrimSuffix(part, "/") {
			if err := os.RemoveAll(one); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = os.Remove(filepath.Join(dir, "parts.json")) // else the parts that were merged are missed, too
	emptyPart(t, part)
	again("unwritten\nbroken-on-start\n", "0\n")
}

// TestStartThatClickHouseRefusesNamesTheTable damages more than it would set aside.
func TestStartThatClickHouseRefusesNamesTheTable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	engine := clickhousetest.Open(t, dir)
	ask(t, engine.Server, nil, "CREATE TABLE t (x UInt64) ENGINE = MergeTree ORDER BY x SETTINGS max_suspicious_broken_parts = 0")
	ask(t, engine.Server, nil, "INSERT INTO t SELECT number FROM numbers(100)")
	part := ask(t, engine.Server, nil, "SELECT path FROM system.parts WHERE active AND table = 't'")
	engine.Stop(t)
	cutPart(t, part)

	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	err = clickhouse.NewChild([]string{exe}, []string{clickhousetest.DataVariable + "=" + dir}, &log).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "table default.t has more damaged parts than ClickHouse sets aside") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v\n%s", err, log.String())
	}
}
