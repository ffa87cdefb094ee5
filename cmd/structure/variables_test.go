package structure

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// notKeys mark processes of the embedded ClickHouse; they are not configuration.
var notKeys = []string{"DWELL_CLICKHOUSE_CONFINED", "DWELL_CLICKHOUSE_CONFINED_TO", "DWELL_CLICKHOUSE_LIST_EVERY", "DWELL_CLICKHOUSE_PARENT"}

// Environment variables that set keys stand in programs, scripts and documents, where no compiler sees that a key has
// another name now.
func TestVariablesOfKeysExist(t *testing.T) {
	variable := regexp.MustCompile(`\bDWELL_(?:KAFKA|CLICKHOUSE|ENGINE|DASHBOARDS|TRACING|LOG)_[A-Z0-9_]*[A-Z0-9]\b`)
	var known []string
	for _, name := range variable.FindAll(read(t, "deploy/CONFIGURATION.md"), -1) {
		known = append(known, string(name))
	}
	for _, p := range allPaths(t) {
		if info, err := os.Stat(filepath.Join(root, p)); err != nil || info.IsDir() {
			continue
		}
		for _, name := range variable.FindAll(read(t, p), -1) {
			if !slices.Contains(known, string(name)) && !slices.Contains(notKeys, string(name)) {
				t.Errorf("%s names %s, which is not a key of deploy/CONFIGURATION.md", p, name)
			}
		}
	}
}
