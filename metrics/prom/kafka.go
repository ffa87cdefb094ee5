package prom

import (
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Kafka are the series of the reading of Kafka. With F = kafka.Failure it implements ingest/kafka's Observer, whose
// package this one does not import. It is safe for concurrent use.
type Kafka[F ~string] struct {
	assigned             prometheus.Gauge
	buffered             *prometheus.GaugeVec
	bytes, records, lost prometheus.Counter
	failures             *prometheus.CounterVec

	mu   sync.Mutex
	mine map[int]bool // the partitions that are read here
}

// NewKafka registers the series; failures are counted from zero. It panics where registry has series of the same names.
func NewKafka[F ~string](registry prometheus.Registerer, failures []F) *Kafka[F] {
	with := promauto.With(registry)
	counter := func(name, help string) prometheus.Counter {
		return with.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	k := &Kafka[F]{
		mine: map[int]bool{},
		assigned: with.NewGauge(prometheus.GaugeOpts{
			Name: "dwell_kafka_assigned_partitions", Help: "Partitions that this process reads now.",
		}),
		buffered: with.NewGaugeVec(prometheus.GaugeOpts{
			Name: "dwell_kafka_buffered_bytes", Help: "Bytes fetched that wait for their shard.",
		}, []string{"shard"}),
		bytes:   counter("dwell_kafka_fetched_bytes_total", "Bytes fetched, as sent: compressed."),
		records: counter("dwell_kafka_records_total", "Records that the shards have taken."),
		lost:    counter("dwell_kafka_lost_records_total", "Records that were deleted before they were read: by Kafka's retention, or with a part of the embedded broker's log."),
		failures: with.NewCounterVec(prometheus.CounterOpts{
			Name: "dwell_kafka_failures_total", Help: "What had to be tried again.",
		}, []string{"operation"}),
	}
	for _, f := range failures {
		k.failures.WithLabelValues(string(f))
	}
	return k
}

// Assigned counts the partitions that are read here.
func (k *Kafka[F]) Assigned(partition int, now bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now {
		k.mine[partition] = true
	} else {
		delete(k.mine, partition)
		k.buffered.DeleteLabelValues(strconv.Itoa(partition))
	}
	k.assigned.Set(float64(len(k.mine)))
}

// Fetched counts what has arrived.
func (k *Kafka[F]) Fetched(_ int, bytes int, _, _ int64) { k.bytes.Add(float64(bytes)) }

// Handled counts the records that the shards have taken.
func (k *Kafka[F]) Handled(_ int, records int) { k.records.Add(float64(records)) }

// Joined, Left, Reached, Opened and Standing are of no interest here: Health has what follows from them.
func (k *Kafka[F]) Joined([]int) {}

// Left is as Joined.
func (k *Kafka[F]) Left() {}

// Reached is as Joined.
func (k *Kafka[F]) Reached(error) {}

// Opened is as Joined.
func (k *Kafka[F]) Opened(int, int64) {}

// Standing is as Joined.
func (k *Kafka[F]) Standing(int, error) {}

// Buffered sets the buffered bytes. A fetch that ends after its partition was revoked is ignored.
func (k *Kafka[F]) Buffered(partition int, bytes int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.mine[partition] {
		k.buffered.WithLabelValues(strconv.Itoa(partition)).Set(float64(bytes))
	}
}

// Failed counts what had to be tried again.
func (k *Kafka[F]) Failed(what F) { k.failures.WithLabelValues(string(what)).Inc() }

// Lost counts what was never read.
func (k *Kafka[F]) Lost(_ int, records int64) { k.lost.Add(float64(records)) }
