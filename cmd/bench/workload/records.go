package workload

import (
	"container/heap"
	"strconv"

	"dwell/ingest/event"
)

// Record is one record of the topic. Time is its timestamp in Unix milliseconds.
type Record struct {
	Partition  int
	Key, Value []byte
	Time       int64
}

// Records are the records in the order in which they come to the log: that of their timestamps.
type Records struct {
	planner *planner
	next    *visit // not yet arrived
	pending queue
	planned int
	voc     *event.Vocabulary
	sources [][]byte // by BCP
	id      []byte
}

// New checks the configuration.
func New(cfg Config) (*Records, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	voc, err := event.NewVocabulary(cfg.ids(), agencies)
	if err != nil {
		return nil, err
	}
	r := &Records{planner: newPlanner(cfg), voc: voc}
	for _, id := range cfg.ids() {
		r.sources = append(r.sources, []byte("/border/"+id))
	}
	r.next = r.planner.next()
	return r, nil
}

// Next is the next record; false after the last one. Its bytes are the caller's.
func (r *Records) Next() (Record, bool) {
	for r.next != nil && (len(r.pending) == 0 || r.pending[0].logged >= r.next.arrived) {
		for _, f := range r.next.facts {
			heap.Push(&r.pending, waiting{f, r.next, r.planned})
			r.planned++
		}
		r.next = r.planner.next()
	}
	if len(r.pending) == 0 {
		return Record{}, false
	}
	w := heap.Pop(&r.pending).(waiting)
	return Record{
		Partition: partition(w.visit.id, r.planner.cfg.Partitions),
		Key:       w.visit.id, Value: r.write(w.visit, w.fact), Time: w.logged,
	}, true
}

// write writes an event as dwell's own producers do.
func (r *Records) write(v *visit, f fact) []byte {
	r.id = strconv.AppendInt(append(append(r.id[:0], v.id...), '/'), int64(f.number), 10)
	e := event.Event{
		Type: f.kind, ID: r.id, Source: r.sources[v.bcp], Subject: v.id, Time: f.at, Recorded: f.at,
		BCP: event.BCP(v.bcp + 1), Direction: v.direction,
	}
	switch f.kind {
	case event.TruckArrived:
		e.Regime = v.regime
	case event.ChannelAssigned:
		e.Channel = v.channel
	case event.InspectionStarted, event.InspectionCompleted:
		e.Agency, _ = r.voc.Agency([]byte(v.agency))
		e.Kind = v.kind
		if f.kind == event.InspectionCompleted {
			e.Result = event.Conformant
		}
	case event.HoldPlaced, event.HoldLifted:
		e.Agency, _ = r.voc.Agency([]byte(v.agency))
	}
	return event.AppendStructured(make([]byte, 0, 320), r.voc, &e)
}

// waiting is a fact that is not in the log yet.
type waiting struct {
	fact
	visit *visit
	order int
}

// queue has the fact that is logged next at its top.
type queue []waiting

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q queue) Less(i, j int) bool {
	return q[i].logged < q[j].logged || q[i].logged == q[j].logged && q[i].order < q[j].order
}
func (q *queue) Push(x any) { *q = append(*q, x.(waiting)) }
func (q *queue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	(*q)[last] = waiting{}
	*q = (*q)[:last]
	return x
}
