package window

import (
	"strings"

	"dwell/metrics/visit"
)

// SQLOf is the condition on the column measure that selects the rows whose numbers add up to those of these names.
func SQLOf(names ...string) string { return "measure IN (" + quoted(CountedBy(names...)) + ")" }

// SQLOfTimes is the condition that selects the rows of all times. All measures that are not times have names that are known here,
// so that it compares numbers where the column is an enumeration.
func SQLOfTimes() string {
	names := FaultNames("")
	for _, d := range definitions[NoMeasure+1:] {
		if d.Kind != Time {
			names = append(names, d.Name)
		}
	}
	return "measure NOT IN (" + quoted(names) + ")"
}

// SQLOfSegments is the condition that selects the rows of segments.
func SQLOfSegments() string { return "measure NOT IN (" + quoted(ownNames()) + ")" }

// SQLOfVisits is the condition that selects the rows of all measures but segments.
func SQLOfVisits() string { return "measure IN (" + quoted(ownNames()) + ")" }

// ownNames are the names of the measures that are not of segments.
func ownNames() []string {
	var names []string
	for _, d := range definitions[NoMeasure+1:] {
		names = append(names, d.Name)
	}
	return append(names, FaultNames("")...)
}

// FaultNames are the names of the counts of visits with a fault that begin so, such as "incomplete/".
func FaultNames(prefix string) (names []string) {
	for _, f := range visit.Faults() {
		if name := OfFault(f).Name(nil); strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	return names
}

// quoted lists names, which have no quotes in them, as SQL does.
func quoted(names []string) string { return "'" + strings.Join(names, "', '") + "'" }
