package app

import (
	"dwell/metrics/engine"
	"dwell/metrics/pipeline"
	"dwell/metrics/recent"
)

// counted reports the shards to an observer, and keeps their recent hours in memory.
type counted struct {
	pipeline.Observer
	hours *recent.Hours
}

func (c counted) Opened(id int, asOf int64, s *engine.State) {
	c.hours.Opened(id, asOf, s)
	c.Observer.Opened(id, asOf, s)
}

func (c counted) Counted(id int, f *engine.Flush) {
	c.hours.Counted(id, f)
	c.Observer.Counted(id, f)
}

func (c counted) Closed(id int) {
	c.hours.Closed(id)
	c.Observer.Closed(id)
}
