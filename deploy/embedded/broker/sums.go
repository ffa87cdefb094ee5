package broker

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// kfake's files of JSON have no check: a digit that is another one is a topic with other partitions, or a partition that ends elsewhere. Most are
// written when it is closed. So an ordered stop keeps a sum of each, which the next start compares, and removes: from then on kfake
// changes them. After a kill no sum says what they were; what kfake then needs it reads from the log, which has checks.

const sumsName = "sums.json"

func (b *Broker) sumsFile() string { return filepath.Join(b.cfg.DataDir, sumsName) }

// stateFiles are kfake's files of JSON, by their paths in the folder.
func (b *Broker) stateFiles() (names []string, err error) {
	for _, pattern := range []string{"*.json", "partitions/*/*.json"} {
		found, err := fs.Glob(os.DirFS(b.cfg.DataDir), pattern)
		if err != nil {
			return nil, err
		}
		names = append(names, found...)
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == sumsName }), nil
}

// keepSums writes the sums of the files, once kfake is closed.
func (b *Broker) keepSums() error {
	names, err := b.stateFiles()
	if err != nil {
		return err
	}
	sums := map[string]uint32{}
	for _, name := range names {
		if sums[name], err = sumOf(filepath.Join(b.cfg.DataDir, name)); err != nil {
			return err
		}
	}
	text, err := json.Marshal(sums)
	if err != nil {
		return err
	}
	return os.WriteFile(b.sumsFile(), text, 0o600)
}

func sumOf(file string) (uint32, error) {
	text, err := os.ReadFile(file)
	return crc32.Checksum(text, castagnoli), err
}

// checkSums compares the files with what they were at an ordered stop. What kfake knows of a partition besides its log is removed if it has
// changed or is missing, as after a kill; any other file that has changed refuses the start, and then nothing is changed.
func (b *Broker) checkSums() error {
	text, err := os.ReadFile(b.sumsFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var sums map[string]uint32
	if err := json.Unmarshal(text, &sums); err != nil {
		b.log.Warn("the sums of the broker's files are damaged, so that the files are not compared with them", "file", b.sumsFile(), "error", err)
	}
	var spoiled []string
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		file := filepath.Join(b.cfg.DataDir, name)
		sum, err := sumOf(file)
		switch {
		case err == nil && sum == sums[name], slices.Contains(unused, name):
		case filepath.Base(name) == "snapshot.json":
			spoiled = append(spoiled, file)
		case errors.Is(err, fs.ErrNotExist): // checkState has judged that
		case err != nil:
			return err
		default:
			return fmt.Errorf("file %q is not what it was when the broker stopped: %s%s; to use it as it is, remove %q", file, fromCopy, needed[name], b.sumsFile())
		}
	}
	for _, file := range spoiled {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		b.log.Warn("what the broker kept of a partition when it stopped is damaged or gone: the log is read instead, transactions that were open are aborted, "+
			"and records that were deleted by hand may be there again", "file", file)
	}
	return os.Remove(b.sumsFile())
}
