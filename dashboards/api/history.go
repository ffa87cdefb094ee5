package api

import (
	"context"
	"fmt"
	"time"

	"dwell/dashboards/overview"
	"dwell/metrics/calendar"
	"dwell/metrics/window"
)

// usual is how far back history goes where the request does not say.
var usual = map[string]time.Duration{
	"minute": 3 * time.Hour, "hour": day, "day": 30 * day, "week": 26 * 7 * day,
	"month": 366 * day, "quarter": 3 * 366 * day, "year": 10 * 366 * day,
	"month_persian": 366 * day, "quarter_persian": 3 * 366 * day, "year_persian": 10 * 366 * day,
}

// history is of one place: minutes, hours and days as they are stored, and periods of its days.
func (h *Handler) history(ctx context.Context, q *request) (any, error) {
	id, err := h.id(q)
	if err != nil {
		return nil, err
	}
	ask := overview.PeriodsQuery{ID: id, Places: []string{id}}
	for _, p := range h.store.Places() {
		if p.ID == id {
			ask.WeekBegins = p.WeekBegins
		}
	}
	grain, err := h.askHistory(q, &ask, append([]string{"minute", "hour"}, calendar.Names()...), "hour")
	if err != nil {
		return nil, err
	}
	if g, stored := window.ParseGrain(grain); stored {
		one := overview.HistoryQuery{ID: id, Measure: ask.Measure, Grain: g, From: ask.From, To: ask.To, Filter: ask.Filter}
		if err := bounded(one.Windows(), grain, ask.From); err != nil {
			return nil, err
		}
		return h.store.History(ctx, one)
	}
	return h.periods(ctx, ask)
}

// askHistory reads what all histories are asked with.
func (h *Handler) askHistory(q *request, ask *overview.PeriodsQuery, grains []string, grain string) (string, error) {
	ask.Measure = "release_time"
	measure, err := h.measure(q)
	if err != nil {
		return "", err
	}
	if measure != "" {
		ask.Measure = measure
	}
	given, err := q.word("grain", grains...)
	if err != nil {
		return "", err
	}
	if given != "" {
		grain = given
	}
	ask.Grain, _ = calendar.ParseGrain(grain)
	// A period is of local dates, and several places have no other windows.
	if _, stored := window.ParseGrain(grain); !stored || grains[0] == calendar.Day.String() {
		q.dates = map[string]calendar.Date{}
	}
	if ask.From, ask.To, err = q.span(h.store.Now(), usual[grain], longest); err != nil {
		return "", err
	}
	ask.FromDate, ask.ToDate = q.dates["from"], q.dates["to"]
	if ask.FromDate != 0 && ask.ToDate != 0 && ask.FromDate >= ask.ToDate {
		return "", bad("from", ask.FromDate.String(), "not before to, which is "+ask.ToDate.String())
	}
	if ask.Filter, err = q.filter(); err != nil {
		return "", err
	}
	return grain, q.done()
}

func bounded(windows int, grain string, from time.Time) error {
	if windows > overview.MaxWindows {
		return bad("from", from.Format(time.RFC3339), fmt.Sprintf("%d windows of a %s are too many, the most is %d", windows, grain, overview.MaxWindows))
	}
	return nil
}

func (h *Handler) periods(ctx context.Context, ask overview.PeriodsQuery) (any, error) {
	if err := bounded(ask.Windows(), ask.Grain.String(), ask.From); err != nil {
		return nil, err
	}
	return h.store.Periods(ctx, ask)
}
