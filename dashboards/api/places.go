package api

import (
	"context"
	"time"

	"dwell/dashboards/overview"
	"dwell/ingest/place"
)

// Places are all BCPs as they are configured, whether they have data yet or not.
type Places struct {
	Places []ConfiguredPlace `json:"places"`
}

// ConfiguredPlace is a BCP as the places file has it.
type ConfiguredPlace struct {
	overview.PlaceDocument
	UNLocode      *string `json:"un_locode"`
	TargetSeconds *int64  `json:"target_release_time_seconds"`
	// SilentAfterSeconds is the configured one; the overview has the one that holds now.
	SilentAfterSeconds int64 `json:"silent_after_seconds"`
	// Assumed lists the keys without a published figure.
	Assumed []string `json:"assumed"`
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
