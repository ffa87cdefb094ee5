package broker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// marks keeps the end of each partition's log beside the log: above every offset that a client was told of. So a log that was cut,
// whose files were deleted or put back from an old copy, is known to be too short at the next start, and no offset is given twice
// (repair.go). Where the marks were put back with it, Topic.LeastEnds raises them.
//
// A topic's file has eight bytes for each partition: six of the offset, and two that check them, zero in those of earlier versions. They are
// written before the acknowledgement and, like the log, not synced: both survive the process, and neither is promised to survive a loss
// of power. A damaged mark is said and begun anew, since one that is too high would make the log jump there for good.
type marks struct {
	dir string
	log *slog.Logger

	mu    sync.Mutex
	files map[string]*markFile
}

// markFile is what is known of one topic. file is nil once the topic has been deleted.
type markFile struct {
	mu   sync.Mutex
	file *os.File
	ends []int64
}

func openMarks(dir string, log *slog.Logger) (*marks, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return &marks{dir: dir, log: log, files: map[string]*markFile{}}, nil
}

func (m *marks) path(topic string) string { return filepath.Join(m.dir, url.PathEscape(topic)+".ends") }

// topics are those that have a file.
func (m *marks) topics() (names []string, err error) {
	entries, err := os.ReadDir(m.dir)
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".ends"); ok {
			if topic, err := url.PathUnescape(name); err == nil {
				names = append(names, topic)
			}
		}
	}
	return names, err
}

// of opens the topic's file.
func (m *marks) of(topic string) (*markFile, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f := m.files[topic]; f != nil {
		return f, nil
	}
	file, err := os.OpenFile(m.path(topic), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	f := &markFile{file: file}
	for ; len(data) >= 8; data = data[8:] {
		end, ok := readMark(binary.LittleEndian.Uint64(data))
		if !ok {
			m.log.Error("the mark of where a log ended is damaged, and begun anew: records that are missing at the end of the log are known only if they were counted",
				"file", m.path(topic), "topic", topic, "partition", len(f.ends))
		}
		f.ends = append(f.ends, end)
	}
	m.files[topic] = f
	return f, nil
}

const markOffset = 1<<48 - 1

// checkedMark has two bits that are always set, so that no flip makes it one without a check.
func checkedMark(end int64) uint64 {
	low := uint64(end) & markOffset
	sum := crc32.Checksum(binary.LittleEndian.AppendUint64(nil, low), castagnoli)
	return low | uint64(sum&0x3fff|0xc000)<<48
}

// readMark is the offset of a mark, zero if it is damaged.
func readMark(mark uint64) (end int64, ok bool) {
	if end = int64(mark & markOffset); mark != uint64(end) && mark != checkedMark(end) {
		return 0, false
	}
	return end, true
}

// end is the mark of a partition, zero if it has no mark.
func (m *marks) end(topic string, partition int32) (int64, error) {
	f, err := m.of(topic)
	if err != nil {
		return 0, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if int(partition) >= len(f.ends) {
		return 0, nil
	}
	return f.ends[partition], nil
}

// raise marks that a partition ends at an offset or later. After an error no client may be told of what is before that offset.
func (m *marks) raise(topic string, partition int32, end int64) error {
	f, err := m.of(topic)
	if err == nil {
		err = f.raise(int(partition), end)
	}
	if err != nil {
		return fmt.Errorf("mark the end of partition %d of topic %q: %w", partition, topic, err)
	}
	return nil
}

func (f *markFile) raise(partition int, end int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil || partition < len(f.ends) && f.ends[partition] >= end {
		return nil
	}
	for len(f.ends) <= partition {
		f.ends = append(f.ends, 0)
	}
	if _, err := f.file.WriteAt(binary.LittleEndian.AppendUint64(nil, checkedMark(end)), int64(8*partition)); err != nil {
		return err
	}
	f.ends[partition] = end
	return nil
}

// forget forgets a topic that was deleted, or has just been created: its offsets begin anew.
func (m *marks) forget(topic string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f := m.files[topic]; f != nil {
		f.mu.Lock()
		_ = f.file.Close()
		f.file = nil
		f.mu.Unlock()
		delete(m.files, topic)
	}
	if err := os.Remove(m.path(topic)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		// What is left makes the next start add an empty gap to the topic, no more.
		return
	}
}

func (m *marks) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for topic, f := range m.files {
		f.mu.Lock()
		_ = f.file.Close()
		f.file = nil
		f.mu.Unlock()
		delete(m.files, topic)
	}
}
