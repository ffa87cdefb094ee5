package window

import (
	"slices"
	"strings"

	"dwell/ingest/event"
	"dwell/metrics/visit"
)

// Kind says which values a measure has in a window.
type Kind string

// The kinds. A Count is a number of visits, a Time a number of durations with their sums and sketch. A Total is a count that no
// row has: the sum of the numbers of other measures.
const (
	Count Kind = "count"
	Time  Kind = "time"
	Total Kind = "total"
)

// Definition is a line of the table of measures, from which the queries, the SQL views, the list of the API and the page's
// words are generated.
type Definition struct {
	// Name is that in tables and in the API.
	Name string
	Kind Kind
	// Label is the name for people, Unit that of n of a count and of the durations of a time.
	Label, Unit string
	Description string
	// Of are the measures whose numbers add up to a total.
	Of []Measure
	// Overview is the word after the number in the flow of the overview: "4 arrived". A measure without it is not shown there.
	Overview string
}

// The measures that have a name of their own; definitions has the line of each.
const (
	NoMeasure Measure = iota
	Arrivals
	UntimedReleases
	Refusals
	UntimedDepartures
	UntimedLeft
	Lapsed
	ReleaseTime
	CrossingTime
	// faults is the first of the counts of visits whose times are not counted, one for each visit.Fault.
	faults
)

// definitions are the measures of the table windows, except those of faults and segments.
//
// A truck with a release time was released in the window that has the time; a truck with a crossing time departed and left in
// the window that has that. So windows count only the trucks without a time, which saves rows, and totals add the two.
var definitions = [faults]Definition{
	Arrivals: {
		Name: "arrivals", Kind: Count, Label: "Arrivals", Unit: "trucks", Overview: "arrived",
		Description: "trucks that arrived",
	},
	UntimedReleases: {
		Name: "untimed_releases", Kind: Count, Label: "Releases without a time", Unit: "trucks",
		Description: "trucks that were released and have no release time, since their facts contradict each other or the arrival is missing",
	},
	Refusals: {
		Name: "refusals", Kind: Count, Label: "Refusals", Unit: "trucks",
		Description: "trucks that were refused",
	},
	UntimedDepartures: {
		Name: "untimed_departures", Kind: Count, Label: "Departures without a time", Unit: "trucks",
		Description: "trucks that departed and have no crossing time",
	},
	UntimedLeft: {
		Name: "untimed_left", Kind: Count, Label: "Left without a time", Unit: "trucks",
		Description: "trucks with a known arrival that left and have no crossing time",
	},
	Lapsed: {
		Name: "lapsed", Kind: Count, Label: "Lapsed", Unit: "trucks",
		Description: "trucks without an event for longer than lapse_after, whose departure is taken for lost",
	},
	ReleaseTime: {
		Name: "release_time", Kind: Time, Label: "Release time", Unit: "seconds",
		Description: "arrival to release (WCO Time Release Study)",
	},
	CrossingTime: {
		Name: "crossing_time", Kind: Time, Label: "Crossing time", Unit: "seconds",
		Description: "arrival to departure (CAREC TFI1)",
	},
}

var totals = []Definition{
	{
		Name: "releases", Kind: Total, Label: "Releases", Unit: "trucks", Overview: "released",
		Description: "trucks that were released", Of: []Measure{ReleaseTime, UntimedReleases},
	},
	{
		Name: "departures", Kind: Total, Label: "Departures", Unit: "trucks", Overview: "departed",
		Description: "trucks that departed", Of: []Measure{CrossingTime, UntimedDepartures},
	},
	{
		Name: "left", Kind: Total, Label: "Left", Unit: "trucks",
		Description: "trucks with a known arrival that departed or lapsed; arrivals less these are the trucks inside",
		Of:          []Measure{CrossingTime, UntimedLeft},
	},
}

// Definitions are those that do not depend on the configured agencies, in the order in which they are shown.
func Definitions() []Definition {
	return slices.Concat(definitions[Arrivals:Arrivals+1], totals, definitions[Arrivals+1:])
}

