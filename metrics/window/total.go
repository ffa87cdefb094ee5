package window

// A truck with a release time was released, and one with a crossing time departed and left, in the very window that has the
// time. So no window counts them again, which would be a row of each, but only those without a time. Totals are the sum.

var totals = map[string][]Measure{
	"releases":   {ReleaseTime, UntimedReleases},
	"departures": {CrossingTime, UntimedDepartures},
	"left":       {CrossingTime, UntimedLeft},
}

// IsTotal says whether a name is that of a total, which windows have in the numbers of several measures.
func IsTotal(name string) bool { return totals[name] != nil }

// CountedBy are the names of the measures whose numbers add up to a total; a measure's is its own.
func CountedBy(name string) []string {
	parts := totals[name]
	if parts == nil {
		return []string{name}
	}
	names := make([]string, len(parts))
	for i, m := range parts {
		names[i] = measureNames[m]
	}
	return names
}
