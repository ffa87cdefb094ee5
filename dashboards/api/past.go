package api

import (
	"context"
	"errors"
	"time"

	"dwell/dashboards/overview"
)

const (
	day = 24 * time.Hour
	// longest is how far apart from and to may be.
	longest = 20 * 366 * day
	// maxReadings and maxVisits bound one answer.
	maxReadings, defaultReadings = 10_000, 2_000
	maxVisits, defaultVisits     = 500, 50

	maxRestatements, defaultRestatements = 10_000, 500
)

func (h *Handler) holders(ctx context.Context, q *request) (any, error) {
	id, err := h.id(q)
	if err != nil {
		return nil, err
	}
	from, to, err := q.span(h.store.Now(), day, longest)
	if err != nil {
		return nil, err
	}
	f, err := q.filter()
	if err == nil {
		err = q.done()
	}
	if err != nil {
		return nil, err
	}
	return h.store.Holders(ctx, id, from, to, f)
}

func (h *Handler) readings(ctx context.Context, q *request) (any, error) {
	id, err := h.id(q)
	if err != nil {
		return nil, err
	}
	from, to, err := q.span(h.store.Now(), 7*day, longest)
	if err != nil {
		return nil, err
	}
	limit, err := q.count("limit", defaultReadings, maxReadings)
	if err == nil {
		err = q.done()
	}
	if err != nil {
		return nil, err
	}
	return h.store.Readings(ctx, id, from, to, limit)
}

func (h *Handler) usual(ctx context.Context, q *request) (any, error) {
	id, err := h.id(q)
	if err != nil {
		return nil, err
	}
	ask := overview.UsualQuery{ID: id}
	if ask.Direction, err = q.word("direction", "inbound", "outbound"); err != nil {
		return nil, err
	}
	if ask.Measure, err = q.word("measure", "inside", "release_time", "crossing_time", "arrivals", "releases", "departures", "queue_vehicles", "queue_wait"); err != nil {
		return nil, err
	}
	if err := q.done(); err != nil {
		return nil, err
	}
	return h.store.UsualWeek(ctx, ask)
}

func (h *Handler) reliability(ctx context.Context, q *request) (any, error) {
	id, err := h.id(q)
	if err != nil {
		return nil, err
	}
	ask := overview.ReliabilityQuery{ID: id, Measure: "release_time"}
	if ask.Direction, err = q.word("direction", "inbound", "outbound"); err != nil {
		return nil, err
	}
	measure, err := q.word("measure", "release_time", "crossing_time")
	if err != nil {
		return nil, err
	}
	if measure != "" {
		ask.Measure = measure
	}
	if err := q.done(); err != nil {
		return nil, err
	}
	return h.store.Reliability(ctx, ask)
}

func (h *Handler) restatements(ctx context.Context, q *request) (any, error) {
	id, err := h.id(q)
	if err != nil {
		return nil, err
	}
	ask := overview.RestatementsQuery{ID: id}
	if ask.From, ask.To, err = q.span(h.store.Now(), 7*day, longest); err != nil {
		return nil, err
	}
	if ask.Grain, err = q.word("grain", "hour", "day"); err != nil {
		return nil, err
	}
	if ask.Measure, err = h.measure(q); err != nil {
		return nil, err
	}
	if ask.Limit, err = q.count("limit", defaultRestatements, maxRestatements); err == nil {
		err = q.done()
	}
	if err != nil {
		return nil, err
	}
	return h.store.Restatements(ctx, ask)
}

func (h *Handler) visit(ctx context.Context, q *request) (any, error) {
	id, err := h.id(q)
	if err == nil {
		err = q.done()
	}
	if err != nil {
		return nil, err
	}
	subject := q.PathValue("visit")
	v, err := h.store.Visit(ctx, id, subject)
	if errors.Is(err, overview.ErrNoVisit) {
		return nil, missing("visit", subject, "no event about "+id+" names this visit")
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

func (h *Handler) visitsOf(ctx context.Context, q *request) (any, error) {
	if err := q.done(); err != nil {
		return nil, err
	}
	subject := q.PathValue("visit")
	v, err := h.store.VisitsOf(ctx, subject)
	if errors.Is(err, overview.ErrNoVisit) {
		return nil, missing("visit", subject, "no event names this visit")
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}
