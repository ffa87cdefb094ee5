package hub

import "context"

// Viewer is a client that watches the overview. It is not for concurrent use, and must be closed.
type Viewer struct {
	hub *Hub
	// number is that of the last frame, zero before the first.
	number uint64
}

// Watch adds a viewer. It resumes after number from of the stream where that is remembered, and begins with a snapshot
// where it is not, or from is zero. An empty stream means this hub's.
func (h *Hub) Watch(from uint64, stream string) *Viewer {
	h.viewers.Add(1)
	v := &Viewer{hub: h}
	if stream == "" || stream == h.stream {
		v.number = from
	}
	return v
}

// Viewers is how many watch now.
func (h *Hub) Viewers() int { return int(h.viewers.Load()) }

// Next waits for the frame that leads from what the viewer has to the latest overview. It returns at once where that is
// newer already, ErrStopped when the hub has ended, and the context's error when that ends first.
func (v *Viewer) Next(ctx context.Context) (*Frame, error) {
	h := v.hub
	for {
		h.mu.Lock()
		stopped, changed, s := h.stopped, h.changed, h.latest
		if stopped {
			h.mu.Unlock()
			return nil, ErrStopped
		}
		if s.number != v.number && (s.overview != nil || s.failing) {
			f, err := h.changesSince(s, v.number)
			h.mu.Unlock()
			if err == nil {
				v.number = f.Number
			}
			return f, err
		}
		h.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Close ends the watching.
func (v *Viewer) Close() { v.hub.viewers.Add(-1) }
