package source

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// sameName reports whether a column of the file is the one that the mapping names: case and blanks around do not count.
func sameName(column, named string) bool {
	return strings.EqualFold(strings.TrimSpace(column), strings.TrimSpace(named))
}

// columnAt returns the index of the column with this name. It returns an error if two columns have the name, or if no column has it; that
// error gives the nearest name of the header.
func columnAt(header []string, name string) (int, error) {
	at := slices.IndexFunc(header, func(column string) bool { return sameName(column, name) })
	if at < 0 {
		return 0, fmt.Errorf("column %q is missing%s", name, nearest(header, name))
	}
	if slices.ContainsFunc(header[at+1:], func(column string) bool { return sameName(column, name) }) {
		return 0, fmt.Errorf("column %q is there twice; give them different names in the header", name)
	}
	return at, nil
}

func nearest(header []string, name string) string {
	best, least := "", -1
	for _, column := range header {
		column = strings.TrimSpace(column)
		if d := levenshtein.ComputeDistance(strings.ToLower(column), strings.ToLower(name)); column != "" && (least < 0 || d < least) {
			best, least = column, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (the nearest is %q)", best)
}

// place finds every column that the mapping names. The error names all that are missing.
func (m *Mapping) place(header []string) (at positions, err error) {
	var faults []string
	find := func(name string) int {
		if name == "" {
			return -1
		}
		i, err := columnAt(header, name)
		if err != nil {
			faults = append(faults, err.Error())
		}
		return i
	}
	c := &m.Columns
	at.bcp = find(c.BCP)
	for _, name := range c.Time {
		at.time = append(at.time, find(name))
	}
	at.vehicles, at.wait, at.age, at.missing, at.closed = find(c.Vehicles), find(c.Wait), find(c.Age), find(c.Missing), find(c.Closed)
	if len(faults) > 0 {
		return at, errors.New(strings.Join(faults, ", "))
	}
	return at, nil
}

// positions has the index of each column that a mapping names in the header of a file; -1 where it names no column.
type positions struct {
	bcp, vehicles, wait, age, missing, closed int
	time                                      []int
}

func (at *positions) has(i int) bool {
	return i == at.bcp || i == at.vehicles || i == at.wait || i == at.age || i == at.missing || i == at.closed || slices.Contains(at.time, i)
}