// AllDefinitions are the lines of every name that ParseMeasure or IsTotal takes, those of faults and segments last.
func AllDefinitions(v *event.Vocabulary) []Definition {
	all := Definitions()
	for _, f := range visit.Faults() {
		name := OfFault(f).Name(v)
		all = append(all, Definition{
			Name: name, Kind: Count, Label: label(name), Unit: "trucks",
			Description: "visits that enter no time: " + strings.ReplaceAll(f.String(), "_", " "),
		})
	}
	for _, p := range visit.Phases() {
		for _, holder := range v.Holders() {
			name := OfSegment(p, holder).Name(v)
			all = append(all, Definition{
				Name: name, Kind: Time, Label: label(name), Unit: "seconds",
				Description: "time of the segments with this phase and holder",
			})
		}
	}
	return all
}

// Measures are those that rows have.
func Measures(v *event.Vocabulary) []Measure {
	var all []Measure
	for m := NoMeasure + 1; m < faults; m++ {
		all = append(all, m)
	}
	for _, f := range visit.Faults() {
		all = append(all, OfFault(f))
	}
	for _, p := range visit.Phases() {
		for _, holder := range v.Holders() {
			all = append(all, OfSegment(p, holder))
		}
	}
	return all
}

// label makes "Wait, border police" of "wait/border_police".
func label(name string) string {
	text := strings.NewReplacer("/", ", ", "_", " ").Replace(name)
	return strings.ToUpper(text[:1]) + text[1:]
}

// CountNames are the names of counts and totals, without the counts that are parts of a total.
func CountNames() (names []string) {
	for _, d := range Definitions() {
		part := func(t Definition) bool { return slices.Contains(t.Of, measureOf(d.Name)) }
		if d.Kind != Time && !slices.ContainsFunc(totals, part) {
			names = append(names, d.Name)
		}
	}
	return names
}

// IsTotal reports whether a name is that of a total.
func IsTotal(name string) bool { return total(name) != nil }

func total(name string) *Definition {
	if i := slices.IndexFunc(totals, func(d Definition) bool { return d.Name == name }); i >= 0 {
		return &totals[i]
	}
	return nil
}

// measureOf is the measure of definitions with this name, NoMeasure if there is none.
func measureOf(name string) Measure {
	return Measure(max(0, slices.IndexFunc(definitions[:], func(d Definition) bool { return d.Name == name })))
}

// KindOf is the kind of a measure or total with this name.
func KindOf(name string) Kind {
	if IsTotal(name) {
		return Total
	}
	phase, _, _ := strings.Cut(name, "/")
	if _, segment := visit.ParsePhase(phase); segment || measureOf(name).IsTime() {
		return Time
	}
	return Count
}

// CountedBy are the names of the measures whose numbers add up to those of these names, each once.
func CountedBy(names ...string) []string {
	var all []string
	for _, name := range names {
		t := total(name)
		if t == nil {
			all = append(all, name)
			continue
		}
		for _, m := range t.Of {
			all = append(all, definitions[m].Name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Counts are the numbers of the measures that are neither of faults nor of segments.
type Counts [faults]int64

// Add counts n of a measure; those of faults and segments are left out.
func (c *Counts) Add(m Measure, n int64) {
	if m < faults {
		c[m] += n
	}
}

// AddName is Add of the measure with this name.
func (c *Counts) AddName(name string, n int64) {
	if m := measureOf(name); m != NoMeasure {
		c[m] += n
	}
}

// Merge adds all of o.
func (c *Counts) Merge(o *Counts) {
	for m, n := range o {
		c[m] += n
	}
}

// Of is the number of a measure or total with this name.
func (c *Counts) Of(name string) (n int64) {
	if t := total(name); t != nil {
		for _, m := range t.Of {
			n += c[m]
		}
		return n
	}
	return c[measureOf(name)]
}
