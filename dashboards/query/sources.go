package query

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"dwell/dashboards/overview"
)

// maxShown bounds what others name at a place and this package lists or follows: the queues of its readings, each by source and
// name, and its lanes. Those that were seen first count, by the times of their Kafka records and then by name, which is the same in each process. The rest stays
// in the tables: a sender of events chooses the names, and may choose any number of them.
const maxShown = 64

var seenFirst = strconv.Itoa(maxShown)

// heldReadings is the condition for readings that were not retracted. It does without FINAL, which is many times slower.
func (s *Source) heldReadings() string {
	return `retracted = 0
    AND (bcp, source, id, edition) NOT IN (SELECT bcp, source, id, edition FROM ` + s.table("readings") + ` WHERE retracted = 1)`
}

// shownQueues selects the queues of one place that are shown, as pairs of source and name.
func (s *Source) shownQueues() string {
	return `SELECT source, queue FROM ` + s.table("readings") + ` WHERE bcp = {bcp:String} AND ` + s.heldReadings() + `
    GROUP BY source, queue ORDER BY min(logged), source, queue LIMIT ` + seenFirst
}

// followed are the events of the lanes that are followed, of those that had events.
func followed(lanes []lane) []lane {
	first := map[string]time.Time{}
	for _, l := range lanes {
		if at, known := first[l.name]; !known || l.logged.Before(at) {
			first[l.name] = l.logged
		}
	}
	if len(first) <= maxShown {
		return lanes
	}
	names := slices.SortedFunc(maps.Keys(first), func(a, b string) int { return cmp.Or(first[a].Compare(first[b]), cmp.Compare(a, b)) })
	for _, name := range names[maxShown:] {
		delete(first, name)
	}
	return slices.DeleteFunc(lanes, func(l lane) bool { _, is := first[l.name]; return !is })
}

// LatestReadings are the latest readings of the place's queues that are shown, as they are now, and from which age on one is stale.
func (s *Source) LatestReadings(id string) (all []overview.LatestReading, silence time.Duration) {
	read := s.read.Load()
	if read == nil {
		return nil, 0
	}
	now := s.now()
	silence, _ = read.baselines[id].silenceOfReadings(now)
	return read.latestReadings(id, now), silence
}

// QueuesLeftOut is how many queues of the place have readings that are not shown, as was read last.
func (s *Source) QueuesLeftOut(id string) int {
	if read := s.read.Load(); read != nil {
		return read.leftOut[id]
	}
	return 0
}
