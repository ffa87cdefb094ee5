// Package prom turns what the shards do into Prometheus series.
//
// It promises that the labels are bounded by the configuration (BCPs, directions, phases, holders, event types, reasons,
// tables, partitions) and by the 64 queues of each BCP that are shown, that what is known of the border is the same in each process and never vanishes while a partition moves or
// Kafka is away, that the other series of a shard end with the shard, that a collection waits for no query, and that nothing
// unknown is shown as zero: a BCP without an event has no series, and a BCP with queue readings alone has none for trucks. It refuses ids of trucks and
// visits as labels, global registries, and any judgement about "now": it has no clock, so the query decides whether a BCP is
// stale, by dwell_bcp_last_event_timestamp_seconds and dwell_bcp_silent_after_seconds. Which reading of a queue counts is decided by
// its caller.
//
// METRICS.md lists every series; a test compares it with the program.
package prom

//go:generate go test -run TestReferencePage -update
