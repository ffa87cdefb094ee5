package pipeline

import (
	"dwell/ingest/event"
	"dwell/metrics/engine"
)

// work is the memory for a batch of events from decoding to the end of Handle. The shards of a process share it through a
// pool, as few of them handle at once.
type work struct {
	events  []event.Event
	records []*event.Record // by event
	visits  []engine.Found  // by event
	away    []bool          // by event, whether it belongs to another shard
}

// work returns empty memory, which done takes back.
func (b *Budget) work() *work {
	w, _ := b.spare.Get().(*work)
	if w == nil {
		w = &work{}
	}
	w.events, w.records, w.visits, w.away = w.events[:0], w.records[:0], w.visits[:0], w.away[:0]
	return w
}

func (b *Budget) done(w *work) {
	clear(w.records)
	b.spare.Put(w)
}

// event appends an event, which may have stale contents.
func (w *work) event() *event.Event {
	if len(w.events) < cap(w.events) {
		w.events = w.events[:len(w.events)+1]
	} else {
		w.events = append(w.events, event.Event{})
	}
	return &w.events[len(w.events)-1]
}
