package api

import (
	"context"
	"time"

	"dwell/dashboards/overview"
)

func (h *Handler) overview(ctx context.Context, q *request) (any, error) {
	if err := q.done(); err != nil {
		return nil, err
	}
	return h.current.Overview(ctx)
}

// Now is one place of the overview.
type Now struct {
	Time          time.Time  `json:"time"`
	AsOf          *time.Time `json:"as_of"`
	FinalUntil    *time.Time `json:"final_until"`
	WindowSeconds int64      `json:"window_seconds"`
	// Simulation is that of the overview.
	Simulation *overview.Simulation `json:"simulation"`
	overview.Health
	Place overview.Place `json:"place"`
}

func (h *Handler) place(ctx context.Context, q *request) (any, error) {
	id, err := h.id(q)
	if err == nil {
		err = q.done()
	}
	if err != nil {
		return nil, err
	}
	b, err := h.current.Overview(ctx)
	if err != nil {
		return nil, err
	}
	for i := range b.Places {
		if p := &b.Places[i]; p.ID == id {
			return Now{Time: b.Time, AsOf: b.AsOf, FinalUntil: b.FinalUntil, WindowSeconds: b.WindowSeconds, Simulation: b.Simulation, Health: b.Health, Place: *p}, nil
		}
	}
	return nil, missing("id", id, "no such place in the overview")
}

// id is the place that the path names.
func (h *Handler) id(q *request) (string, error) {
	id := q.PathValue("id")
	for _, p := range h.store.Places() {
		if p.ID == id {
			return id, nil
		}
	}
	return "", missing("id", id, "no place has this id; see "+Prefix+"places")
}
