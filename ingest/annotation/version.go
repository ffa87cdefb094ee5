package annotation

import (
	"errors"
	"fmt"
	"time"
)

// Version is what was written of an annotation at some time. The last one of an id holds; those before are kept.
type Version struct {
	// Annotation has as Author who made this version: of a removal, who removed it.
	Annotation
	Removed bool
	// Written is when, in whole milliseconds. It is later than that of the version before.
	Written time.Time
}

// Outcome is what became of an annotation that was handed in.
type Outcome string

// The outcomes.
const (
	Added   Outcome = "added"
	Changed Outcome = "changed"
	Known   Outcome = "known"
	Refused Outcome = "refused"
)

// Enter says what becomes of an annotation beside the last version of its id, nil before the first. Next is what is to be written, or what
// was written before where it says the same. One that was removed is added again.
func Enter(a Annotation, last *Version, now time.Time) (next Version, _ Outcome) {
	next = Version{Annotation: a, Written: after(last, now)}
	switch {
	case last == nil || last.Removed:
		return next, Added
	case last.Same(&a):
		return *last, Known
	}
	return next, Changed
}

// Remove is the version that removes an annotation.
func Remove(id string, last *Version, author string, now time.Time) (Version, error) {
	switch {
	case last == nil:
		return Version{}, fmt.Errorf("id: %q is not the id of an annotation; dwell annotations list shows them", id)
	case last.Removed:
		return Version{}, fmt.Errorf("id: %q was removed by %q at %s already", id, last.Author, last.Written.Format(time.RFC3339))
	}
	next := Version{Annotation: last.Annotation, Removed: true, Written: after(last, now)}
	if next.Author = author; author == "" {
		return next, errors.New("author: it is empty; say who removes it")
	}
	return next, nil
}

// after is now, or the next millisecond where the clock of this process is behind that of another one.
func after(last *Version, now time.Time) time.Time {
	now = now.UTC().Truncate(time.Millisecond)
	if last != nil && !now.After(last.Written) {
		return last.Written.Add(time.Millisecond)
	}
	return now
}
