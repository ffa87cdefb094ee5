package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

// fetchRequest asks one broker for the records of partitions that it leads. It is kafka-go's own request, whose answer is
// read here: see the package comment.
type fetchRequest struct {
	fetch.Request
	broker   int32
	clientID string
	version  int16
}

// fetchVersions are the versions of the Fetch API that are spoken: 4 brings isolation, format v2 and aborted
// transactions; from 12 on the encoding differs.
const (
	minFetchVersion = 4
	maxFetchVersion = 11
	readCommitted   = 1
)

func newFetchRequest(clientID, topic string, broker int32, wait time.Duration, partitions []fetch.RequestPartition) *fetchRequest {
	maxBytes := int32(0)
	for _, p := range partitions {
		maxBytes += min(p.PartitionMaxBytes, 1<<30-maxBytes)
	}
	return &fetchRequest{
		broker:   broker,
		clientID: clientID,
		Request: fetch.Request{
			ReplicaID:      -1,
			MaxWaitTime:    int32(wait.Milliseconds()),
			MinBytes:       1,
			MaxBytes:       maxBytes,
			IsolationLevel: readCommitted,
			SessionEpoch:   -1, // no fetch session
			Topics:         []fetch.RequestTopic{{Topic: topic, Partitions: partitions}},
		},
	}
}

// Broker sends the request to the given broker, whatever leaders the transport has cached.
func (r *fetchRequest) Broker(cluster protocol.Cluster) (protocol.Broker, error) {
	b, ok := cluster.Brokers[r.broker]
	if !ok {
		return protocol.Broker{}, fmt.Errorf("broker %d is not known yet", r.broker)
	}
	return b, nil
}

// Required makes the transport use RawExchange.
func (r *fetchRequest) Required(versions map[protocol.ApiKey]int16) bool {
	r.version = min(versions[protocol.Fetch], maxFetchVersion)
	return true
}

// RawExchange sends the request and reads the answer. After an error the transport closes the connection.
func (r *fetchRequest) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	if r.version < minFetchVersion {
		return nil, fmt.Errorf("the broker speaks version %d of the Fetch API, needed is %d (Kafka 0.11)", r.version, minFetchVersion)
	}
	const correlation = 1 // one request is under way on a connection
	if err := protocol.WriteRequest(rw, r.version, correlation, r.clientID, &r.Request); err != nil {
		return nil, err
	}
	d := answer{r: rw, left: 4}
	d.left = int(d.int32())
	if id := d.int32(); d.err == nil && id != correlation {
		return nil, fmt.Errorf("answer to request %d, want %d", id, correlation)
	}
	res := readFetchAnswer(&d, r.version)
	if d.err == nil && d.left != 0 {
		d.err = fmt.Errorf("fetch answer: %d bytes left over", d.left)
	}
	return res, d.err
}

// fetchAnswer is what a broker answered.
type fetchAnswer struct {
	throttle   time.Duration
	code       int16
	partitions []partitionAnswer
}

// ApiKey implements kafka-go's message interface.
func (*fetchAnswer) ApiKey() protocol.ApiKey { return protocol.Fetch }

type partitionAnswer struct {
	partition     int32
	code          int16
	highWatermark int64
	// lastStable is the first offset of the earliest open transaction, or the high watermark where none is open: nothing from there on is
	// sent. -1 where the broker does not say.
	lastStable int64
	// logStart is the first offset that the broker still has, -1 where it does not say.
	logStart int64
	aborted  []abortedTransaction
	// data is record batches, of which the last may be truncated.
	data []byte
	// throttle is how long the broker wants no other request.
	throttle time.Duration
}

func readFetchAnswer(d *answer, version int16) *fetchAnswer {
	res := &fetchAnswer{throttle: time.Duration(d.int32()) * time.Millisecond}
	if version >= 7 {
		res.code = d.int16()
		d.int32() // session
	}
	for range d.count() {
		d.discard(int(d.int16())) // the topic's name: one was asked for
		for range d.count() {
			p := partitionAnswer{partition: d.int32(), code: d.int16(), highWatermark: d.int64(), logStart: -1}
			p.lastStable = d.int64()
			if version >= 5 {
				p.logStart = d.int64()
			}
			for range d.count() {
				p.aborted = append(p.aborted, abortedTransaction{producer: d.int64(), first: d.int64()})
			}
			if version >= 11 {
				d.int32() // preferred replica
			}
			p.data = d.take(int(d.int32()))
			res.partitions = append(res.partitions, p)
		}
	}
	return res
}

// answer reads the fields of a broker's answer. After an error, everything read is zero.
type answer struct {
	r       io.Reader
	left    int
	err     error
	scratch [8]byte
}

func (d *answer) fixed(n int) []byte {
	b := d.scratch[:n]
	if d.err == nil && n > d.left {
		d.err = errors.New("fetch answer: cut short")
	}
	if d.err == nil {
		_, d.err = io.ReadFull(d.r, b)
		d.left -= n
	}
	if d.err != nil {
		clear(b)
	}
	return b
}

func (d *answer) int16() int16 { return int16(binary.BigEndian.Uint16(d.fixed(2))) }
func (d *answer) int32() int32 { return int32(binary.BigEndian.Uint32(d.fixed(4))) }
func (d *answer) int64() int64 { return int64(binary.BigEndian.Uint64(d.fixed(8))) }

// count reads an array's length; null is no element.
func (d *answer) count() int {
	n := int(d.int32())
	if n > d.left {
		d.err = fmt.Errorf("fetch answer: %d elements in %d bytes", n, d.left)
	}
	if d.err != nil {
		return 0
	}
	return max(n, 0)
}

func (d *answer) discard(n int) { d.take(n) }

// take reads n bytes into memory of their own; null and nothing are nil.
func (d *answer) take(n int) []byte {
	if n <= 0 || d.err != nil {
		return nil
	}
	if n > d.left {
		d.err = fmt.Errorf("fetch answer: field of %d bytes in %d", n, d.left)
		return nil
	}
	b := make([]byte, n)
	_, d.err = io.ReadFull(d.r, b)
	d.left -= n
	return b
}
