package api

import (
	"context"

	"dwell/ingest/place"
)

// Agencies are the agencies of the places file, in its order.
type Agencies struct {
	Agencies []Agency `json:"agencies" table:"rows"`
}

// Agency is an agency as the page shows it. Every other document has its code alone.
type Agency struct {
	Code  string            `json:"code"`
	Names map[string]string `json:"names"`
	// Colour is "#rrggbb", null where the places file gives none.
	Colour *string `json:"colour"`
}

func agenciesOf(configured []place.Agency) Agencies {
	out := Agencies{Agencies: []Agency{}}
	for _, a := range configured {
		agency := Agency{Code: a.Code, Names: a.Names}
		if a.Colour != "" {
			agency.Colour = &a.Colour
		}
		out.Agencies = append(out.Agencies, agency)
	}
	return out
}

func (h *Handler) listAgencies(_ context.Context, q *request) (any, error) {
	return h.agencies, q.done()
}
