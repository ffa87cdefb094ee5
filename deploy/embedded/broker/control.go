package broker

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// control is a control batch, which every client skips: the marker of a transaction, or with producer -1 that of no transaction, whose
// headers say something.
type control struct {
	at            int64
	leaderEpoch   int32
	producer      int64
	producerEpoch int16
	commit        bool
	headers       []kmsg.Header
}

// write makes it a segment of its own in the folder of a partition. kfake must not run.
func (c control) write(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	segment := filepath.Join(dir, strconv.FormatInt(c.at, 10))
	if err := os.WriteFile(segment+".idx", newIndexEntry(uint32(c.leaderEpoch), false), 0o600); err != nil {
		return err
	}
	return os.WriteFile(segment+".dat", c.batch(), 0o600)
}

func (c control) batch() []byte {
	r := kmsg.NewRecord()
	r.Key = []byte{0, 0, 0, 0} // version, abort
	if c.commit {
		r.Key[3] = 1
	}
	r.Value = []byte{0, 0, 0, 0, 0, 0} // version, epoch of the coordinator
	r.Headers = c.headers
	r.Length = int32(len(r.AppendTo(nil)) - 1) // a length of zero has one byte
	b := kmsg.NewRecordBatch()
	b.FirstOffset, b.PartitionLeaderEpoch, b.Magic = c.at, c.leaderEpoch, 2
	b.Attributes = attributeControl | attributeTransactional
	b.ProducerID, b.ProducerEpoch, b.FirstSequence = c.producer, c.producerEpoch, -1
	b.NumRecords, b.Records = 1, r.AppendTo(nil)
	raw := batch(b.AppendTo(nil))
	binary.BigEndian.PutUint32(raw[batchLengthAt:], uint32(len(raw)-batchFrame))
	binary.BigEndian.PutUint32(raw[batchCRCAt:], raw.crc())
	return raw
}
