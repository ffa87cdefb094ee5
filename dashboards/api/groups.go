package api

import (
	"context"
	"slices"

	"dwell/dashboards/overview"
	"dwell/metrics/calendar"
)

// Corridors are the corridors of the places file, in its order.
type Corridors struct {
	Corridors []Corridor `json:"corridors" table:"rows"`
}

// Corridor is a group of places that are looked at together.
type Corridor struct {
	ID     string            `json:"id"`
	Names  map[string]string `json:"names"`
	Places []string          `json:"places"`
}

// Neighbours are the countries on the far side, in the order of the places file.
type Neighbours struct {
	Neighbours []Country `json:"neighbours" table:"rows"`
}

// Country is one of them, with the places at its border.
type Country struct {
	Country string   `json:"country"`
	Places  []string `json:"places"`
}

func (h *Handler) corridors(_ context.Context, q *request) (any, error) {
	out := Corridors{Corridors: []Corridor{}}
	for _, c := range h.book.Corridors {
		out.Corridors = append(out.Corridors, Corridor{ID: c.ID, Names: c.Names, Places: c.Places})
	}
	return out, q.done()
}

func (h *Handler) neighbours(_ context.Context, q *request) (any, error) {
	out := Neighbours{Neighbours: []Country{}}
	for i := range h.book.Places {
		n := h.book.Places[i].Neighbour
		if n == nil || n.Country == "" || slices.ContainsFunc(out.Neighbours, func(c Country) bool { return c.Country == n.Country }) {
			continue
		}
		out.Neighbours = append(out.Neighbours, Country{Country: n.Country, Places: h.book.Beside(n.Country)})
	}
	return out, q.done()
}

func (h *Handler) corridorHistory(ctx context.Context, q *request) (any, error) {
	id := q.PathValue("id")
	c := h.book.Corridor(id)
	if c == nil {
		return nil, missing("id", id, "no corridor of the places file has this id; see "+Prefix+"corridors")
	}
	return h.groupHistory(ctx, q, id, c.Places)
}

func (h *Handler) neighbourHistory(ctx context.Context, q *request) (any, error) {
	country := q.PathValue("country")
	ids := h.book.Beside(country)
	if ids == nil {
		return nil, missing("country", country, "no place has a neighbour in this country; see "+Prefix+"neighbours")
	}
	return h.groupHistory(ctx, q, country, ids)
}

func (h *Handler) totalHistory(ctx context.Context, q *request) (any, error) {
	var ids []string
	for _, p := range h.store.Places() {
		ids = append(ids, p.ID)
	}
	return h.groupHistory(ctx, q, "total", ids)
}

// groupHistory is of several places together. Their hours are not added up: in time zones that differ by half an hour no two are the same.
func (h *Handler) groupHistory(ctx context.Context, q *request, id string, places []string) (any, error) {
	ask := overview.PeriodsQuery{ID: id, Places: places, WeekBegins: h.book.WeekBegins}
	if _, err := h.askHistory(q, &ask, calendar.Names(), "day"); err != nil {
		return nil, err
	}
	return h.periods(ctx, ask)
}
