package pipeline

import (
	"dwell/ingest/event"
	"dwell/metrics/engine"
)

// work is the memory for a batch of events between its decoding and the end of Handle. The shards of a process share it, as
// few handle at once: a batch takes more of it than it will leave behind.
type work struct {
	events  []event.Event
	offsets []int64
	visits  []engine.Found // by event
}

// work returns memory with nothing in it, for done to take back.
func (b *Budget) work() *work {
	w, _ := b.spare.Get().(*work)
	if w == nil {
		w = &work{}
	}
	w.events, w.offsets, w.visits = w.events[:0], w.offsets[:0], w.visits[:0]
	return w
}

func (b *Budget) done(w *work) { b.spare.Put(w) }

// event makes room for one more, which may hold what another one was.
func (w *work) event() *event.Event {
	if len(w.events) < cap(w.events) {
		w.events = w.events[:len(w.events)+1]
	} else {
		w.events = append(w.events, event.Event{})
	}
	return &w.events[len(w.events)-1]
}
