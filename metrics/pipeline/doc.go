// Package pipeline brings one shard's log into the store: it decodes, applies, flushes and recovers.
//
// It promises exactly-once rows from at-least-once parts: rows are written in the order forwarded facts about places,
// dead letters, raw, restatements, the announcement that the rest follows, windows, visits, inside, progress, and only then
// is the Kafka offset committed; the first three, which no other row depends on, may be further on than the rest. After any failure the shard resumes from
// its own progress (see metrics/engine, recovery.go). It promises that one bad message
// never stops a shard, that nothing is dropped silently, and that memory is bounded: a store that is away holds up
// Write, and so the reading of the log. The bound is that of a batch: the visits that one late opening or closing of a
// BCP overlaps are in memory together until the next flush, with about 12 KB each.
// It refuses to skip.
package pipeline
