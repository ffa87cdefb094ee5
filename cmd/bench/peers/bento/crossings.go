package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/warpstreamlabs/bento/public/service"
)

// registerCrossings makes the processor "crossings" known to Bento. It keeps the visits and windows of each partition, and
// makes of a batch one message for each window that the batch changed, with the window's key as its metadata "key".
func registerCrossings() error {
	all := &crossings{partitions: map[int]*partition{}}
	spec := service.NewConfigSpec().Summary("Joins arrivals and releases of trucks and counts the times between by crossing and minute.")
	return service.RegisterBatchProcessor("crossings", spec, func(*service.ParsedConfig, *service.Resources) (service.BatchProcessor, error) {
		return all, nil
	})
}

// crossings is the state of all threads of the pipeline.
type crossings struct {
	mu         sync.Mutex
	partitions map[int]*partition
}

func (c *crossings) partition(number int) *partition {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.partitions[number]
	if p == nil {
		p = newPartition(number)
		c.partitions[number] = p
	}
	return p
}

// ProcessBatch takes a batch of one partition, as the input makes them.
func (c *crossings) ProcessBatch(_ context.Context, batch service.MessageBatch) ([]service.MessageBatch, error) {
	number, ok := batch[0].MetaGetMut("kafka_partition")
	if !ok {
		return nil, fmt.Errorf("message without kafka_partition")
	}
	p := c.partition(number.(int))
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range batch {
		value, err := m.AsBytes()
		if err != nil {
			return nil, err
		}
		if !mayCount(value) {
			continue
		}
		stamp, _ := m.MetaGetMut("kafka_timestamp_unix")
		seconds, ok := stamp.(int64)
		if !ok {
			return nil, fmt.Errorf("kafka_timestamp_unix %v is not a number of seconds", stamp)
		}
		if e, ok := read(value); ok && e.at <= seconds*1000+999+aheadMost {
			p.take(e)
		}
	}
	var changed service.MessageBatch
	for _, at := range p.changed {
		key, value := p.describe(at)
		m := batch[0].Copy()
		m.SetBytes(value)
		m.MetaSetMut("key", key)
		changed = append(changed, m)
	}
	p.changed = p.changed[:0]
	if changed == nil {
		return nil, nil
	}
	return []service.MessageBatch{changed}, nil
}

// Close has nothing to do.
func (c *crossings) Close(context.Context) error { return nil }
