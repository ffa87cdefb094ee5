package broker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// kfake keeps what it knows beside the log in files of JSON. It ends with one that it cannot read, begins anew where meta.json is gone,
// and writes most of them when it is closed. So they are looked at before it opens the folder, which stays as it was where the start is
// refused.

// unused are the files of what this broker does not have, or gets from its options.
var unused = []string{"acls.json", "broker_configs.json", "quotas.json", "sasl.json"}

const fromCopy = "put it back from a copy of the data folder"

// needed are the files that a start needs, with what else helps where there is no copy.
var needed = map[string]string{
	"meta.json":        ", or from any other data folder: it says only that the folder is dwell's",
	"topics.json":      "",
	"seq_windows.json": ", or remove it: producers that are at work may then write twice what they send again",
}

// listedTopic is a topic in kfake's list of them.
type listedTopic struct {
	Name       string
	Partitions int32
	Configs    map[string]string
}

// checkState refuses a folder with a file that cannot be read, or one that lacks a file or a topic that it had. Files that hold nothing
// that is used are removed, and made anew. It returns kfake's list of topics.
func (b *Broker) checkState(m *marks) ([]listedTopic, error) {
	if err := b.checkRegular(); err != nil {
		return nil, err
	}
	for _, name := range unused {
		file := filepath.Join(b.cfg.DataDir, name)
		damage := readState(file, nil)
		if damage == nil || errors.Is(damage, fs.ErrNotExist) {
			continue
		}
		if err := os.Remove(file); err != nil {
			return nil, err
		}
		b.log.Warn("a file that holds nothing that is used was damaged: it is made anew", "file", file, "error", damage)
	}
	marked, err := m.topics()
	if err != nil {
		return nil, err
	}
	var list struct{ Topics []listedTopic }
	for _, name := range slices.Sorted(maps.Keys(needed)) {
		otherwise := needed[name]
		file := filepath.Join(b.cfg.DataDir, name)
		var into any
		if name == "topics.json" {
			into = &list
		}
		err := readState(file, into)
		if errors.Is(err, fs.ErrNotExist) && (name == "seq_windows.json" || len(marked) == 0) {
			continue
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("file %q is missing, and the log has had records: %s%s", file, fromCopy, otherwise)
		}
		if err != nil {
			return nil, fmt.Errorf("file %q is damaged: %w: %s%s", file, err, fromCopy, otherwise)
		}
	}
	for _, topic := range marked {
		if !slices.ContainsFunc(list.Topics, func(t listedTopic) bool { return t.Name == topic }) {
			return nil, fmt.Errorf("topic %q has had records and is not in %q any more: put that file back from a copy of the data folder, or move %q and the topic's partitions away to begin it anew",
				topic, filepath.Join(b.cfg.DataDir, "topics.json"), m.path(topic))
		}
	}
	return list.Topics, nil
}

// checkRegular refuses a folder in which something else is where a file is expected: a FIFO or a device would be waited for.
func (b *Broker) checkRegular() error {
	folder := os.DirFS(b.cfg.DataDir)
	for _, pattern := range []string{"*", "marks/*", "partitions/*/*"} {
		names, err := fs.Glob(folder, pattern)
		if err != nil {
			return err
		}
		for _, name := range names {
			info, err := fs.Stat(folder, name)
			if errors.Is(err, fs.ErrNotExist) { // a link to nothing, which is judged as a file that is missing
				continue
			}
			if err != nil {
				return err
			}
			if !info.Mode().IsRegular() && !info.IsDir() {
				return fmt.Errorf("%q is not a regular file (%v): %s, or move it away", filepath.Join(b.cfg.DataDir, name), info.Mode(), fromCopy)
			}
		}
	}
	return nil
}

// readState reads a file of JSON, nil into checks it alone.
func readState(file string, into any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var version struct{ Version int }
	err = json.Unmarshal(text, &version)
	if err == nil && into != nil {
		err = json.Unmarshal(text, into)
	}
	return err
}
