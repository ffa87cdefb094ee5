// Package workload makes the events that every engine of the comparison counts, and the right answer.
//
// It promises that a Config always gives the same records in the same order, exactly as many as it asks for, and that Truth
// comes from what was planned for each visit, before any event was written: nothing is joined, and nothing of dwell's engine
// takes part. It holds the open visits, not the records, so that ten million records need little memory.
//
// What is wrong with the records is what is wrong with those of a real border: some come up to a minute after others that
// happened later, some hours late, some twice; one partition falls silent after its first visits; and one truck's clock is
// hours ahead.
//
// The package is pure: no I/O, no clock, no logger.
package workload

import (
	"fmt"
	"time"
)

// Config says how much there is. The same Config gives the same records.
type Config struct {
	Seed uint64
	// Events is the number of records.
	Events int
	// BCPs and Trucks are chosen from by Zipf's law.
	BCPs, Trucks int
	// Partitions is how many the topic has. The last one is silent after the first visits, unless it is the only one.
	Partitions int
	// Begin is when the first truck arrives; the zero time is 2026-01-05 UTC.
	Begin time.Time
	// VisitsPerDay is how many trucks come to a BCP a day, on average; zero is 200, by which two million visits to 200 BCPs take
	// seven weeks.
	VisitsPerDay int
}

// Default is the workload of the comparison.
func Default() Config {
	return Config{Seed: 1, Events: 10_000_000, BCPs: 200, Trucks: 500_000, Partitions: 8}
}

// Check names the value that is out of range.
func (c Config) Check() error {
	for _, n := range []struct {
		name      string
		value, at int
	}{
		{"events", c.Events, 1}, {"bcps", c.BCPs, 1}, {"trucks", c.Trucks, 1}, {"partitions", c.Partitions, 1}, {"visits per day", c.VisitsPerDay, 0},
	} {
		if n.value < n.at {
			return fmt.Errorf("%s: %d is less than %d", n.name, n.value, n.at)
		}
	}
	if c.BCPs > 60_000 {
		return fmt.Errorf("bcps: %d is more than 60000", c.BCPs)
	}
	return nil
}

// begin is Begin's default in Unix milliseconds. Brokers refuse records from the future.
const begin = 1_767_571_200_000

// How things are at these borders.
const (
	disordered = 0.05 // of all events come up to a minute late,
	late       = 0.01 // some hours late,
	doubled    = 0.01 // and some again within ten minutes

	prompt      = 250 // milliseconds that all others take
	shortDelay  = int64(time.Minute / time.Millisecond)
	hour        = int64(time.Hour / time.Millisecond)
	longDelay   = 12 * hour
	resentAfter = 10 * shortDelay

	ahead      = 6 * hour // the clock of the truck that is ahead,
	aheadTruck = 0        // which is the one that is seen most often,
	aheadVisit = 10       // and here in any case
	// lastPartition is how many visits may be in the partition that falls silent.
	lastPartition = 64
)
