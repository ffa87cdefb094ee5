package broker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// loss is a part that a partition's log no longer has: records that were acknowledged.
type loss struct {
	topic       string
	partition   int32
	epoch       int32
	first, last int64 // offsets
	at          int64 // the offset of the control record that says so, which has been given to no record that is left
}

// listed refuses topics that have marks and are not there: the file that lists them was lost, and to make them anew would mix their
// records with those that are left.
func (m *marks) listed(cluster *kfake.Cluster) error {
	topics, err := m.topics()
	if err != nil {
		return err
	}
	for _, topic := range topics {
		if cluster.TopicInfo(topic) == nil {
			return fmt.Errorf("topic %q has had records and is not in topics.json any more: put that file back, or move %q and the topic's partitions away to begin it anew",
				topic, m.path(topic))
		}
	}
	return nil
}

// losses finds what the logs have lost: at their ends, which it compares with the marks, and between segments, since kfake has cut
// off what it cannot read. It marks the ends of logs that are longer.
func (m *marks) losses(cluster *kfake.Cluster, dataDir string) (lost []loss, err error) {
	topics, err := m.topics()
	if err != nil {
		return nil, err
	}
	for _, topic := range topics {
		info := cluster.TopicInfo(topic)
		for _, p := range cluster.PartitionInfos(topic) {
			holes, err := holes(partitionDir(dataDir, topic, p.Partition))
			if err != nil {
				return nil, err
			}
			if policy := info.Configs["cleanup.policy"]; policy == nil || !strings.Contains(*policy, "compact") {
				for _, hole := range holes {
					lost = append(lost, loss{topic, p.Partition, p.Epoch, hole[0], hole[1], hole[1]})
				}
			}
			mark, err := m.end(topic, p.Partition)
			if err != nil {
				return nil, err
			}
			if p.HighWatermark < mark {
				lost = append(lost, loss{topic, p.Partition, p.Epoch, p.HighWatermark, mark - 1, mark})
			} else if err := m.raise(topic, p.Partition, p.HighWatermark); err != nil {
				return nil, err
			}
		}
	}
	return lost, nil
}

func partitionDir(dataDir, topic string, partition int32) string {
	return filepath.Join(dataDir, "partitions", fmt.Sprintf("%s-%d", url.PathEscape(topic), partition))
}

// holes are the first and the last offset of each part that is missing between segments, but for those of which a gap batch says so.
func holes(dir string) (all [][2]int64, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.dat"))
	if err != nil {
		return nil, err
	}
	var bases []int64
	for _, file := range files {
		if base, err := strconv.ParseInt(strings.TrimSuffix(filepath.Base(file), ".dat"), 10, 64); err == nil {
			bases = append(bases, base)
		}
	}
	slices.Sort(bases)
	end := int64(-1)
	for _, base := range bases {
		next, gap, err := segmentEnd(filepath.Join(dir, strconv.FormatInt(base, 10)+".dat"), base)
		if err != nil {
			return nil, err
		}
		if end >= 0 && end < base && !gap {
			all = append(all, [2]int64{end, base - 1})
		}
		end = next
	}
	return all, nil
}

// segmentEnd is the offset after the last batch of a segment. Gap reports that its first batch is one that says what is lost.
func segmentEnd(file string, base int64) (end int64, gap bool, err error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, false, err
	}
	defer func() { _ = f.Close() }()
	head := make(batch, batchRecordsAt)
	for at := int64(0); ; {
		switch _, err := f.ReadAt(head, at); {
		case errors.Is(err, io.EOF) && at == 0:
			return base, false, nil
		case errors.Is(err, io.EOF):
			return end, gap, nil
		case err != nil:
			return 0, false, err
		}
		if at == 0 {
			gap = head.attributes()&attributeControl != 0 && int64(binary.BigEndian.Uint64(head[batchProducerIDAt:])) < 0
		}
		end = int64(binary.BigEndian.Uint64(head)) + int64(head.lastDelta()) + 1
		at += batchFrame + int64(binary.BigEndian.Uint32(head[batchLengthAt:]))
	}
}

// repair lets the log go on behind what it has lost: with a segment of its own, of one control batch, which no consumer gets to see
// as a record. It says which offsets are lost, so that whoever counts learns of it where it reads. kfake must not run.
//
// Refusing to start was rejected: what is left of the log can still be read, and nothing brings back what is not, so that a start by
// hand would have to do the same.
func (l loss) repair(dataDir string) error {
	dir := partitionDir(dataDir, l.topic, l.partition)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	segment := filepath.Join(dir, strconv.FormatInt(l.at, 10))
	if err := os.WriteFile(segment+".idx", l.index(), 0o600); err != nil {
		return err
	}
	return os.WriteFile(segment+".dat", l.gap(), 0o600)
}

// lostHeader is the header of the control record behind lost records: the first lost offset and the last one, as decimal digits.
const lostHeader = "dwell-lost"

// gap is the control batch: the marker of a committed transaction of no producer, which every client skips.
func (l loss) gap() []byte {
	r := kmsg.NewRecord()
	r.Key = []byte{0, 0, 0, 1}         // version, commit
	r.Value = []byte{0, 0, 0, 0, 0, 0} // version, epoch of the coordinator
	r.Headers = []kmsg.Header{{Key: lostHeader, Value: fmt.Appendf(nil, "%d %d", l.first, l.last)}}
	r.Length = int32(len(r.AppendTo(nil)) - 1) // a length of zero has one byte
	b := kmsg.NewRecordBatch()
	b.FirstOffset, b.PartitionLeaderEpoch, b.Magic = l.at, l.epoch, 2
	b.Attributes = attributeControl | attributeTransactional
	b.ProducerID, b.ProducerEpoch, b.FirstSequence = -1, -1, -1
	b.NumRecords, b.Records = 1, r.AppendTo(nil)
	raw := batch(b.AppendTo(nil))
	binary.BigEndian.PutUint32(raw[batchLengthAt:], uint32(len(raw)-batchFrame))
	binary.BigEndian.PutUint32(raw[batchCRCAt:], raw.crc())
	return raw
}

// index is kfake's entry for the batch: version, a byte of the CRC of the rest, leader epoch, latest timestamp, in a transaction.
func (l loss) index() []byte {
	e := binary.LittleEndian.AppendUint32([]byte{1, 0}, uint32(l.epoch))
	e = append(binary.LittleEndian.AppendUint64(e, 0), 0)
	e[1] = byte(crc32.Checksum(e[2:], castagnoli))
	return e
}
