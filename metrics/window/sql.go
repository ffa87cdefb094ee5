package window

import (
	"strings"

	"dwell/metrics/visit"
)

// SQLOf is the condition on the column measure that selects the rows whose numbers add up to those of these names.
func SQLOf(names ...string) string { return "measure IN (" + quoted(CountedBy(names...)) + ")" }

// SQLOfTimes is the condition that selects the rows of all times.
func SQLOfTimes() string {
	var names, phases []string
	for _, d := range definitions {
		if d.Kind == Time {
			names = append(names, d.Name)
		}
	}
	for _, p := range visit.Phases() {
		phases = append(phases, p.String())
	}
	return "(measure IN (" + quoted(names) + ") OR splitByChar('/', measure)[1] IN (" + quoted(phases) + "))"
}

// quoted lists names, which have no quotes in them, as SQL does.
func quoted(names []string) string { return "'" + strings.Join(names, "', '") + "'" }
