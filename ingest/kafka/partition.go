package kafka

import (
	"context"
	"errors"
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
	damaged    damage
	serving    trouble
	unread     int64 // the base offset of the latest batch that became a dead letter, -1 before the first
}

// run serves the partition until owned ends. Handlers may work on until drain ends.
func (p *partition) run(owned, drain context.Context) {
	p.obs.Assigned(p.partition, true)
	defer p.obs.Assigned(p.partition, false)
	pace := backoff{min: p.cfg.BackoffMin, max: p.cfg.BackoffMax}
	for {
		failure, err := p.serve(owned, drain, &pace)
		if err != nil && !errors.Is(err, ErrReopen) {
			p.obs.Failed(failure)
			p.serving.failed(p.log, slog.LevelError, "partition failed, will resume from its stored progress", err, "partition", p.partition, "failed", failure)
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
	earliest := next == Earliest
	if earliest {
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
	p.seek(next, earliest)
	tick := time.NewTimer(p.untilTick())
	defer tick.Stop()
	for owned.Err() == nil {
		if c, buffered, ok := p.take(); ok {
			p.obs.Buffered(p.partition, buffered)
			var err error
			if next, err = p.handle(owned, drain, h, c); err != nil {
				return HandleFailure, err
			}
			pace.reset()
			p.serving.over(p.log, "partition resumed", "partition", p.partition)
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

// handle passes the records of one chunk to the Handler, in batches of bounded size. It returns the offset up to which the Handler
// has them: that of a damaged batch, which is fetched again, or that after the chunk.
func (p *partition) handle(owned, drain context.Context, h Handler, c chunk) (next int64, err error) {
	transactions := newTransactions(c.aborted)
	next = c.from
	for batches := c.batches; ; {
		r := p.slots.take(owned)
		if r == nil {
			return next, nil
		}
		n, bad := read(r, next, &transactions, batches)
		to := c.next
		switch {
		case n > 0:
			if batches = batches[n:]; len(batches) > 0 {
				to = batches[0].offset
			}
		case bad != nil:
			if !p.judged(&batches[0], bad) {
				p.slots.give(r)
				return next, nil
			}
			if f := &batches[0]; f.base == f.offset || f.base != p.unread {
				p.unread = f.base
				r.records = append(r.records, p.letter(&batches[0], bad))
			}
			if to, batches = batches[0].next, batches[1:]; len(batches) == 0 {
				to = c.next
			}
		}
		read := len(r.records)
		err := h.Handle(drain, Batch{Records: r.records, Next: to, HighWatermark: c.highWatermark})
		p.slots.give(r)
		if err == nil {
			err = h.Write(drain)
		}
		if err != nil {
			return next, err
		}
		next = to
		p.obs.Handled(p.partition, read)
		if len(batches) == 0 || owned.Err() != nil {
			return next, nil
		}
	}
}

// read reads batches up to handleBytes, or up to one that cannot be read, and returns how many it has read. Where that is none, bad is
// why. Records before from are left out.
func read(r *recordReader, from int64, transactions *transactions, batches []frame) (n int, bad error) {
	for n = range batches {
		f := &batches[n]
		if f.fault != nil {
			return n, f.fault
		}
		if f.next <= from {
			transactions.visible(f.raw, f.next)
			continue
		}
		if err := f.raw.crc(); err != nil {
			return n, crcError{err}
		}
		if transactions.visible(f.raw, f.next) {
			if err := r.read(f.raw, f.offset); err != nil {
				return n, err
			}
		}
		if r.decoded >= handleBytes {
			return n + 1, nil
		}
	}
	return len(batches), nil
}
