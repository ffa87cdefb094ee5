package api

import (
	"context"
	"time"

	"dwell/dashboards/overview"
	"dwell/ingest/place"
)

// Places are all BCPs as they are configured, whether they have data yet or not.
type Places struct {
	Places []ConfiguredPlace `json:"places" table:"rows"`
}

// ConfiguredPlace is a BCP as the places file has it.
type ConfiguredPlace struct {
	overview.PlaceDocument
	UNLocode *string `json:"un_locode"`
	// Targets are in the order of the days from which on they hold.
	Targets []ConfiguredTarget `json:"targets"`
	// SilentAfterSeconds is the configured one; the overview has the one that holds now.
	SilentAfterSeconds int64  `json:"silent_after_seconds"`
	WeekBegins         string `json:"week_begins"`
	// Assumed lists the keys without a published figure.
	Assumed []string `json:"assumed"`
}

// ConfiguredTarget is a target as the places file has it.
type ConfiguredTarget struct {
	Measure       string `json:"measure"`
	Statistic     string `json:"statistic"`
	WithinSeconds int64  `json:"within_seconds"`
	// From is when its first day begins; null where it always held.
	From *time.Time `json:"from"`
}

func (h *Handler) places(_ context.Context, q *request) (any, error) {
	if err := q.done(); err != nil {
		return nil, err
	}
	out := Places{Places: []ConfiguredPlace{}}
	for _, p := range h.store.Places() {
		out.Places = append(out.Places, configured(&p))
	}
	return out, nil
}

func configured(p *place.Place) ConfiguredPlace {
	out := ConfiguredPlace{
		PlaceDocument:      overview.PlaceDocumentOf(p),
		SilentAfterSeconds: int64(p.SilentAfter / time.Second), WeekBegins: place.DayName(p.WeekBegins), Assumed: append([]string{}, p.Assumed...), Targets: []ConfiguredTarget{},
	}
	if p.UNLocode != "" {
		out.UNLocode = &p.UNLocode
	}
	for i := range p.Targets {
		t := &p.Targets[i]
		c := ConfiguredTarget{Measure: t.Measure, Statistic: t.Statistic(), WithinSeconds: int64(t.Within / time.Second)}
		if !t.From.IsZero() {
			from := t.From.UTC()
			c.From = &from
		}
		out.Targets = append(out.Targets, c)
	}
	return out
}
