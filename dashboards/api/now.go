package api

import (
	"context"
	"time"

	"dwell/dashboards/overview"
	"dwell/ingest/place"
)

func (h *Handler) overview(ctx context.Context, q *request) (any, error) {
	if err := q.done(); err != nil {
		return nil, err
	}
	return h.current.Overview(ctx)
}

// Place is what does not change about a BCP.
type Place struct {
	ID            string             `json:"id"`
	Names         map[string]string  `json:"names"`
	TimeZone      string             `json:"time_zone"`
	Neighbour     overview.Neighbour `json:"neighbour"`
	Position      overview.Position  `json:"position"`
	UNLocode      *string            `json:"un_locode"`
	TargetSeconds *int64             `json:"target_release_time_seconds"`
	// SilentAfterSeconds is the configured one; the overview has the one that holds.
	SilentAfterSeconds int64 `json:"silent_after_seconds"`
	// Assumed lists what has no published figure.
	Assumed []string `json:"assumed"`
}

// Places are all of the places file, with data or without.
type Places struct {
	Places []Place `json:"places"`
}

func (h *Handler) places(_ context.Context, q *request) (any, error) {
	if err := q.done(); err != nil {
		return nil, err
	}
	out := Places{Places: []Place{}}
	for _, p := range h.store.Places() {
		out.Places = append(out.Places, placeOf(&p))
	}
	return out, nil
}

func placeOf(p *place.Place) Place {
	out := Place{
		ID: p.ID, Names: p.Names, TimeZone: p.Zone.String(),
		Neighbour:          overview.Neighbour{ID: p.Neighbour.ID, Names: p.Neighbour.Names},
		Position:           overview.Position{Latitude: p.Position.Latitude, Longitude: p.Position.Longitude},
		SilentAfterSeconds: int64(p.SilentAfter / time.Second), Assumed: append([]string{}, p.Assumed...),
	}
	if p.UNLocode != "" {
		out.UNLocode = &p.UNLocode
	}
	if p.Targets.ReleaseTime > 0 {
		seconds := int64(p.Targets.ReleaseTime / time.Second)
		out.TargetSeconds = &seconds
	}
	return out
}

// Now is one place of the overview.
type Now struct {
	Time          time.Time      `json:"time"`
	AsOf          *time.Time     `json:"as_of"`
	FinalUntil    *time.Time     `json:"final_until"`
	WindowSeconds int64          `json:"window_seconds"`
	Place         overview.Place `json:"place"`
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
	for _, bcp := range b.Places {
		if bcp.ID == id {
			return Now{Time: b.Time, AsOf: b.AsOf, FinalUntil: b.FinalUntil, WindowSeconds: b.WindowSeconds, Place: bcp}, nil
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
