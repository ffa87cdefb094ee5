package app

import (
	"dwell/metrics/border"
	"dwell/metrics/engine"
	"dwell/metrics/pipeline"
)

// published reports the shards to an observer, and gives the border what they publish.
type published struct {
	pipeline.Observer
	border *border.Border
}

func (p published) Published(id int, o *engine.Overview) {
	p.border.Published(id, o)
	p.Observer.Published(id, o)
}

func (p published) Closed(id int) {
	p.border.Closed(id)
	p.Observer.Closed(id)
}
