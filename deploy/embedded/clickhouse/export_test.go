package clickhouse

import "time"

// For tests of confinement.
var (
	Confine     = confine
	LeaveFolder = leaveFolder
)

// For tests of the list of parts.
var (
	Prepare   = prepare
	WriteList = writeList
)

const ConfinedVariable = confinedVariable

// SetListEvery sets how often the parts are listed.
func SetListEvery(every string) {
	d, err := time.ParseDuration(every)
	if err != nil {
		panic(err)
	}
	listEvery = d
}

// Kept reports whether the rows of a part are in those that are there, by their names.
func Kept(name string, names []string) bool {
	part, _ := parsePart(name)
	var there []partInfo
	for _, n := range names {
		p, _ := parsePart(n)
		there = append(there, p)
	}
	return kept(part, there)
}
