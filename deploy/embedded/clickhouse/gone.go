package clickhouse

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// A part that is gone is said as ClickHouse says what it has set aside: by a folder among the table's detached parts, an empty one, which
// system.detached_parts shows with a reason until somebody drops it, or the table. It names the part, so that it can be put back.

const gonePrefix = "broken-gone_"

// partName is that of a part in use: partition, least and greatest block, level, and the mutation it is after.
var partName = regexp.MustCompile(`^([^_]+)_(\d+)_(\d+)_(\d+)(?:_(\d+))?$`)

type partInfo struct {
	partition                  string
	least, most, level, change int64
}

func parsePart(name string) (p partInfo, ok bool) {
	m := partName.FindStringSubmatch(name)
	if m == nil {
		return p, false
	}
	p.partition = m[1]
	for i, n := range []*int64{&p.least, &p.most, &p.level, &p.change} {
		*n, _ = strconv.ParseInt("0"+m[i+2], 10, 64)
	}
	return p, true
}

// covers reports whether q was merged or mutated into p, or is p.
func (p partInfo) covers(q partInfo) bool {
	return p.partition == q.partition && p.least <= q.least && p.most >= q.most && p.level >= q.level && p.change >= q.change
}

// tableFolder is that of the table's parts.
func tableFolder(dir, uuid string) string {
	return filepath.Join(dir, "store", uuid[:min(3, len(uuid))], uuid)
}

// markGone marks the parts of the list that are not there, and unmarks those that have been put back.
func markGone(dir string, list []listedTable) error {
	for _, t := range list {
		folder := tableFolder(dir, t.UUID)
		there, aside, err := partsIn(folder)
		if err != nil {
			return err
		}
		for _, name := range t.Parts {
			part, ok := parsePart(name)
			if !ok || kept(part, there) || aside[name] {
				continue
			}
			if err := os.MkdirAll(filepath.Join(folder, "detached", gonePrefix+name), 0o700); err != nil {
				return err
			}
		}
	}
	for _, mark := range found(dir, "store/*/*/detached/"+gonePrefix+"*") {
		name := strings.TrimPrefix(filepath.Base(mark), gonePrefix)
		if _, err := os.Stat(filepath.Join(filepath.Dir(mark), "..", name)); err != nil {
			continue
		}
		if err := os.Remove(mark); err != nil {
			return err
		}
	}
	return nil
}

// kept reports whether the rows of the part are in parts that are there: in it, in one that it was merged into, or in those that were
// merged into it, which the engine takes again.
func kept(part partInfo, there []partInfo) bool {
	begins, ends := false, false
	for _, p := range there {
		if p.covers(part) {
			return true
		}
		if part.covers(p) {
			begins = begins || p.least == part.least
			ends = ends || p.most == part.most
		}
	}
	return begins && ends
}

// partsIn are the parts of a table that are there, with those that were superseded, and the names of those that were set aside.
func partsIn(folder string) (there []partInfo, aside map[string]bool, err error) {
	entries, err := os.ReadDir(folder)
	for _, e := range entries {
		if part, ok := parsePart(e.Name()); ok && e.IsDir() {
			there = append(there, part)
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	aside = map[string]bool{}
	detached, err := os.ReadDir(filepath.Join(folder, "detached"))
	for _, e := range detached {
		name, _, _ := strings.Cut(e.Name(), "_try")
		aside[name] = true
		if _, rest, ok := strings.Cut(name, "_"); ok { // a prefix says why
			aside[rest] = true
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	return there, aside, nil
}
