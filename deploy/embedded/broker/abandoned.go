package broker

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kfake"
)

// abandoned is a transaction that was open when the broker was killed. kfake takes it for aborted, fences its producer, and writes
// no marker: once the same producer ends another transaction, a later start takes the records of both for one transaction, and a
// consumer, for whom an aborted one lasts until its marker, hides the records of the other. So it gets the marker here.
type abandoned struct {
	topic         string
	partition     int32
	leaderEpoch   int32
	at            int64 // the offset of its marker
	producer      int64
	producerEpoch int16
}

// abandonedTransactions finds the transactions that no producer can end any more. Those that a broker has kept across an ordered stop
// are open still: the last stable offset says so, and they are left.
func abandonedTransactions(m *marks, cluster *kfake.Cluster, dataDir string) (all []abandoned, err error) {
	topics, err := m.topics()
	if err != nil {
		return nil, err
	}
	for _, topic := range topics {
		for _, p := range cluster.PartitionInfos(topic) {
			if p.LastStableOffset < p.HighWatermark {
				continue
			}
			producers, err := openProducers(partitionDir(dataDir, topic, p.Partition))
			if err != nil {
				return nil, err
			}
			for i, id := range slices.Sorted(maps.Keys(producers)) {
				all = append(all, abandoned{topic, p.Partition, p.Epoch, p.HighWatermark + int64(i), id, producers[id]})
			}
		}
	}
	return all, nil
}

// openProducers are the producers whose last transaction in a log has no marker, each with its epoch.
func openProducers(dir string) (open map[int64]int16, err error) {
	segments, err := segmentsOf(dir)
	if err != nil {
		return nil, err
	}
	transactional := false
	for _, base := range segments {
		had, err := hasTransactions(filepath.Join(dir, strconv.FormatInt(base, 10)+".idx"))
		if err != nil {
			return nil, err
		}
		transactional = transactional || had
	}
	if !transactional { // the usual case; the index has 15 bytes a batch
		return nil, nil
	}
	open = map[int64]int16{}
	for _, base := range segments {
		err := eachHead(filepath.Join(dir, strconv.FormatInt(base, 10)+".dat"), func(head batch) {
			id := int64(binary.BigEndian.Uint64(head[batchProducerIDAt:]))
			switch a := head.attributes(); {
			case a&attributeControl != 0:
				delete(open, id)
			case a&attributeTransactional != 0:
				open[id] = int16(binary.BigEndian.Uint16(head[batchProducerIDAt+8:]))
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return open, nil
}

// segmentsOf are the first offsets of the segments in the folder of a partition, in order.
func segmentsOf(dir string) (bases []int64, err error) {
	names, err := fs.Glob(os.DirFS(dir), "*.dat")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if base, err := strconv.ParseInt(strings.TrimSuffix(name, ".dat"), 10, 64); err == nil {
			bases = append(bases, base)
		}
	}
	slices.Sort(bases)
	return bases, nil
}

// eachHead reads the heads of the batches of a segment.
func eachHead(file string, each func(head batch)) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	head := make(batch, batchRecordsAt)
	for at := int64(0); ; {
		switch _, err := f.ReadAt(head, at); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		each(head)
		at += batchFrame + int64(binary.BigEndian.Uint32(head[batchLengthAt:]))
	}
}

// forgetSnapshots removes what kfake has written of partitions in an ordered stop, once it has read it. Where it was killed before
// another record came, it would read it again, without the transactions that were open then: they are in a file that it reads once.
func forgetSnapshots(dataDir string) error {
	names, err := fs.Glob(os.DirFS(dataDir), "partitions/*/snapshot.json")
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := os.Remove(filepath.Join(dataDir, name)); err != nil {
			return err
		}
	}
	return nil
}

// end writes the marker: a segment of its own, as that of a gap is. kfake must not run.
func (a abandoned) end(dataDir string) error {
	return control{at: a.at, leaderEpoch: a.leaderEpoch, producer: a.producer, producerEpoch: a.producerEpoch}.write(partitionDir(dataDir, a.topic, a.partition))
}
