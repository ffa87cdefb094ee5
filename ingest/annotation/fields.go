package annotation

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"dwell/ingest/place"
)

// Fields are an annotation as it is handed in: in a file, in the body of a request, or as flags of a command.
type Fields struct {
	ID    string `json:"id" yaml:"id"`
	Kind  string `json:"kind" yaml:"kind"`
	Place string `json:"place" yaml:"place"`
	// From and Until are instants of RFC 3339, or days, which stand for the midnight at which they begin at the place.
	From   string `json:"from" yaml:"from"`
	Until  string `json:"until" yaml:"until"`
	Text   string `json:"text" yaml:"text"`
	Author string `json:"author" yaml:"author"`
}

// Parse makes an annotation of fields. The error names every key and value that cannot be used.
func Parse(f Fields, places []place.Place) (Annotation, error) {
	a := Annotation{
		ID: strings.TrimSpace(f.ID), Kind: Kind(strings.TrimSpace(f.Kind)), Place: strings.TrimSpace(f.Place),
		Text: strings.TrimSpace(f.Text), Author: strings.TrimSpace(f.Author),
	}
	var err, errUntil error
	if a.From, err = instant("from", f.From, a.Place, places); err == nil && a.From.IsZero() {
		err = errors.New("from: it is missing; say when it begins, such as 2026-03-21 or 2026-03-21T08:00:00+04:30")
	}
	a.Until, errUntil = instant("until", f.Until, a.Place, places)
	if err := errors.Join(err, errUntil); err != nil {
		return a, err
	}
	a.ID = cmp.Or(a.ID, idOf(&a))
	return a, a.validate(places)
}

// instant reads a time, zero where it is not given.
func instant(key, text, at string, places []place.Place) (time.Time, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC().Truncate(time.Millisecond), nil
	}
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return time.Time{}, fmt.Errorf("%s: %q is neither a day such as 2026-03-21 nor a time with its offset such as 2026-03-21T08:00:00+04:30", key, text)
	}
	var midnight time.Time
	for i := range places {
		if at != "" && places[i].ID != at {
			continue
		}
		t, _ := time.ParseInLocation(time.DateOnly, text, places[i].Zone) // it is a day
		if !midnight.IsZero() && !t.Equal(midnight) {
			return t, fmt.Errorf("%s: %q begins at several times in the time zones of the places; name a place, or give a time with its offset such as %s", key, text, midnight.Format(time.RFC3339))
		}
		midnight = t
	}
	if midnight.IsZero() { // validate says that the place is not known
		midnight, _ = time.Parse(time.DateOnly, text)
	}
	return midnight.UTC(), nil
}
