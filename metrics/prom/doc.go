// Package prom turns what the shards do into Prometheus series.
//
// It promises that the labels are bounded by the configuration (BCPs, directions, phases, holders, event types, reasons,
// tables, partitions), that a series of a shard goes away with the shard, and that nothing unknown is drawn as zero: a BCP
// without an event has no series, and one that reports only its queue has no trucks. It refuses ids of trucks and visits as
// labels, global registries, and any judgement about "now": it has no clock, so whether a BCP is silent is for the query to
// say, by dwell_bcp_last_event_timestamp_seconds and dwell_bcp_silent_after_seconds.
//
// METRICS.md lists every series; a test keeps it true.
package prom

//go:generate go test -run TestReferencePage -update
