package workload

import (
	"fmt"

	"dwell/ingest/event"
)

// Probes are trucks that arrive, and stay, at BCPs of their own, one for each partition. How many are inside there says
// which of them have been counted: of a partition they are counted in the order in which they came.
type Probes struct {
	cfg  Config // with their BCPs behind those of the others
	of   int    // how many others there are
	voc  *event.Vocabulary
	made []int // by partition
	next int   // makes ids
}

// NewProbes makes the probes of a workload.
func NewProbes(cfg Config) (*Probes, error) {
	p := &Probes{cfg: cfg, of: cfg.BCPs, made: make([]int, cfg.Partitions)}
	p.cfg.BCPs += cfg.Partitions
	if err := p.cfg.Check(); err != nil {
		return nil, err
	}
	var err error
	p.voc, err = event.NewVocabulary(p.cfg.ids(), agencies)
	return p, err
}

// Places is a places file with the BCPs of the workload and those of the probes.
func (p *Probes) Places() []byte { return Places(p.cfg) }

// BCP is the id of the BCP to which the probes of a partition come.
func (p *Probes) BCP(partition int) string { return p.cfg.ids()[p.of+partition] }

// Next is the next arrival in a partition, at a time in Unix milliseconds; n says how many there are with it.
func (p *Probes) Next(to int, at int64) (r Record, n int) {
	var id []byte
	for id == nil || partition(id, p.cfg.Partitions) != to {
		id = fmt.Appendf(nil, "P-%d", p.next)
		p.next++
	}
	p.made[to]++
	e := event.Event{
		Type: event.TruckArrived, ID: fmt.Appendf(nil, "%s/0", id), Source: []byte("/border/" + p.BCP(to)), Subject: id, Time: at, Recorded: at,
		BCP: event.BCP(p.of + to + 1), Direction: event.Inbound, Regime: event.Import,
	}
	return Record{Partition: to, Key: id, Value: event.AppendStructured(nil, p.voc, &e), Time: at}, p.made[to]
}
