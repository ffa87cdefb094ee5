package prom

import (
	"github.com/prometheus/client_golang/prometheus"

	"dwell/ingest/event"
	"dwell/metrics/usual"
)

// usualSeries are the series of what is usual. OfPlace bounds the number of queues.
type usualSeries struct {
	capacity, median, deviation, spike      *prometheus.Desc
	queueMedian, queueDeviation, queueSpike *prometheus.Desc
}

func newUsualSeries(desc func(name, help string, labels ...string) *prometheus.Desc) usualSeries {
	trucks, queue := []string{"bcp", "direction"}, []string{"bcp", "direction", "source", "queue", "measure"}
	return usualSeries{
		capacity: desc("dwell_bcp_capacity_trucks", "Trucks that the BCP has room for. Absent where the places file does not say.", "bcp"),
		median: desc("dwell_trucks_inside_usual",
			"Median of the trucks inside at this hour of the week in the last eight weeks; direction is inbound, outbound or both. Absent where fewer than four weeks are known, and while the BCP is closed.", trucks...),
		deviation: desc("dwell_trucks_inside_deviation",
			"How far the trucks inside are from their median, in interquartile ranges. Absent where either is not known.", trucks...),
		spike: desc("dwell_trucks_inside_spike",
			"1 since the deviation was above 3, or the trucks more than the BCP has room for, at two looks a quarter of an hour apart, until the deviation is below 2 at two; else 0.", trucks...),
		queueMedian:    desc("dwell_queue_usual", "As dwell_trucks_inside_usual, of what readings say; measure is queue_vehicles or queue_wait (seconds).", queue...),
		queueDeviation: desc("dwell_queue_deviation", "As dwell_trucks_inside_deviation, of what readings say. Absent where a reading does not count.", queue...),
		queueSpike:     desc("dwell_queue_spike", "As dwell_trucks_inside_spike, of what readings say.", queue...),
	}
}

func (s *usualSeries) describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{s.capacity, s.median, s.deviation, s.spike, s.queueMedian, s.queueDeviation, s.queueSpike} {
		ch <- d
	}
}

// collect gives the series of one BCP to gauge.
func (s *usualSeries) collect(gauge func(*prometheus.Desc, float64, ...string), bcp string, of *Place) {
	if of.Capacity > 0 {
		gauge(s.capacity, float64(of.Capacity), bcp)
	}
	for series, l := range of.Deviations {
		median, deviation, spike := s.queueMedian, s.queueDeviation, s.queueSpike
		labels := []string{bcp, "", series.Source, series.Queue, string(series.Measure)}
		if series.Direction != event.NoDirection {
			labels[1] = series.Direction.String()
		}
		if series.Measure == usual.Inside {
			median, deviation, spike = s.median, s.deviation, s.spike
			if series.Direction == event.NoDirection {
				labels[1] = "both"
			}
			labels = labels[:2]
		}
		if l.Median != nil {
			gauge(median, *l.Median, labels...)
		}
		if l.Deviation != nil {
			gauge(deviation, *l.Deviation, labels...)
		}
		gauge(spike, oneIf(l.Spike.Is()), labels...)
	}
}
