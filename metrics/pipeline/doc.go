// Package pipeline brings one shard's log into the store: it decodes, applies, flushes and recovers.
//
// It promises exactly-once rows from at-least-once parts: rows are written in the order forwarded records, dead letters, raw,
// restatements, the flush intent, windows, visits, inside, progress, and only then is the Kafka offset committed. The first three may be ahead, since no other row depends on them. After any failure the shard resumes from its
// own progress (see metrics/engine, recovery.go). It promises that one bad message never stops a shard, that nothing is
// dropped silently, and that memory is bounded. A record whose subject belongs to another shard is forwarded there (forward.go).
// Events are applied while a flush is written; while the store is down, that goes on until the buffer is full or an event needs a
// row from the store: then the shard waits, and with it the reading of the log.
// One exception: all visits that a late opening or closing of a BCP overlaps stay in memory until the next flush, about 12
// KB each. It refuses to skip records.
package pipeline
