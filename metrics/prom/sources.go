package prom

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Sources are the series of agencies' own topics, whose messages become events. It is safe for concurrent use.
type Sources struct {
	records *prometheus.CounterVec
	lost    *prometheus.CounterVec
	lag     *prometheus.GaugeVec
}

// NewSources registers the series, and counts what becomes of the topics' records from zero. It panics where registry has series of the same
// names.
func NewSources(registry prometheus.Registerer, topics []string) *Sources {
	with := promauto.With(registry)
	s := &Sources{
		records: with.NewCounterVec(prometheus.CounterOpts{
			Name: "dwell_source_records_total", Help: "Records of the messages of an agency's topic, by what they became: an event (accepted), a part of a dead letter (refused), or nothing, as the mapping says (passed). One that is read again after a crash counts again.",
		}, []string{"topic", "outcome"}),
		lost: with.NewCounterVec(prometheus.CounterOpts{
			Name: "dwell_source_lost_messages_total", Help: "Messages of an agency's topic that were deleted before they were read.",
		}, []string{"topic"}),
		lag: with.NewGaugeVec(prometheus.GaugeOpts{
			Name: "dwell_source_lag_messages", Help: "Messages of an agency's topic that have yet to become events, by partition.",
		}, []string{"topic", "partition"}),
	}
	for _, topic := range topics {
		s.Normalized(topic, 0, 0, 0)
		s.Lost(topic, 0)
	}
	return s
}

// Normalized counts what was written of a topic's messages.
func (s *Sources) Normalized(topic string, events, refused, passed int) {
	s.records.WithLabelValues(topic, "accepted").Add(float64(events))
	s.records.WithLabelValues(topic, "refused").Add(float64(refused))
	s.records.WithLabelValues(topic, "passed").Add(float64(passed))
}

// Left takes how many messages of a partition have yet to be written. Its series is absent until that is known.
func (s *Sources) Left(topic string, partition int, messages int64) {
	s.lag.WithLabelValues(topic, strconv.Itoa(partition)).Set(float64(messages))
}

// Lost counts messages that are never read.
func (s *Sources) Lost(topic string, messages int64) {
	s.lost.WithLabelValues(topic).Add(float64(messages))
}

// Revoked ends the series of a partition that another process reads now.
func (s *Sources) Revoked(topic string, partition int) {
	s.lag.DeleteLabelValues(topic, strconv.Itoa(partition))
}
