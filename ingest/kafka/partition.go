package kafka

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// handleBytes is how much is decompressed before the Handler is called. It bounds the memory of records that compress well.
const handleBytes = 4 << 20

// partition is the loop of one partition: it opens a Handler, feeds it from the source, and closes it.
type partition struct {
	*source
	client     *client
	cfg        Config
	log        *slog.Logger
	obs        Observer
	newHandler func(partition int) Handler
	slots      slots
}

// run serves the partition until owned ends. Handlers may work on until drain ends.
func (p *partition) run(owned, drain context.Context) {
	p.obs.Assigned(p.partition, true)
	defer p.obs.Assigned(p.partition, false)
	pace := backoff{min: p.cfg.BackoffMin, max: p.cfg.BackoffMax}
	for {
		failure, err := p.serve(owned, drain, &pace)
		if err != nil {
			p.obs.Failed(failure)
			p.log.Error("partition failed, will resume from its stored progress", "partition", p.partition,
				"failed", failure, "error", err)
		}
		if owned.Err() != nil || !pace.wait(owned) {
			return
		}
	}
}

// serve is one Handler's life. It returns nil only after owned has ended.
func (p *partition) serve(owned, drain context.Context, pace *backoff) (Failure, error) {
	h := p.newHandler(p.partition)
	next, err := h.Open(owned, p.partition)
	if err != nil {
		if owned.Err() != nil {
			return "", nil
		}
		return OpenFailure, err
	}
	failure, err := p.feed(owned, drain, h, next, pace)
	p.stop()
	p.obs.Buffered(p.partition, 0)
	if err != nil {
		ended, cancel := context.WithCancel(drain)
		cancel()
		_ = h.Close(ended) // the first failure is reported
		return failure, err
	}
	if err := h.Close(drain); err != nil {
		return CloseFailure, err
	}
	return "", nil
}

// feed passes fetched chunks to the Handler. It returns nil when owned ends.
func (p *partition) feed(owned, drain context.Context, h Handler, next int64, pace *backoff) (Failure, error) {
	if next == Earliest {
		var err error
		if next, _, err = p.client.bounds(owned, p.cfg.Topic, p.partition); err != nil {
			if owned.Err() != nil {
				return "", nil
			}
			return PartitionFailure, err
		}
	}
	if next < 0 {
		return OpenFailure, fmt.Errorf("handler asks for offset %d", next)
	}
	p.obs.Opened(p.partition, next)
	p.seek(next)
	tick := time.NewTimer(p.untilTick())
	defer tick.Stop()
	for owned.Err() == nil {
		c, buffered, ok, err := p.take()
		switch {
		case err != nil:
			return RecordsFailure, err
		case ok:
			p.obs.Buffered(p.partition, buffered)
			if failure, err := p.handle(owned, drain, h, c); err != nil {
				return failure, err
			}
			pace.reset()
			next = c.next
			tick.Reset(p.untilTick())
			continue
		}
		select {
		case <-owned.Done():
		case <-p.arrived:
		case end := <-p.short:
			return p.shortLog(drain, h, next, end)
		case <-tick.C:
			_, highWatermark := p.position()
			err := h.Handle(drain, Batch{Next: next, HighWatermark: highWatermark})
			if err == nil {
				err = h.Write(drain)
			}
			if err != nil {
				return HandleFailure, err
			}
			tick.Reset(p.untilTick())
		}
	}
	return "", nil
}

// untilTick is the time until the next tick. All partitions tick at the same time, so that their flushes share inserts.
func (p *partition) untilTick() time.Duration {
	return p.cfg.Tick - time.Duration(time.Now().UnixNano())%p.cfg.Tick
}

// handle passes the records of one chunk to the Handler, in batches of bounded size.
func (p *partition) handle(owned, drain context.Context, h Handler, c chunk) (Failure, error) {
	transactions := newTransactions(c.aborted)
	for rest := c.data; ; {
		r := p.slots.take(owned)
		if r == nil {
			return "", nil
		}
		next, after, err := read(r, &c, &transactions, rest)
		failure, n := RecordsFailure, len(r.records)
		if err == nil {
			failure, err = HandleFailure, h.Handle(drain, Batch{Records: r.records, Next: next, HighWatermark: c.highWatermark})
		}
		p.slots.give(r)
		if err == nil {
			err = h.Write(drain)
		}
		if err != nil {
			return failure, err
		}
		p.obs.Handled(p.partition, n)
		if after == nil || owned.Err() != nil {
			return "", nil
		}
		rest = after
	}
}

// read reads batches from data up to handleBytes. Next is the offset after them, and rest the remaining data, nil after the
// last batch.
func read(r *recordReader, c *chunk, transactions *transactions, data []byte) (next int64, rest []byte, err error) {
	for {
		b, after, ok, err := cutBatch(data)
		if err != nil || !ok {
			return c.next, nil, err
		}
		data = after
		if visible := transactions.visible(b); b.next() <= c.from || !visible {
			continue
		}
		if err := r.read(b, c.from); err != nil {
			return 0, nil, err
		}
		if r.decoded >= handleBytes {
			return b.next(), data, nil
		}
	}
}
