package clickhouse

import (
	"fmt"
	"os"
	"path/filepath"
)

// Version is the version of the npm package that holds libchdb, the one that deploy/embedded/libchdb pins.
const Version = "26.7.3-stable.1"

// libraryVariable is the environment variable with the path of libchdb.
const libraryVariable = "DWELL_LIBCHDB"

// Locate returns the path of libchdb: the environment variable DWELL_LIBCHDB if it is set, else the file in the user's cache
// folder that deploy/embedded/libchdb/fetch.sh put there. The error says in one line what to do.
func Locate() (string, error) {
	if path := os.Getenv(libraryVariable); path != "" {
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("embedded ClickHouse: DWELL_LIBCHDB names %q, which cannot be read: %w", path, err)
		}
		return path, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("embedded ClickHouse: no cache folder, set DWELL_LIBCHDB to the path of libchdb: %w", err)
	}
	path := filepath.Join(cache, "dwell", "libchdb-"+Version, "libchdb.so")
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("embedded ClickHouse: libchdb %s is not on this machine (no %s): run `make setup`", Version, path)
	}
	return path, nil
}
