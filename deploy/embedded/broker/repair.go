package broker

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// shortLog is a partition whose log ends before its mark: records that were acknowledged are no longer in it.
type shortLog struct {
	topic     string
	partition int32
	epoch     int32
	ends      int64 // before
	mark      int64
}

// shortLogs compares the logs with the marks, and marks the ends of those that are longer. A topic that has marks and is not there
// has lost the file that lists it; to make it anew would mix its records with those that are left.
func (m *marks) shortLogs(cluster *kfake.Cluster) (short []shortLog, err error) {
	topics, err := m.topics()
	if err != nil {
		return nil, err
	}
	for _, topic := range topics {
		partitions := cluster.PartitionInfos(topic)
		if len(partitions) == 0 {
			return nil, fmt.Errorf("topic %q has had records and is not in topics.json any more: put that file back, or move %q and the topic's partitions away to begin it anew",
				topic, m.path(topic))
		}
		for _, p := range partitions {
			mark, err := m.end(topic, p.Partition)
			if err != nil {
				return nil, err
			}
			if p.HighWatermark < mark {
				short = append(short, shortLog{topic, p.Partition, p.Epoch, p.HighWatermark, mark})
			} else if err := m.raise(topic, p.Partition, p.HighWatermark); err != nil {
				return nil, err
			}
		}
	}
	return short, nil
}

// repair lets the log go on behind its mark: with a segment of its own, of one control batch, which no consumer gets to see as a
// record. The batch says which offsets are lost, so that whoever counts learns of it where it reads (LostFrom). kfake must not run.
//
// Refusing to start was rejected: what is left of the log can still be read, and nothing brings back what is not, so that a start by
// hand would have to do the same.
func (s shortLog) repair(dataDir string) error {
	dir := filepath.Join(dataDir, "partitions", fmt.Sprintf("%s-%d", url.PathEscape(s.topic), s.partition))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	segment := filepath.Join(dir, strconv.FormatInt(s.mark, 10))
	if err := os.WriteFile(segment+".idx", s.index(), 0o600); err != nil {
		return err
	}
	return os.WriteFile(segment+".dat", s.gap(), 0o600)
}

// LostHeader is the key of the header that the control record behind lost records has: its value is the offset of the first lost one,
// as decimal digits. The last one is before the record.
const LostHeader = "dwell-lost-from"

// gap is the control batch: the marker of a committed transaction of no producer, which every client skips.
func (s shortLog) gap() []byte {
	r := kmsg.NewRecord()
	r.Key = []byte{0, 0, 0, 1}         // version, commit
	r.Value = []byte{0, 0, 0, 0, 0, 0} // version, epoch of the coordinator
	r.Headers = []kmsg.Header{{Key: LostHeader, Value: strconv.AppendInt(nil, s.ends, 10)}}
	body := r.AppendTo(nil)[1:]
	r.Length = int32(len(body))
	b := kmsg.NewRecordBatch()
	b.FirstOffset, b.PartitionLeaderEpoch, b.Magic = s.mark, s.epoch, 2
	b.Attributes = attributeControl | attributeTransactional
	b.FirstTimestamp, b.MaxTimestamp = 0, 0
	b.ProducerID, b.ProducerEpoch, b.FirstSequence = -1, -1, -1
	b.NumRecords, b.Records = 1, r.AppendTo(nil)
	raw := batch(b.AppendTo(nil))
	binary.BigEndian.PutUint32(raw[batchLengthAt:], uint32(len(raw)-batchFrame))
	binary.BigEndian.PutUint32(raw[batchCRCAt:], raw.crc())
	return raw
}

// index is kfake's entry for the batch: version, a byte of the CRC of the rest, leader epoch, latest timestamp, in a transaction.
func (s shortLog) index() []byte {
	e := binary.LittleEndian.AppendUint32([]byte{1, 0}, uint32(s.epoch))
	e = append(binary.LittleEndian.AppendUint64(e, 0), 0)
	e[1] = byte(crc32.Checksum(e[2:], castagnoli))
	return e
}
