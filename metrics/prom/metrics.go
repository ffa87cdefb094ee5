package prom

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/metrics/usual"
)

// Metrics are the series of one process. It implements pipeline.Observer and is safe for concurrent use.
type Metrics struct {
	voc   *event.Vocabulary
	times *times

	events                               *events
	forwarded                            *forwarded
	deadLetters                          *prometheus.CounterVec
	duplicates, late, replayed, restated prometheus.Counter
	flush                                prometheus.Histogram
	write                                *prometheus.HistogramVec
	rows                                 *prometheus.CounterVec
	retries                              prometheus.Counter
	buffer, stalled, visits, windows     *prometheus.GaugeVec
}

// Place is what the tables say of a BCP now.
type Place struct {
	// SilentAfter is the time without an event after which it counts as unknown.
	SilentAfter time.Duration
	// QueuesLeftOut is how many queues have readings that are not shown.
	QueuesLeftOut int
	// Queues are those that are shown, each with its latest reading.
	Queues []Queue
	// QueuesSilentAfter is the age from which on a reading counts as stale.
	QueuesSilentAfter time.Duration
	// Target is what the authority promised of the release time.
	Target Target
	// Capacity is how many trucks it has room for, 0 where that is not known.
	Capacity int
	// Deviations are from what is usual, of the trucks inside and of what readings say.
	Deviations map[usual.Series]usual.Looked
}

// Target is a promised release time; Seconds is 0 without one.
type Target struct {
	Seconds   float64
	Statistic string
	// Value is the statistic in the window of the overview, and Met whether it is within the target; nil where no truck was released.
	Value *float64
	Met   *bool
}

// OfPlace returns what the tables say of a BCP. Each collection calls it for each BCP.
type OfPlace func(id string) Place

// New registers the series. Each collection calls health once. It panics if registry has series of the same names.
func New(registry prometheus.Registerer, voc *event.Vocabulary, places []place.Place, overview Overview, held HeldBy, ofPlace OfPlace, health func() Health) *Metrics {
	with := promauto.With(registry)
	counter := func(name, help string) prometheus.Counter {
		return with.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	ofShard := func(name, help string) *prometheus.GaugeVec {
		return with.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"shard"})
	}
	m := &Metrics{
		voc:   voc,
		times: newTimes(voc),
		events: newEvents(voc, with.NewCounterVec(prometheus.CounterOpts{
			Name: "dwell_events_total", Help: "Usable events that were read, by BCP and type, duplicates included; one about a place is in every partition, and counts in each.",
		}, []string{"bcp", "type"})),
		forwarded: newForwarded(with.NewCounterVec(prometheus.CounterOpts{
			Name: "dwell_forwarded_records_total", Help: "Records whose producer chose another partition than that of their subject, by the event's source; they are counted where they are forwarded to.",
		}, []string{"source"})),
		deadLetters: with.NewCounterVec(prometheus.CounterOpts{
			Name: "dwell_dead_letters_total", Help: "Messages that could not be used, by reason.",
		}, []string{"reason"}),
		duplicates: counter("dwell_duplicate_events_total", "Events that changed nothing."),
		late:       counter("dwell_late_events_total", "Events that happened before the watermark of their shard."),
		replayed:   counter("dwell_replayed_events_total", "Events that the store had already, read again after a restart."),
		restated:   counter("dwell_restated_times_total", "Events by which a release or crossing time that had been reported became another, or none."),

		flush: with.NewHistogram(workTime("dwell_flush_seconds", "Time of a whole flush of one shard.")),
		write: with.NewHistogramVec(workTime("dwell_write_seconds",
			"Time of one write of a flush, with its tries and with what other shards write to the table at the same time, by table; dead_letter_topic and commit go to Kafka."), []string{"table"}),
		rows: with.NewCounterVec(prometheus.CounterOpts{
			Name: "dwell_written_rows_total", Help: "Rows written, by table, or letters written to the dead_letter_topic.",
		}, []string{"table"}),
		retries: counter("dwell_retries_total", "Reads and writes of the store that failed and were tried again."),

		buffer:  ofShard("dwell_shard_buffer_bytes", "Memory held for the next flush."),
		stalled: ofShard("dwell_shard_stalled", "1 while a read or write fails and is tried again, else 0."),
		visits:  ofShard("dwell_shard_visits", "Visits in memory after the latest flush."),
		windows: ofShard("dwell_shard_windows", "Windows in memory after the latest flush."),
	}
	for _, reason := range event.MessageReasons() {
		m.deadLetters.WithLabelValues(string(reason))
	}
	registry.MustRegister(newOverviewCollector(voc, places, overview, held, ofPlace), newHealthCollector(health), m.times)
	return m
}
