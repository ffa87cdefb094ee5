package overview

import "time"

// AnnotationsQuery asks for the annotations that hold at some instant of [From, To).
type AnnotationsQuery struct {
	// Place is the id of a place, whose annotations are read with those of all places; empty for those of any.
	Place    string
	From, To time.Time
	Limit    int
}

// Annotations are what people know of places that numbers do not say, the latest begin first.
type Annotations struct {
	// Place is what was asked for; null for any.
	Place       *string      `json:"place"`
	From        time.Time    `json:"from"`
	To          time.Time    `json:"to"`
	Annotations []Annotation `json:"annotations" table:"rows"`
	// Truncated says that there are more than were asked for.
	Truncated bool `json:"truncated"`
}

// Annotation is one of them.
type Annotation struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	// Place is null for all places.
	Place *string   `json:"place"`
	From  time.Time `json:"from"`
	// Until is null for a change of process at an instant, and for anything else that still goes on.
	Until   *time.Time `json:"until"`
	Text    string     `json:"text"`
	Author  string     `json:"author"`
	Written time.Time  `json:"written"`
}
