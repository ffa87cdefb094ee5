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
	"strings"
	"time"

	"dwell/ingest/event"
)

// Book is the contents of a places file: the agencies and the BCPs, in the order of the file.
type Book struct {
	// Name is the file's name, as errors show it.
	Name     string
	Agencies []Agency
	Places   []Place
	// Corridors are groups of its places.
	Corridors []Corridor
	// WeekBegins is the first day of the week of a place that names no other one, and of every group of places.
	WeekBegins time.Weekday
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

// Named returns the id of the BCP with this id or name, in any language and case. It is not found where two have the name.
func (b *Book) Named(name string) (id string, ok bool) {
	for i := range b.Places {
		p := &b.Places[i]
		if p.ID == name {
			return name, true
		}
		for _, n := range p.Names {
			if strings.EqualFold(n, name) && id != p.ID {
				if ok {
					return "", false
				}
				id, ok = p.ID, true
			}
		}
	}
	return id, ok
}

// Corridor returns the corridor with this id, nil if there is none.
func (b *Book) Corridor(id string) *Corridor {
	for i := range b.Corridors {
		if b.Corridors[i].ID == id {
			return &b.Corridors[i]
		}
	}
	return nil
}

// Beside returns the ids of the BCPs whose neighbour is in a country, in the order of the file.
func (b *Book) Beside(country string) (ids []string) {
	for i := range b.Places {
		if n := b.Places[i].Neighbour; n != nil && n.Country == country && country != "" {
			ids = append(ids, b.Places[i].ID)
		}
	}
	return ids
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
