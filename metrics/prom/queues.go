package prom

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"dwell/ingest/event"
)

// Queue is the latest reading of a queue that counts. What is not known is nil, and has no series.
type Queue struct {
	Source, Name, Direction string
	// Age is how old the reading is now.
	Age            time.Duration
	Vehicles, Wait *float64 // Wait is in seconds
	State          event.QueueState
}

// queueSeries are the series of queue readings. Sources choose the names of queues, so OfPlace bounds their number.
type queueSeries struct{ vehicles, wait, age, state, silence *prometheus.Desc }

func newQueueSeries(desc func(name, help string, labels ...string) *prometheus.Desc) queueSeries {
	of := []string{"bcp", "direction", "source", "queue"}
	return queueSeries{
		vehicles: desc("dwell_queue_vehicles", "Vehicles in a queue, by the latest reading of a source. Absent where that is stale, frozen, in doubt or without the number.", of...),
		wait:     desc("dwell_queue_wait_seconds", "Expected wait in a queue, by the latest reading of a source. Absent in the same cases, and where it is zero beside vehicles.", of...),
		age:      desc("dwell_queue_age_seconds", "How old the latest reading of a queue is, whatever it says.", of...),
		state: desc("dwell_queue_state", "1 for the state that a queue has by its latest reading, 0 for the other ones; it says nothing about the BCP. Absent where it is unknown.",
			append(of, "state")...),
		silence: desc("dwell_queue_silent_after_seconds", "Age from which on a reading counts as stale: the baseline of the BCP's readings for this hour of the week, or silent_after.", "bcp"),
	}
}

func (s *queueSeries) describe(ch chan<- *prometheus.Desc) {
	ch <- s.vehicles
	ch <- s.wait
	ch <- s.age
	ch <- s.state
	ch <- s.silence
}

// collect gives the series of one BCP to gauge.
func (s *queueSeries) collect(gauge func(*prometheus.Desc, float64, ...string), bcp string, of *Place) {
	if len(of.Queues) > 0 {
		gauge(s.silence, of.QueuesSilentAfter.Seconds(), bcp)
	}
	for i := range of.Queues {
		q := &of.Queues[i]
		labels := []string{bcp, q.Direction, q.Source, q.Name}
		gauge(s.age, q.Age.Seconds(), labels...)
		if q.Vehicles != nil {
			gauge(s.vehicles, *q.Vehicles, labels...)
		}
		if q.Wait != nil {
			gauge(s.wait, *q.Wait, labels...)
		}
		if q.State == event.UnknownState {
			continue
		}
		for state := event.OpenState; state <= event.ClosedState; state++ {
			gauge(s.state, oneIf(state == q.State), append(labels, state.String())...)
		}
	}
}
