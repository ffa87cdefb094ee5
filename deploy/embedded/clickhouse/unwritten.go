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
	return found(dir, "store/*/*/detached/"+brokenPrefix+"*")
}

// renameUnwritten renames what this start has set aside and was not before, if the disk had run full, or it has no checksums and the parts
// that were merged into it are still there: a process that was killed while the disk was full has left no word of it.
func renameUnwritten(dir string, before []string) error {
	marker := filepath.Join(dir, fullMarker)
	_, err := os.Stat(marker)
	full := err == nil
	for _, part := range setAside(dir) {
		if slices.Contains(before, part) || !full && !(isEmpty(part) && hasSources(part)) {
			continue
		}
		if err := os.Rename(part, unwrittenName(part)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if !full {
		return nil
	}
	return os.Remove(marker)
}

// isEmpty reports whether a part has no checksums, which are written last.
func isEmpty(part string) bool {
	info, err := os.Stat(filepath.Join(part, "checksums.txt"))
	return errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0
}

// hasSources reports whether the rows of a part that was set aside are in parts that are there.
func hasSources(part string) bool {
	p, ok := parsePart(nameAside(part))
	there, _, err := partsIn(filepath.Dir(filepath.Dir(part)))
	return ok && err == nil && p.level > 0 && kept(p, there)
}

// nameAside is the name of a part as it was before it was set aside.
func nameAside(part string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(part), brokenPrefix), "_try")
	return name
}

// unwrittenName is a free name of a part that was set aside. ClickHouse gives the number of a part that it never had again, and so
// several may have one name: the later ones get a suffix, as it gives them itself.
func unwrittenName(part string) string {
	name := filepath.Join(filepath.Dir(part), unwrittenPrefix+nameAside(part))
	free := name
	for n := 1; ; n++ {
		if _, err := os.Lstat(free); err != nil {
			return free
		}
		free = fmt.Sprintf("%s_try%d", name, n)
	}
}
