package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"dwell/dashboards/overview"
)

// maxAnnotations bounds one answer.
const maxAnnotations, defaultAnnotations = 10_000, 500

// annotations answers for any time where from and to are not given: an annotation may be of a day to come.
func (h *Handler) annotations(ctx context.Context, q *request) (any, error) {
	ask := overview.AnnotationsQuery{Place: q.get("place")}
	var ids []string
	for _, p := range h.store.Places() {
		ids = append(ids, p.ID)
	}
	if _, given := q.values["place"]; given && !slices.Contains(ids, ask.Place) {
		return nil, bad("place", ask.Place, "no place has this id; use "+strings.Join(ids, ", "))
	}
	var err error
	if ask.From, err = q.time("from", earliest); err != nil {
		return nil, err
	}
	if ask.To, err = q.time("to", latest); err != nil {
		return nil, err
	}
	if !ask.From.Before(ask.To) {
		return nil, bad("from", q.values.Get("from"), "not before to, which is "+ask.To.Format(time.RFC3339))
	}
	if ask.Limit, err = q.count("limit", defaultAnnotations, maxAnnotations); err == nil {
		err = q.done()
	}
	if err != nil {
		return nil, err
	}
	return h.store.Annotations(ctx, ask)
}
