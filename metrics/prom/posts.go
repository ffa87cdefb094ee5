package prom

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Posts are the series of what is posted over HTTP. With O = receiver.Outcome they implement ingest/receiver's Observer, whose package this
// one does not import. They are safe for concurrent use.
type Posts[O ~string] struct {
	events, requests *prometheus.CounterVec
}

// NewPosts registers the series. It panics where registry has series of the same names.
func NewPosts[O ~string](registry prometheus.Registerer) *Posts[O] {
	with := promauto.With(registry)
	return &Posts[O]{
		events: with.NewCounterVec(prometheus.CounterOpts{
			Name: "dwell_posted_events_total", Help: "Events of answered posts, by the name of their token: accepted ones are in Kafka, duplicates came before in their request, refused ones are dead letters.",
		}, []string{"token", "outcome"}),
		requests: with.NewCounterVec(prometheus.CounterOpts{
			Name: "dwell_posted_requests_total", Help: "Posts of events and of annotations, and removals of these, by the status of the answer.",
		}, []string{"status"}),
	}
}

// Posted counts events of a post.
func (p *Posts[O]) Posted(token string, outcome O, events int) {
	p.events.WithLabelValues(token, string(outcome)).Add(float64(events))
}

// Answered counts a post.
func (p *Posts[O]) Answered(status int) { p.requests.WithLabelValues(strconv.Itoa(status)).Inc() }
