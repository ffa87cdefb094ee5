package clickhouse

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// The engine takes a database or a table whose definition is gone for one that was never made, and dwell would make it anew beside the
// rows that it had. So a folder that has rows of no table is refused, as is one without a table that was there.

// definition is how each file in metadata begins.
var definition = regexp.MustCompile(`^ATTACH [A-Z ]+ _ UUID '([0-9a-f-]{36})'`)

// definedUUID is the UUID in a file that is whole: the engine ends each with a line break.
func definedUUID(file string) (string, bool) {
	text, err := os.ReadFile(file)
	m := definition.FindSubmatch(text)
	if err != nil || m == nil || !bytes.HasSuffix(text, []byte("\n")) {
		return "", false
	}
	return string(m[1]), true
}

// checkMetadata refuses a folder in which the definition of a table with rows, or of one in the list, is gone or damaged.
func checkMetadata(dir string, list []listedTable) error {
	defined := map[string]bool{} // by UUID
	for _, tables := range tableDefinitions(dir) {
		for _, file := range tables {
			uuid, ok := definedUUID(file)
			if !ok {
				return damagedDefinition(dir, file)
			}
			defined[uuid] = true
		}
	}
	for _, t := range list {
		if !defined[t.UUID] {
			return undefined(dir, t.UUID, filepath.Join(dir, "metadata", t.Database, t.Name+".sql"))
		}
	}
	for _, folder := range found(dir, "store/*/*") {
		uuid := filepath.Base(folder)
		if defined[uuid] {
			continue
		}
		parts, _, err := partsIn(folder)
		if err != nil || len(parts) == 0 {
			continue
		}
		if len(found(dir, "metadata_dropped/*"+uuid+"*")) == 0 {
			return undefined(dir, uuid, "")
		}
	}
	return nil
}

// found are the files of the data folder that match a pattern. The folder's own path may have characters of patterns. What names the
// engine gives to files has none of them.
func found(dir, pattern string) (files []string) {
	names, _ := fs.Glob(os.DirFS(dir), pattern) // the pattern is valid
	for _, name := range names {
		files = append(files, filepath.Join(dir, name))
	}
	return files
}

// tableDefinitions are the files that define tables, by database. The engine makes the first database itself.
func tableDefinitions(dir string) map[string][]string {
	all := map[string][]string{}
	all[firstDatabase] = found(dir, "metadata/"+firstDatabase+"/*.sql")
	for _, file := range found(dir, "metadata/*.sql") {
		name := strings.TrimSuffix(filepath.Base(file), ".sql")
		uuid, _ := definedUUID(file)
		link, err := os.Readlink(filepath.Join(dir, "metadata", name))
		if err == nil && filepath.Base(link) == uuid {
			all[name] = found(dir, "metadata/"+name+"/*.sql")
		}
	}
	return all
}

// undefined names the file that would define the table.
func undefined(dir, uuid, file string) error {
	for _, link := range found(dir, "data/*/*") {
		if to, err := os.Readlink(link); err == nil && filepath.Base(to) == uuid {
			file = filepath.Join(dir, "metadata", filepath.Base(filepath.Dir(link)), filepath.Base(link)+".sql")
		}
	}
	if file == "" {
		return fmt.Errorf("no file in %q defines the table that has the rows in %q: %s", filepath.Join(dir, "metadata"), tableFolder(dir, uuid), wayOut(dir))
	}
	if defines, ok := definedUUID(file); ok && defines == uuid { // the link of the database leads to it, and the file beside the link does not
		file = filepath.Dir(file) + ".sql"
	}
	return damagedDefinition(dir, file)
}

func damagedDefinition(dir, file string) error {
	return fmt.Errorf("file %q is missing or damaged, without which the engine does not find what is in the data folder: %s", file, wayOut(dir))
}

// wayOut is that of a folder which the engine cannot open as it is.
func wayOut(dir string) string {
	return fmt.Sprintf("put it back from a copy of the data folder, or move %q away, and the topic is counted again, "+
		"without the dead letters of files, the retentions, and the lists of imports and redrives", dir)
}
