package clickhouse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Nothing in ClickHouse's folder says which parts a table had: one whose folder is gone is not missed. So a list of the parts in use is
// kept beside them, and compared at the next start, before the engine opens the folder (gone.go, metadata.go).
//
// The list may be older than the folder by less than listEvery where the process was killed. A merge or a mutation leaves a part that
// covers what it read, or, if no row is left, what it read for old_parts_lifetime, which is longer. Any other statement that takes parts
// away runs without a list. So nothing is missed that was taken away in order.

// partsFile is the list in the data folder.
const partsFile = "parts.json"

var listEvery = 10 * time.Second

// listedTable is a table, or a view, with the parts that have rows.
type listedTable struct {
	Database string   `json:"database"`
	Name     string   `json:"name"`
	UUID     string   `json:"uuid"`
	Parts    []string `json:"parts,omitempty"`
}

// lister keeps the list. It is safe for concurrent use.
type lister struct {
	path string
	keep *conn

	mu      sync.Mutex
	held    int // statements that may take parts away
	written string
}

// hold removes the list until release is called, so that it never has a part that a statement takes away.
func (l *lister) hold() (release func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := removeList(l.path); err != nil {
		return nil, err
	}
	l.written = ""
	l.held++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.held--
	}, nil
}

func removeList(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// write brings the list up to date. Where that fails, as on a full disk, the list is removed until it can be written again.
func (l *lister) write() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held > 0 {
		return nil
	}
	text, err := l.list()
	if err == nil && text != l.written {
		l.written = text
		err = writeList(l.path, text)
	}
	if err != nil {
		l.written = ""
		return errors.Join(err, removeList(l.path))
	}
	return nil
}

// writeList replaces the list as a whole. It is synced, so that a loss of power leaves this one or the one before.
func writeList(path, text string) error {
	temporary := path + ".tmp"
	if err := removeList(temporary); err != nil { // of a process that was killed
		return err
	}
	file, err := os.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func (l *lister) list() (string, error) {
	const query = `SELECT t.database, t.name, toString(t.uuid), arrayStringConcat(p.names, ' ') FROM system.tables AS t
		LEFT JOIN (SELECT database, table, arraySort(groupArray(name)) AS names FROM system.parts WHERE active AND rows > 0 GROUP BY database, table) AS p
		ON t.database = p.database AND t.name = p.table
		WHERE t.uuid != toUUID('00000000-0000-0000-0000-000000000000') AND t.database NOT IN ('system', 'INFORMATION_SCHEMA', 'information_schema')
			AND NOT t.is_temporary
		ORDER BY t.database, t.name`
	var rows strings.Builder
	_, err := l.keep.query(query, "TabSeparatedRaw", nil, func(piece []byte) error {
		rows.Write(piece)
		return nil
	})
	if err != nil {
		return "", err
	}
	all := []listedTable{}
	for line := range strings.Lines(rows.String()) {
		if f := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); len(f) == 4 {
			all = append(all, listedTable{f[0], f[1], f[2], strings.Fields(f[3])})
		}
	}
	text, err := json.Marshal(all)
	return string(text), err
}

// run keeps the list until ctx is done, and writes it a last time.
func (l *lister) run(ctx context.Context, failed func(error)) {
	tick := time.NewTicker(listEvery)
	defer tick.Stop()
	for {
		if err := l.write(); err != nil {
			failed(err)
		}
		select {
		case <-ctx.Done():
			if err := l.write(); err != nil {
				failed(err)
			}
			return
		case <-tick.C:
		}
	}
}

// readList reads the list of the process before this one, which is empty if the file is missing. The error is that of a damaged file.
func readList(path string) (all []listedTable, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // a FIFO would be waited for
		return nil, fmt.Errorf("%q is not a regular file (%v)", path, info.Mode())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	return all, nil
}

// mayTakeParts reports whether a statement may take parts of tables away other than by merges. A semicolon may end a harmless one.
func mayTakeParts(c *conn, st statement, text []byte) bool {
	if slices.Contains([]string{"SELECT", "WITH", "FROM", "(", "INSERT"}, st.kind) && !slices.Contains(text, ';') {
		return false
	}
	return !c.readOnly(string(text))
}
