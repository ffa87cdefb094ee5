package clickhouse

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestVersionMatchesThePin(t *testing.T) {
	var pinned struct {
		OptionalDependencies map[string]string `json:"optionalDependencies"`
	}
	text, err := os.ReadFile("../libchdb/package.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &pinned); err != nil {
		t.Fatal(err)
	}
	for name, version := range pinned.OptionalDependencies {
		if version != Version {
			t.Errorf("%s is pinned to %s, but Version is %s", name, version, Version)
		}
	}
	lock, err := os.ReadFile("../libchdb/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(lock), `"resolved"`) {
		t.Error("the lock file names a registry")
	}
}

func TestMissingLibraryNamesTheCommand(t *testing.T) {
	t.Setenv("DWELL_LIBCHDB", "")
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", "")
	if _, err := Locate(); err == nil || !strings.Contains(err.Error(), "run `make setup`") {
		t.Errorf("nothing fetched: %v", err)
	}
	gone := filepath.Join(t.TempDir(), "gone.so")
	t.Setenv("DWELL_LIBCHDB", gone)
	if _, err := Locate(); err == nil || !strings.Contains(err.Error(), gone) {
		t.Errorf("a wrong DWELL_LIBCHDB: %v", err)
	}
}
