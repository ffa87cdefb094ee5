package place

import (
	"errors"
	"fmt"
	"slices"
)

// Corridor is a group of BCPs that are looked at together, such as those of one road. A BCP may be in several.
type Corridor struct {
	ID    string `yaml:"id"`
	Names Names  `yaml:"names"`
	// Places are ids of BCPs of the same file, each once.
	Places []string `yaml:"places"`
}

// check lists what is wrong with the corridor in a book; each fault begins with the offending key.
func (c *Corridor) check(b *Book) (faults []error) {
	if !idForm.MatchString(c.ID) {
		faults = append(faults, fmt.Errorf("id: %q must consist of letters, digits, \".\", \"_\" and \"-\"", c.ID))
	} else if b.Corridor(c.ID) != c {
		faults = append(faults, fmt.Errorf("id: %q is listed twice", c.ID))
	}
	if err := checkNames("names", c.Names); err != nil {
		faults = append(faults, err)
	}
	if len(c.Places) == 0 {
		faults = append(faults, errors.New("places: the list is empty"))
	}
	for i, id := range c.Places {
		switch {
		case b.Place(id) == nil:
			faults = append(faults, fmt.Errorf("places: %q is not a place of this file", id))
		case slices.Contains(c.Places[:i], id):
			faults = append(faults, fmt.Errorf("places: %q is listed twice", id))
		}
	}
	return faults
}
