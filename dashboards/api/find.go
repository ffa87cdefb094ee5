package api

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"dwell/dashboards/overview"
	"dwell/metrics/visit"
)

// foundBack is how far back visits are found where the request does not say.
const foundBack = 30 * day

// longestPrefix is how long the beginning of an id may be, in bytes.
const longestPrefix = 1024

func (h *Handler) inside(ctx context.Context, q *request) (any, error) {
	id, err := h.id(q)
	if err != nil {
		return nil, err
	}
	ask, err := h.visits(q)
	if err == nil {
		ask.Place = id
		err = h.stretch(q, &ask, true)
	}
	if err == nil {
		err = h.page(q, &ask)
	}
	if err != nil {
		return nil, err
	}
	return h.store.Inside(ctx, ask)
}

func (h *Handler) find(ctx context.Context, q *request) (any, error) {
	ask, err := h.visits(q)
	if err != nil {
		return nil, err
	}
	if ask.Place, err = q.word("place", h.ids()...); err != nil {
		return nil, err
	}
	ask.Inside = ask.Inside || ask.Status == "inside" || ask.Holder != ""
	// Without q, and not of trucks inside, a question without a stretch would be for all visits there ever were.
	if err := h.stretch(q, &ask, ask.Prefix != "" || ask.Inside); err != nil {
		return nil, err
	}
	if err := h.page(q, &ask); err != nil {
		return nil, err
	}
	return h.store.Find(ctx, ask)
}

// stretch reads by, from and to. Without one of them visits of any time may be asked for, or those that arrived in the last days.
func (h *Handler) stretch(q *request, ask *overview.VisitsQuery, anyTime bool) error {
	by, err := q.word("by", string(overview.ByArrival), string(overview.ByRelease), string(overview.ByDeparture))
	if err != nil {
		return err
	}
	from, to, err := q.span(h.store.Now(), foundBack, longest)
	if err != nil || anyTime && !q.given("by") && !q.given("from") && !q.given("to") {
		return err
	}
	ask.By, ask.From, ask.To = overview.ByArrival, from, to
	if by != "" {
		ask.By = overview.Moment(by)
	}
	return nil
}

// visits reads what both lists of visits may be narrowed by.
func (h *Handler) visits(q *request) (ask overview.VisitsQuery, err error) {
	if ask.Prefix = q.get("q"); len(ask.Prefix) > longestPrefix {
		return ask, bad("q", ask.Prefix[:20]+"...", fmt.Sprintf("longer than %d bytes", longestPrefix))
	}
	if ask.Filter, err = q.filter(); err != nil {
		return ask, err
	}
	if ask.Holder, err = q.word("holder", h.holderNames()...); err != nil {
		return ask, err
	}
	if ask.Status, err = q.word("status", visit.Statuses()...); err != nil {
		return ask, err
	}
	if ask.OlderThan, err = q.age("older_than_seconds"); err != nil {
		return ask, err
	}
	if ask.YoungerThan, err = q.age("younger_than_seconds"); err != nil {
		return ask, err
	}
	if ask.OlderThan > 0 && ask.YoungerThan > 0 && ask.OlderThan >= ask.YoungerThan {
		return ask, bad("older_than_seconds", q.values.Get("older_than_seconds"), "not less than younger_than_seconds: no truck is both")
	}
	ask.Inside = ask.OlderThan > 0 || ask.YoungerThan > 0
	return ask, nil
}

// page reads which page is asked for, and refuses parameters that nothing has read.
func (h *Handler) page(q *request, ask *overview.VisitsQuery) (err error) {
	if ask.Limit, err = q.count("limit", defaultVisits, maxVisits); err != nil {
		return err
	}
	cursor := q.get("cursor")
	if err := q.done(); err != nil {
		return err
	}
	ask.Pages = pages(q)
	if cursor == "" {
		return nil
	}
	c, err := overview.ParseCursor(cursor, ask.Pages)
	if err != nil {
		return bad("cursor", cursor, `not a cursor returned as "next" by a previous page of this path and these filters`)
	}
	ask.After = &c
	return nil
}

// pages is the question without what may differ from page to page.
func pages(q *request) string {
	of := url.Values{}
	for name, v := range q.values {
		if !slices.Contains([]string{"cursor", "limit", "format"}, name) {
			of[name] = v
		}
	}
	return strings.TrimSuffix(q.URL.EscapedPath(), "/") + "?" + of.Encode()
}

func (h *Handler) ids() (all []string) {
	for _, p := range h.store.Places() {
		all = append(all, p.ID)
	}
	return all
}

func (h *Handler) holderNames() (all []string) {
	for _, holder := range h.voc.Holders() {
		all = append(all, h.voc.HolderName(holder))
	}
	return all
}

// age reads a number of seconds; without one it is zero.
func (q *request) age(name string) (time.Duration, error) {
	seconds, err := q.count(name, 0, int(longest/time.Second))
	return time.Duration(seconds) * time.Second, err
}

// given reports whether the request has a parameter.
func (q *request) given(name string) bool { return len(q.values[name]) > 0 }
