package window

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"dwell/metrics/visit"
)

//go:embed minutes.sql
var minutes string

// inMinutes has, as SQL, what a visit adds to which measures: an array of measure, when, whether it is a time, and the time gross
// and net in milliseconds. There is nothing where when is NULL.
var inMinutes = []struct {
	of  func(measure string) bool
	sql string
}{
	{named("arrivals"), "[('arrivals', arrived, false, 0, 0)]"},
	{named("refusals"), "[('refusals', refused, false, 0, 0)]"},
	{named("lapsed"), "[('lapsed', lapsed, false, 0, 0)]"},
	{named("untimed_releases"), "[('untimed_releases', if(fault = '', NULL, released), false, 0, 0)]"},
	{named("untimed_departures"), "[('untimed_departures', if(fault = '', NULL, departed), false, 0, 0)]"},
	{named("untimed_left"), `[('untimed_left',
        multiIf(arrived IS NULL, NULL, departed IS NULL, lapsed, fault = '', NULL, departed < arrived, arrived, departed), false, 0, 0)]`},
	{isFault, "[(concat(status, '/', fault), if(fault = '', NULL, first_fact), false, 0, 0)]"},
	{named("release_time"), "[('release_time', if(release_ms IS NULL, NULL, released), true, ifNull(release_ms, 0), ifNull(release_net_ms, 0))]"},
	{named("crossing_time"), "[('crossing_time', if(crossing_ms IS NULL, NULL, departed), true, ifNull(crossing_ms, 0), ifNull(crossing_net_ms, 0))]"},
	{isSegment, `arrayMap((phase, holder, start, ms, net) -> (concat(phase, '/', holder), addMilliseconds(start, ms), true, ms, net),
        segment_phase, segment_holder, segment_start, segment_ms, segment_net_ms)`},
}

func named(name string) func(string) bool {
	return func(measure string) bool { return measure == name }
}

func isFault(measure string) bool { return slices.Contains(FaultNames(""), measure) }

func isSegment(measure string) bool {
	phase, _, segment := strings.Cut(measure, "/")
	_, ok := visit.ParsePhase(phase)
	return segment && ok
}

// SQLOfMinutes is a query of the minutes of visits, with the columns of the table windows but as_of: Contributions and
// IncrementOf in SQL, with a row to each contribution. Minutes are not stored, since nearly all of them are of one truck: they
// would take as much room as hours and days together, and tell for good when it passed. The condition is on the columns of
// visits; it selects whole visits, so the minutes need one of their own. Of measures other than those named there may be no
// rows, which takes half the time or less; without a name there are rows of all.
func SQLOfMinutes(visits, condition string, measures ...string) string {
	var added []string
	for _, in := range inMinutes {
		if len(measures) == 0 || slices.ContainsFunc(measures, in.of) {
			added = append(added, in.sql+"::Array(Tuple(String, Nullable(DateTime64(3, 'UTC')), Bool, UInt64, UInt64))")
		}
	}
	return fmt.Sprintf(minutes, SQLOfBin("c.4"), SQLOfBin("c.5"), visits, strings.Join(added, ",\n    "), condition)
}

// SQLOfBin is the index of the bin of a duration, which is SQL of milliseconds. A power of two of seconds, 125 ms times a power of two, is an upper bound, and
// its logarithm may be off in its last digit.
func SQLOfBin(ms string) string {
	const bin = "multiIf(ms = 0, -32768, ms % 125 = 0 AND bitCount(intDiv(ms, 125)) = 1, round(32 * log2(ms / 1000)), ceil(32 * log2(ms / 1000)))"
	return strings.ReplaceAll(bin, "ms", ms)
}

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
