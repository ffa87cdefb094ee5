package window

import (
	_ "embed"
	"fmt"
)

//go:embed minutes.sql
var minutes string

// SQLOfMinutes is a query of the minutes of visits, with the columns of the table windows but as_of: Contributions and
// IncrementOf in SQL, with a row to each contribution. Minutes are not stored, since nearly all of them are of one truck: they
// would take as much room as hours and days together, and tell for good when it passed. The condition is on the columns of
// visits; it selects whole visits, so the minutes need one of their own.
func SQLOfMinutes(visits, condition string) string { return fmt.Sprintf(minutes, visits, condition) }

// SQLOfPresent is the condition on visits, in a database, that leaves out those that are absent by the retention: these may be
// deleted already, or not yet. A visit without facts has the end of its month for its last one.
func SQLOfPresent(database string) string {
	return "NOT ifNull(ifNull(last_fact, toDateTime64(addMonths(makeDate(intDiv(month, 100), month % 100, 1), 1), 3, 'UTC')) < " +
		"(SELECT mapFromArrays(groupArray(shard), groupArray(toNullable(visits_since))) FROM " + database + ".retained)[shard], 0)"
}

// SQLOfFactsDuring is the condition on visits that selects all that add to a minute that begins in [from, to], and some others.
// Both are SQL of a time. The table has indexes of the two terms.
func SQLOfFactsDuring(from, to string) string {
	return "first_fact < " + to + " + INTERVAL 1 MINUTE AND greatest(last_fact, ifNull(lapsed, last_fact)) >= " + from
}
