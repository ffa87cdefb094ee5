package app

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// unassigned is what is known of the partitions that other members of the consumer group have.
type unassigned struct {
	group string
	// after is how long the stored progress may stay where records wait. It is longer than for a shard of this process, of which each
	// batch is known and not each flush alone.
	after   time.Duration
	waiting map[int]*unassignedPartition // those of which records wait
}

func newUnassigned(group string, slowestFlush time.Duration) unassigned {
	return unassigned{group: group, after: standsAfter + slowestFlush, waiting: map[int]*unassignedPartition{}}
}

// unassignedPartition is a partition of which records wait. Since is when they were first seen to wait at this progress, looked when last.
// Time in which nobody could look makes no partition stand, so since moves on by it.
type unassignedPartition struct {
	progress, records int64
	since, looked     moment
}

// lookCovers is how much of the time before a look it speaks for. It is less than standsAfter: two looks alone make no partition stand.
const lookCovers = 3 * lookEvery

// lookedAt takes that a partition was seen at the same progress, and records waiting.
func (w *unassignedPartition) lookedAt(now moment, records int64) {
	if gap := now.time.Sub(w.looked.time); gap > lookCovers {
		unseen := gap - lookCovers
		w.since.time = w.since.time.Add(unseen)
		shown := now.shown.Sub(w.looked.shown) // may be longer, in a simulation
		w.since.shown = w.since.shown.Add(time.Duration(float64(shown) * (float64(unseen) / float64(gap))))
	}
	w.records, w.looked = records, now
}

// ofOthers are the partitions, of so many, that others have. It has none where that is not known, or where what is away says enough.
func (h *health) ofOthers(partitions int) (theirs []int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.seesOthers() {
		return nil
	}
	for p := range partitions {
		if h.shards[p] == nil {
			theirs = append(theirs, p)
		}
	}
	return theirs
}

// seesOthers reports whether this process is in the group and can ask how far others are. The caller holds mu.
func (h *health) seesOthers() bool { return h.joined && h.kafka.err == nil && h.clickhouse.err == nil }

// other takes how far the tables are with a partition that another member has, and how many records wait behind that.
func (h *health) other(partition int, progress, records int64) {
	h.change(func() {
		u, now := &h.unassigned, h.moment()
		switch was := u.waiting[partition]; {
		case records == 0 || h.shards[partition] != nil: // it became this process's meanwhile
			delete(u.waiting, partition)
		case was == nil || was.progress != progress:
			u.waiting[partition] = &unassignedPartition{progress: progress, records: records, since: now, looked: now}
		default:
			was.lookedAt(now, records)
		}
	})
}

// standingOthers are the partitions of others that stand, in order. The caller holds mu.
func (h *health) standingOthers() (standing []int) {
	if !h.seesOthers() {
		return nil
	}
	for p, w := range h.unassigned.waiting {
		if w.looked.time.Sub(w.since.time) >= h.unassigned.after {
			standing = append(standing, p)
		}
	}
	slices.Sort(standing)
	return standing
}

// reason is why a partition of others stands, as far as this process can tell, with the way out.
func (u *unassigned) reason(partition int) string {
	w := u.waiting[partition]
	return fmt.Sprintf("partition %d is not counted: %d records wait, and the member of the consumer group %q that has it has counted none since %s: "+
		"if it is another dwell, its /readyz says why; if it is no dwell, stop it, or give it another group",
		partition, w.records, u.group, w.since.time.UTC().Format(time.RFC3339))
}

// assigned forgets partitions that are of this process now.
func (u *unassigned) assigned(partitions []int) {
	maps.DeleteFunc(u.waiting, func(p int, _ *unassignedPartition) bool { return slices.Contains(partitions, p) })
}
