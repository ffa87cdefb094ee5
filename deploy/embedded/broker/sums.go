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

	"dwell/deploy/embedded/folder"
)

// kfake's files of JSON have no check: a digit that is another one is a topic with other partitions, or a partition that ends elsewhere. Most are
// written when it is closed. So an ordered stop keeps a sum of each, which the next start compares, and removes before kfake opens the folder:
// from then on kfake changes them. After a kill no sum says what they were; what kfake then needs it reads from the log, which has checks.
//
// An earlier version of dwell leaves the sums of a stop before its own where they are. So the lock file has a sum of them, which
// every owner of the folder removes, of any version. The id of the process would not do: in a container each has the same.

const sumsName = "sums.json"

// sessionsName is the file of kfake's open transactions and members of groups, which is missing if it had none of them.
const sessionsName = "session_state.json"

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
func (b *Broker) keepSums(data *folder.Folder) error {
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
	if err := os.WriteFile(b.sumsFile(), text, 0o600); err != nil {
		return err
	}
	return data.Leave(noteOf(text))
}

// forgetSums is for when kfake is to open the folder.
func (b *Broker) forgetSums(data *folder.Folder) error {
	if err := os.Remove(b.sumsFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_ = data.Leave("") // of sums that are gone
	return nil
}

func noteOf(sums []byte) string { return fmt.Sprintf("sums %08x", crc32.Checksum(sums, castagnoli)) }

func sumOf(file string) (uint32, error) {
	text, err := os.ReadFile(file)
	return crc32.Checksum(text, castagnoli), err
}

// readSums reads the sums if they are those of the stop that the note is of.
func (b *Broker) readSums(note string) (sums map[string]uint32, err error) {
	text, err := os.ReadFile(b.sumsFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if note == "" {
		b.log.Info("the broker's files are not compared with their sums, which are of a stop before the last one", "file", b.sumsFile())
		return nil, nil
	}
	if note != noteOf(text) {
		b.log.Warn("the sums of the broker's files are damaged, so that the files are not compared with them", "file", b.sumsFile())
		return nil, nil
	}
	err = json.Unmarshal(text, &sums)
	return sums, err
}

// checkSums compares the files with what they were at an ordered stop. What kfake knows of a partition besides its log is removed if it has
// changed or is missing, as after a kill; any other file that has changed refuses the start, and then nothing is changed.
func (b *Broker) checkSums(note string) error {
	sums, err := b.readSums(note)
	if err != nil {
		return err
	}
	var spoiled []string
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		file := filepath.Join(b.cfg.DataDir, name)
		sum, err := sumOf(file)
		switch {
		case err == nil && sum == sums[name], slices.Contains(unused, name):
		case filepath.Base(name) == "snapshot.json", name == sessionsName:
			spoiled = append(spoiled, name)
		case errors.Is(err, fs.ErrNotExist): // checkState has judged that
		case err != nil:
			return err
		default:
			return fmt.Errorf("file %q is not what it was when the broker stopped: %s%s; to use it as it is, remove %q", file, fromCopy, needed[name], b.sumsFile())
		}
	}
	return b.forgetSpoiled(spoiled)
}

// forgetSpoiled removes what kfake kept when it stopped and is damaged. If this is the file of open transactions, what it kept of all partitions
// goes too: by that, the records of these transactions and all behind them are not to be read until their producers end them, who cannot.
func (b *Broker) forgetSpoiled(spoiled []string) error {
	for _, name := range spoiled {
		if err := os.Remove(filepath.Join(b.cfg.DataDir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		b.log.Warn("what the broker kept when it stopped is damaged or gone: the log is read instead, transactions that were open are aborted, "+
			"and records that were deleted by hand may be there again", "file", filepath.Join(b.cfg.DataDir, name))
	}
	if slices.Contains(spoiled, sessionsName) {
		return forgetSnapshots(b.cfg.DataDir)
	}
	return nil
}
