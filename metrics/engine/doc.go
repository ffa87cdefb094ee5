// Package engine is the state of one Kafka partition, which is called a shard: its visits, its windows and its watermark.
//
// It promises that the same prefix of the log always gives the same rows, whatever was flushed, lost, evicted or
// loaded again on the way, and that memory is bounded: after a flush there are at most twice as many visits and
// windows in it as the last eviction had to keep, and sixteen thousand more, however old the events are that come. It
// promises that the watermark drops nothing: an event older than what memory keeps is applied to rows that the caller
// loads. It refuses to guess: an event that is applied while its visit's row is in the store and was not restored would
// begin a new visit in place of that one, so the caller must call Find first.
//
// How long visits are kept is decided by the log too (retention.go). The argument for exactly-once results, whatever is written or lost on the way, is in recovery.go.
//
// The package is pure: no I/O, no goroutine, no clock, no logger. A State is not for concurrent use.
package engine
