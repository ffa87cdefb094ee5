// Package place knows the border crossing points (BCPs) that an installation watches and the agencies that work there.
//
// It promises that a Book is complete and consistent: every id is unique, every time zone, opening hour, duration and
// colour has been checked, and every error names the file, the place or agency, the key and the offending value. It
// refuses unknown keys, and it refuses to present an assumption as a published figure: assumptions are listed as such.
//
// The package is pure: it reads the bytes it is given, and the files it ships with are part of the program. Time zones
// come from the Go runtime: a program that must run without the system's zone files imports time/tzdata.
package place

import (
	"time"

	"dwell/ingest/event"
)

// Book is what a places file says: the agencies and the BCPs, in the order of the file.
type Book struct {
	// Name is the file's name, as errors show it.
	Name     string
	Agencies []Agency
	Places   []Place
}

// Names are what something is called, by language (BCP 47: "en", "fa", "ps"). English is always there.
type Names map[string]string

// In returns the name in a language, or the English one.
func (n Names) In(language string) string {
	if s, ok := n[language]; ok {
		return s
	}
	return n["en"]
}

// Place is one BCP. An attribute that decides what a number is has a rule tag with its key, so that tables which were
// counted with another value are not added to; the others are marked "-".
type Place struct {
	ID    string `rule:"-"`
	Names Names  `rule:"-"`
	// Zone is where its hours and days begin.
	Zone *time.Location `rule:"time_zone"`
	// Calendar is when it is open; nil is always.
	Calendar *Calendar `rule:"calendar"`
	// Neighbour is the BCP on the far side.
	Neighbour Neighbour `rule:"-"`
	Position  Position  `rule:"-"`
	// UNLocode is empty where the BCP has none, or none that is known.
	UNLocode string  `rule:"-"`
	Targets  Targets `rule:"-"`
	// SilentAfter is the time without an event after which the BCP is unknown, until its baseline is learned.
	SilentAfter time.Duration `rule:"-"`
	// SilentBound says that the file gives SilentAfter and does not list it as assumed: no baseline makes it longer.
	SilentBound bool `rule:"-"`
	// LapseAfter is the time after its last fact at which a visit that has not departed lapses.
	LapseAfter time.Duration `rule:"lapse_after"`
	// Assumed lists the keys of this place for which there is no published figure, such as "calendar".
	Assumed []string `rule:"-"`
}

// Neighbour is the BCP on the far side of the border.
type Neighbour struct {
	ID    string
	Names Names
}

// Position is in degrees north and east (WGS 84).
type Position struct{ Latitude, Longitude float64 }

// Targets are the times that the authority promised; zero is none.
type Targets struct {
	// ReleaseTime is from arrival to release (WTO TFA Article 7.6).
	ReleaseTime time.Duration
}

// Vocabulary is the vocabulary of the Book's BCPs and agencies. The code of Places[i] is i+1.
func (b *Book) Vocabulary() (*event.Vocabulary, error) {
	var bcps, agencies []string
	for i := range b.Places {
		bcps = append(bcps, b.Places[i].ID)
	}
	for _, a := range b.Agencies {
		agencies = append(agencies, a.Code)
	}
	return event.NewVocabulary(bcps, agencies)
}

// Place returns the BCP with this id, nil if there is none.
func (b *Book) Place(id string) *Place {
	for i := range b.Places {
		if b.Places[i].ID == id {
			return &b.Places[i]
		}
	}
	return nil
}

// OpenAt says whether the BCP's calendar has it open at t.
func (p *Place) OpenAt(t time.Time) bool {
	return p.Calendar == nil || p.Calendar.openAt(t.In(p.Zone))
}
