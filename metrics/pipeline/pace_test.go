package pipeline_test

import (
	"context"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// pace has a shard apply a batch between every two writes of a flush, unless the shard waits for the flush. It is the shard's
// tracer, and so knows what begins and ends.
type pace struct {
	noop.Tracer

	mu       sync.Mutex
	changed  *sync.Cond
	flushing bool
	waiting  bool
	// batches were applied since the flush began, and begun and ended are its writes.
	batches, begun, ended int
	// between is how many writes began after a batch, and unpaced how many the shard waited for.
	between, unpaced int
}

func newPace() *pace {
	p := &pace{}
	p.changed = sync.NewCond(&p.mu)
	return p
}

// applied is called after each batch. It returns when a write that had begun before is over, or never will be, as ctx has ended.
func (p *pace) applied(ctx context.Context) {
	defer context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.changed.Broadcast()
	})()
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.flushing && p.ended <= p.batches && ctx.Err() == nil {
		p.changed.Wait()
	}
	p.batches++
	p.changed.Broadcast()
}

// Start begins a span.
func (p *pace) Start(ctx context.Context, name string, _ ...trace.SpanStartOption) (context.Context, trace.Span) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var end func()
	switch {
	case name == "shard.flush":
		p.flushing, p.batches, p.begun, p.ended = true, 0, 0, 0
		end = func() { p.flushing = false }
	case name == "wait for flush":
		p.waiting = true
		p.changed.Broadcast()
		end = func() { p.waiting = false }
	case strings.HasPrefix(name, "write ") && p.flushing:
		for p.begun > p.batches && !p.waiting {
			p.changed.Wait()
		}
		switch {
		case p.waiting:
			p.unpaced++
		case p.begun > 0:
			p.between++
		}
		p.begun++
		end = func() { p.ended++ }
	default:
		return ctx, noop.Span{}
	}
	return ctx, span{pace: p, end: end}
}

type span struct {
	noop.Span
	pace *pace
	end  func()
}

func (s span) End(...trace.SpanEndOption) {
	s.pace.mu.Lock()
	defer s.pace.mu.Unlock()
	s.end()
	s.pace.changed.Broadcast()
}
