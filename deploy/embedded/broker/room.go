package broker

import (
	"fmt"
	"syscall"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// minFree is how many bytes must be free on the disk, or writes are refused. It is more than any one write needs, so that what
// cannot be refused (the state of a group whose member has left, what is written at shutdown) still finds room.
const minFree = 8 << 20

// room refuses what would have to be written while the disk is full, with errors after which clients retry. Without
// it a record is refused with an error after which clients do not retry, and a topic or a committed offset that could not be
// written is acknowledged, and lost with the next start: a topic with all its records.
type room struct {
	b    *Broker
	full bool
}

// watch refuses from now on. The functions that it gives the cluster run on the cluster's one goroutine.
func (r *room) watch(cluster *kfake.Cluster) {
	full := func(kmsg.Request) bool { return r.isFull() }
	cluster.Fault(
		kfake.Fault{
			Keys: []kmsg.Key{kmsg.Produce, kmsg.CreateTopics, kmsg.CreatePartitions, kmsg.AlterConfigs, kmsg.IncrementalAlterConfigs},
			Err:  kerr.KafkaStorageError, Count: -1, When: full,
		},
		// A coordinator that cannot write sends its clients away, as Kafka's does.
		kfake.Fault{
			Keys: []kmsg.Key{kmsg.JoinGroup, kmsg.OffsetCommit, kmsg.TxnOffsetCommit, kmsg.InitProducerID, kmsg.EndTxn},
			Err:  kerr.NotCoordinator, Count: -1, When: full,
		})
}

func (r *room) isFull() bool {
	left, err := left(r.b.cfg.DataDir)
	full := err != nil || left < minFree
	switch {
	case full && !r.full:
		r.b.log.Warn("disk full, writes are refused until there is room", "data", r.b.cfg.DataDir, "left", left, "minimum", minFree, "error", err)
	case !full && r.full:
		r.b.log.Info("disk has room again, writes are accepted", "data", r.b.cfg.DataDir, "left", left)
	}
	r.full = full
	return full
}

// left is how many bytes may still be written to the disk of a folder.
func left(dir string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("disk of %q: %w", dir, err)
	}
	return s.Bavail * uint64(s.Bsize), nil
}
