package api

import (
	"context"

	"dwell/metrics/window"
)

// Measure is one that history may be asked for.
type Measure struct {
	Name        string      `json:"name"`
	Label       string      `json:"label"`
	Kind        window.Kind `json:"kind"`
	Unit        string      `json:"unit"`
	Description string      `json:"description"`
	// CountedBy are the measures of the table of windows, and of restatements, whose numbers add up to it.
	CountedBy []string `json:"counted_by"`
}

// Measures are all of them.
type Measures struct {
	Measures []Measure `json:"measures" table:"rows"`
}

func (h *Handler) measures(_ context.Context, q *request) (any, error) {
	if err := q.done(); err != nil {
		return nil, err
	}
	out := Measures{Measures: []Measure{}}
	for _, d := range window.AllDefinitions(h.voc) {
		out.Measures = append(out.Measures, Measure{
			Name: d.Name, Label: d.Label, Kind: d.Kind, Unit: d.Unit, Description: d.Description, CountedBy: window.CountedBy(d.Name),
		})
	}
	return out, nil
}

// measure reads the name of a measure; an empty one is not given.
func (h *Handler) measure(q *request) (string, error) {
	v := q.get("measure")
	if v == "" {
		return "", nil
	}
	if _, err := window.ParseMeasure(v, h.voc); err != nil && !window.IsTotal(v) {
		return "", bad("measure", v, "there is no such measure; see "+Prefix+"measures")
	}
	return v, nil
}
