// Package annotation is what somebody knows of a BCP that its numbers do not say: that a process changed, that the BCP was closed, that an
// instrument reported wrong numbers, or that there was a holiday.
//
// It promises that the same annotation handed in again changes nothing: one without an id gets an id of its content. A change and a
// removal are later versions, which say who made them and when. It refuses BCPs that are not configured, and names the key, the value and
// the way out of whatever cannot be used.
//
// The package is pure: it is given texts, places and instants.
package annotation

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"

	"dwell/ingest/place"
)

// Kind is what an annotation is about.
type Kind string

// The kinds.
const (
	ProcessChange   Kind = "process_change"
	Closure         Kind = "closure"
	InstrumentFault Kind = "instrument_fault"
	Holiday         Kind = "holiday"
)

// Kinds are all kinds.
func Kinds() []Kind { return []Kind{ProcessChange, Closure, InstrumentFault, Holiday} }

// LeftOut reports whether hours that it covers say nothing about what is usual.
func (k Kind) LeftOut() bool { return k == Closure || k == InstrumentFault || k == Holiday }

// Annotation is one thing that somebody knows.
type Annotation struct {
	ID   string
	Kind Kind
	// Place is the id of a BCP; empty for all.
	Place string
	// From and Until are when it begins and when it no longer holds, in whole milliseconds. Until is zero for a change of process that happened
	// at an instant, and for anything else that still goes on.
	From, Until time.Time
	// Text is in the language of whoever wrote it.
	Text   string
	Author string
}

// Covers reports whether it holds at some instant of [from, to). A change of process without an end holds at its instant alone.
func (a *Annotation) Covers(from, to time.Time) bool {
	if !a.From.Before(to) {
		return false
	}
	if a.Until.IsZero() {
		return a.Kind != ProcessChange || !a.From.Before(from)
	}
	return a.Until.After(from)
}

// Same reports whether two say the same, whoever said it.
func (a *Annotation) Same(b *Annotation) bool {
	return a.Kind == b.Kind && a.Place == b.Place && a.From.Equal(b.From) && a.Until.Equal(b.Until) && a.Text == b.Text
}

// idOf is an id that follows from what an annotation says.
func idOf(a *Annotation) string {
	until := ""
	if !a.Until.IsZero() {
		until = fmt.Sprint(a.Until.UnixMilli())
	}
	content := strings.Join([]string{string(a.Kind), a.Place, fmt.Sprint(a.From.UnixMilli()), until, a.Text}, "\x00")
	return fmt.Sprintf("a%016x", xxhash.Sum64String(content))
}

// Bounds of what is taken.
const (
	maxText   = 500 // characters
	maxAuthor = 64
)

var (
	idForm   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	earliest = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
)

// validate names every key and value that cannot be used.
func (a *Annotation) validate(places []place.Place) error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !idForm.MatchString(a.ID) {
		bad("id: %q is not up to 64 letters, digits, dots, dashes and underscores, of which the first is a letter or a digit; without an id, it gets one of its content", a.ID)
	}
	if !slices.Contains(Kinds(), a.Kind) {
		bad("kind: %q is not supported; use one of %s", a.Kind, strings.Trim(fmt.Sprint(Kinds()), "[]"))
	}
	if a.Place != "" && !slices.ContainsFunc(places, func(p place.Place) bool { return p.ID == a.Place }) {
		bad("place: %q is not in the places file; use one of %s, or leave it out for all", a.Place, strings.Join(idsOf(places), ", "))
	}
	if !a.Until.IsZero() && !a.Until.After(a.From) {
		bad("until: %s is not after from, which is %s; a day ends when the next one begins", a.Until.Format(time.RFC3339), a.From.Format(time.RFC3339))
	}
	for key, t := range map[string]time.Time{"from": a.From, "until": a.Until} {
		if (key == "from" || !t.IsZero()) && (t.Before(earliest) || t.After(latest)) {
			bad("%s: %s is not between 1990 and 2100", key, t.Format(time.RFC3339))
		}
	}
	for key, of := range map[string]struct {
		text string
		most int
	}{"text": {a.Text, maxText}, "author": {a.Author, maxAuthor}} {
		switch n := utf8.RuneCountInString(of.text); {
		case n == 0:
			bad("%s: it is empty; say %s", key, map[string]string{"text": "what is known", "author": "who knows it"}[key])
		case n > of.most:
			bad("%s: %.40q... has %d characters; it may have %d", key, of.text, n, of.most)
		case !utf8.ValidString(of.text) || strings.ContainsFunc(of.text, invisible):
			bad("%s: %q has characters that cannot be seen, or is not UTF-8; write it in one line of text", key, of.text)
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// invisible are characters with which a line could be forged or its direction turned. Joiners are letters' own in Persian and Pashto.
func invisible(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) && r != '\u200e' && r != '\u200f'
}

func idsOf(places []place.Place) (ids []string) {
	for i := range places {
		ids = append(ids, places[i].ID)
	}
	return ids
}
