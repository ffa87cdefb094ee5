package broker

import (
	"encoding/binary"
	"fmt"
	"net/url"
	"path/filepath"
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

// losses finds what the logs have lost: at their ends, which it compares with the marks, and before segments, since kfake has cut
// off what it cannot read, and files may be gone. It marks the ends of logs that are longer.
func (m *marks) losses(cluster *kfake.Cluster, dataDir string) (lost []loss, err error) {
	topics, err := m.topics()
	if err != nil {
		return nil, err
	}
	for _, topic := range topics {
		info := cluster.TopicInfo(topic)
		for _, p := range cluster.PartitionInfos(topic) {
			begins := int64(0)
			if deletes(info.Configs) {
				begins = -1
			}
			holes, err := holes(partitionDir(dataDir, topic, p.Partition), begins)
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

// deletes reports whether the broker deletes records of a topic by itself, so that a log may begin anywhere. It goes by the configuration that
// the topic has now, since nothing says what it was. Records that somebody deleted by hand, or that were deleted by a retention that has
// been unset, look like lost ones: the log says so, and consumers that had not read them count them as lost.
func deletes(configs map[string]*string) bool {
	for _, name := range []string{"retention.ms", "retention.bytes"} {
		if v := configs[name]; v != nil && *v != "-1" {
			return true
		}
	}
	return false
}

// holes are the first and the last offset of each part that is missing before a segment, but for those of which a gap batch says so. The log
// begins at the offset begins, or anywhere if that is below zero.
func holes(dir string, begins int64) (all [][2]int64, err error) {
	bases, err := segmentsOf(dir)
	if err != nil {
		return nil, err
	}
	end := begins
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
	end = base
	first := true
	err = eachHead(file, func(head batch) {
		if first {
			gap = head.attributes()&attributeControl != 0 && int64(binary.BigEndian.Uint64(head[batchProducerIDAt:])) < 0
		}
		first = false
		end = int64(binary.BigEndian.Uint64(head)) + int64(head.lastDelta()) + 1
	})
	return end, gap, err
}

// repair lets the log go on behind what it has lost: with a segment of its own, of one control batch, which no consumer gets to see
// as a record. It says which offsets are lost, so that whoever counts learns of it where it reads. kfake must not run.
//
// Refusing to start was rejected: what is left of the log can still be read, and nothing brings back what is not, so that a start by
// hand would have to do the same.
func (l loss) repair(dataDir string) error {
	return control{
		at: l.at, leaderEpoch: l.epoch, producer: -1, producerEpoch: -1, commit: true,
		headers: []kmsg.Header{{Key: lostHeader, Value: fmt.Appendf(nil, "%d %d", l.first, l.last)}},
	}.write(partitionDir(dataDir, l.topic, l.partition))
}

// lostHeader is the header of the control record behind lost records: the first lost offset and the last one, as decimal digits.
const lostHeader = "dwell-lost"
