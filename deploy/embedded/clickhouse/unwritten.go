package clickhouse

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A part that was not written whole because the disk ran full is set aside at the next start, as a damaged part is. It is no
// loss: nothing of it was acknowledged, or the parts that were merged into it are still there (room.go). So it gets another
// name, and whoever looks for damage does not find it. Damage that happens between these two starts is hidden with it.

// fullMarker is a file in the data folder that says so of the next start.
const fullMarker = "disk-was-full"

const (
	brokenPrefix    = "broken-on-start_"
	unwrittenPrefix = "unwritten_"
)

// setAside are the parts that starts have set aside.
func setAside(dir string) []string {
	all, _ := filepath.Glob(filepath.Join(dir, "store", "*", "*", "detached", brokenPrefix+"*")) // the pattern is valid
	return all
}

// renameUnwritten renames what this start has set aside and was not before, if the disk had run full.
func renameUnwritten(dir string, before []string) error {
	marker := filepath.Join(dir, fullMarker)
	if _, err := os.Stat(marker); err != nil {
		return nil
	}
	for _, part := range setAside(dir) {
		if slices.Contains(before, part) {
			continue
		}
		if err := os.Rename(part, unwrittenName(part)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.Remove(marker)
}

// unwrittenName is a free name of a part that was set aside. ClickHouse gives the number of a part that it never had again, and so
// several may have one name: the later ones get a suffix, as it gives them itself.
func unwrittenName(part string) string {
	folder, name := filepath.Split(part)
	name, _, _ = strings.Cut(strings.TrimPrefix(name, brokenPrefix), "_try")
	name = filepath.Join(folder, unwrittenPrefix+name)
	free := name
	for n := 1; ; n++ {
		if _, err := os.Lstat(free); err != nil {
			return free
		}
		free = fmt.Sprintf("%s_try%d", name, n)
	}
}
