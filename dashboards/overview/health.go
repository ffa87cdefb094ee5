package overview

import (
	"slices"
	"time"
)

// Health is what keeps numbers from being current.
type Health struct {
	// Outages are the parts that cannot be reached now; none is an empty list.
	Outages []Outage `json:"outages"`
	// StandsSince is from when on events are missing, because records of a partition wait and none is counted, or another process
	// has counted them and the tables cannot be read; null while events are counted.
	StandsSince *time.Time `json:"stands_since"`
	// RecordsWaiting is how many records wait for this process, where some have waited for ten seconds, and for other members of the
	// consumer group that count none; 0 while they are counted as they come.
	RecordsWaiting int64 `json:"records_waiting"`
	// DamagedTables have parts that ClickHouse cannot read, so that numbers may be wrong or missing; none is an empty list.
	DamagedTables []DamagedTable `json:"damaged_tables"`
}

// DamagedTable is a table with what makes it whole again.
type DamagedTable struct {
	Table  string `json:"table"`
	WayOut string `json:"way_out"`
}

// Part is what dwell reads from or writes to.
type Part string

// The parts. Without Kafka no event comes. Without ClickHouse no history can be read, and events are counted while the buffer has
// room.
const (
	Kafka      Part = "kafka"
	ClickHouse Part = "clickhouse"
)

// Outage is a part that cannot be reached, since when.
type Outage struct {
	Part  Part      `json:"part"`
	Since time.Time `json:"since"`
}

// Equal reports whether both say the same.
func (h Health) Equal(o Health) bool {
	same := func(a, b Outage) bool { return a.Part == b.Part && a.Since.Equal(b.Since) }
	return slices.EqualFunc(h.Outages, o.Outages, same) && h.RecordsWaiting == o.RecordsWaiting && slices.Equal(h.DamagedTables, o.DamagedTables) &&
		(h.StandsSince == nil) == (o.StandsSince == nil) && (h.StandsSince == nil || h.StandsSince.Equal(*o.StandsSince))
}
