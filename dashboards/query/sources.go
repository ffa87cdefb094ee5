package query

import "strconv"

// maxShown bounds what others name at a place and this package lists or follows: the sources of its readings, and its lanes. Those that
// were seen first count, by the times of their Kafka records and then by name, which is the same in each process. The rest stays
// in the tables: a sender of events chooses the names, and may choose any number of them.
const maxShown = 64

var seenFirst = strconv.Itoa(maxShown)

// heldReadings is the condition for readings that were not retracted. It does without FINAL, which is many times slower.
func (s *Source) heldReadings() string {
	return `retracted = 0
    AND (bcp, source, id, edition) NOT IN (SELECT bcp, source, id, edition FROM ` + s.table("readings") + ` WHERE retracted = 1)`
}

// shownSources selects the sources of one place that are shown.
func (s *Source) shownSources() string {
	return `SELECT source FROM ` + s.table("readings") + ` WHERE bcp = {bcp:String} AND ` + s.heldReadings() + `
    GROUP BY source ORDER BY min(logged), source LIMIT ` + seenFirst
}

// shownLanes selects the lanes of one place that are followed, of those that had events since from.
func (s *Source) shownLanes() string {
	return `SELECT lane FROM ` + s.table("events") + `
    WHERE bcp = {bcp:String} AND subject = bcp AND time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND type IN ('lane.opened', 'lane.closed')
    GROUP BY lane ORDER BY min(logged), lane LIMIT ` + seenFirst
}

// SourcesLeftOut is how many sources of readings of the place are not shown, as was read last.
func (s *Source) SourcesLeftOut(id string) int {
	if read := s.read.Load(); read != nil {
		return read.leftOut[id]
	}
	return 0
}
