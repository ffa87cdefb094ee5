package broker

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// request is one request of a client.
type request struct {
	key, version int16
	correlation  int32
	// large is how many bytes of the budget for large requests it has.
	large int
	// produced is what it wants to append; silent, that it wants no response.
	produced []produced
	silent   bool
	// over says that it is answered, and its connection at work with it no more.
	over func()
}

const (
	produceKey     = int16(kmsg.Produce)
	apiVersionsKey = int16(kmsg.ApiVersions)
)

// served has the highest version of each request that is served: those that producers, consumers and the tools of Kafka for topics
// and groups send. Not served are accounts, quotas, and what brokers send one another.
//
// Versions go up to the last one before tagged fields. In later ones, 20 bytes that claim four billion of these keep the parser,
// and kfake's, at work for four minutes. Kafka 4's clients speak the earlier ones, too.
var served = func() map[int16]int16 {
	max := map[int16]int16{}
	for _, key := range []kmsg.Key{
		kmsg.Produce, kmsg.Fetch, kmsg.ListOffsets, kmsg.Metadata, kmsg.ApiVersions,
		kmsg.OffsetCommit, kmsg.OffsetFetch, kmsg.OffsetDelete, kmsg.OffsetForLeaderEpoch,
		kmsg.FindCoordinator, kmsg.JoinGroup, kmsg.Heartbeat, kmsg.LeaveGroup, kmsg.SyncGroup,
		kmsg.DescribeGroups, kmsg.ListGroups, kmsg.DeleteGroups,
		kmsg.CreateTopics, kmsg.DeleteTopics, kmsg.CreatePartitions, kmsg.DeleteRecords,
		kmsg.DescribeConfigs, kmsg.AlterConfigs, kmsg.IncrementalAlterConfigs, kmsg.DescribeLogDirs,
		kmsg.InitProducerID, kmsg.AddPartitionsToTxn, kmsg.AddOffsetsToTxn, kmsg.EndTxn, kmsg.TxnOffsetCommit,
	} {
		r := key.Request()
		for v := r.MaxVersion(); v >= 0; v-- {
			if r.SetVersion(v); !r.IsFlexible() {
				max[int16(key)] = v
				break
			}
		}
	}
	return max
}()

// served reports whether requests of this kind and version are served. One that asks for the versions is always answered.
func (r *request) served() bool {
	highest, ok := served[r.key]
	return ok && r.version >= 0 && (r.version <= highest || r.key == apiVersionsKey)
}

// read reads a request, from its size on, and returns it as kfake is to read it.
func (r *request) read(whole []byte, c *conn) ([]byte, error) {
	r.correlation = int32(binary.BigEndian.Uint32(whole[8:]))
	if r.version > served[r.key] {
		// The response to a version that is unknown, in version 0, has the versions that are known.
		r.version = 0
		binary.BigEndian.PutUint16(whole[6:], math.MaxInt16)
		return r.framed(whole, 12, append([]byte{0xff, 0xff, 0}, unknownVersions.AppendTo(nil)...)), nil
	}
	in := kbin.Reader{Src: whole[12:]}
	in.NullableString() // client id
	if !in.Ok() {
		return nil, fmt.Errorf("request %d version %d: its header is cut short", r.key, r.version)
	}
	if r.key == produceKey {
		return whole, r.readProduce(in.Src, c)
	}
	body := kmsg.RequestForKey(r.key)
	body.SetVersion(r.version)
	if err := body.ReadFrom(in.Src); err != nil {
		return nil, fmt.Errorf("request %d version %d: %w", r.key, r.version, err)
	}
	if !bound(body) {
		return whole, nil
	}
	return r.framed(whole, len(whole)-len(in.Src), body.AppendTo(nil)), nil
}

// framed is a request with the same beginning and another rest.
func (*request) framed(whole []byte, beginning int, rest []byte) []byte {
	out := append(whole[:beginning:beginning], rest...)
	binary.BigEndian.PutUint32(out, uint32(len(out)-4))
	return out
}

var unknownVersions = func() *kmsg.ApiVersionsRequest {
	r := kmsg.NewPtrApiVersionsRequest()
	r.Version = r.MaxVersion()
	return r
}()

const (
	// maxFetch is Kafka's own default of fetch.max.bytes; a longer wait than maxWaitMillis would outlive its client.
	maxFetch      = 55 << 20
	maxBatch      = 1 << 20 // of most producers
	maxWaitMillis = 60_000
	// maxPartitions bounds what one request may create.
	maxPartitions = 1000
)

// bound changes a request that asks for more than can be given: so that it gets less, or so that kfake refuses it. It reports
// whether it did.
func bound(body kmsg.Request) (changed bool) {
	atMost := func(field *int32, most, instead int32) {
		if *field > most {
			*field, changed = instead, true
		}
	}
	switch r := body.(type) {
	case *kmsg.FetchRequest:
		atMost(&r.MaxBytes, maxFetch, maxFetch)
		atMost(&r.MaxWaitMillis, maxWaitMillis, maxWaitMillis)
		shareOut(r)
		changed = true
	case *kmsg.JoinGroupRequest:
		if !distinct(r.Protocols) {
			r.ProtocolType, changed = "", true // which is refused
		}
	case *kmsg.CreateTopicsRequest:
		left := maxPartitions
		for i := range r.Topics {
			t := &r.Topics[i]
			if left -= max(1, int(t.NumPartitions), len(t.ReplicaAssignment)); left < 0 {
				t.ReplicaAssignment, t.NumPartitions, changed = nil, 0, true // which is refused
			}
		}
	case *kmsg.CreatePartitionsRequest:
		for i := range r.Topics {
			atMost(&r.Topics[i].Count, maxPartitions, 0)
		}
	case *kmsg.AlterConfigsRequest:
		for i := range r.Resources {
			changed = topicOnly(&r.Resources[i].ResourceType) || changed
		}
	case *kmsg.IncrementalAlterConfigsRequest:
		for i := range r.Resources {
			changed = topicOnly(&r.Resources[i].ResourceType) || changed
		}
	}
	return changed
}

// shareOut gives each partition of a fetch its share of the bytes of the response, in place of a limit of them all together. Where kfake comes
// to that limit in the middle of a partition, it leaves out which transactions of the partition were aborted, and a consumer
// takes their records for committed ones. A share has room for a batch, unless there are very many partitions: then the first one has.
func shareOut(r *kmsg.FetchRequest) {
	partitions := 0
	for i := range r.Topics {
		partitions += len(r.Topics[i].Partitions)
	}
	share := r.MaxBytes / int32(max(1, partitions))
	if partitions <= maxFetch/maxBatch {
		share = max(share, maxBatch)
	}
	for i := range r.Topics {
		for k := range r.Topics[i].Partitions {
			p := &r.Topics[i].Partitions[k]
			p.PartitionMaxBytes = min(p.PartitionMaxBytes, share)
		}
	}
	r.MaxBytes = math.MaxInt32
}

// distinct reports whether a member names protocols, and each of them once. kfake counts by name how many members have a protocol, and
// ends the process when none comes to the number of members.
func distinct(protocols []kmsg.JoinGroupRequestProtocol) bool {
	names := map[string]bool{}
	for _, p := range protocols {
		names[p.Name] = true
	}
	return len(names) == len(protocols) && len(names) > 0
}

// topicOnly lets the configuration of topics be changed, and no other: intervals of zero end kfake.
func topicOnly(t *kmsg.ConfigResourceType) (changed bool) {
	if *t == kmsg.ConfigResourceTypeTopic {
		return false
	}
	*t = kmsg.ConfigResourceTypeUnknown
	return true
}
