// Package kafka brings the records of the topic of events to the shards and writes events and dead letters back to Kafka.
//
// It promises:
//
//   - Each partition is handled by one Handler at a time in this process, in offset order, from the offset that the
//     Handler itself names in Open. The committed group offset is for operators' tools, and for Handlers without other progress (Committed).
//   - Only committed records reach a Handler: transaction markers and the records of aborted transactions are left out,
//     records before the requested offset are skipped, and every batch's CRC-32C is checked.
//   - Nothing is skipped silently. Records that retention has deleted before they were read are counted and logged;
//     a Handler that fails is reopened at its own offset, however often.
//   - A batch that cannot be read ends no partition: its bytes are one record for the Handler (event.Record.Unreadable), and reading
//     continues behind it. Damage that may be the network's is fetched again first (damage.go).
//   - Each record says whether its time is the broker's (LogAppendTime) or its producer's (CreateTime), by its batch. Topics that are
//     made here have LogAppendTime unless the caller needs the other.
//   - Memory is bounded: a Handler that is slow to write pauses the fetching of its own partition only, and decode slots
//     limit how many partitions decode at once.
//   - On revocation and on shutdown every Handler is closed before the group generation is left, within a bounded time.
//
// It refuses message formats older than v2 (Kafka 0.11) and a topic whose number of partitions changes, because subjects would
// move between shards.
//
// Membership of the group, connections, TLS and SASL are kafka-go's. Where its version 0.4.51 falls short with Apache
// Kafka 4, this package does the work itself or accepts the limit:
//
//   - Its fetch reader returns the records of aborted transactions, and loses the last offset of a batch, without which a
//     reader can get stuck behind a compacted batch. Fetch responses are decoded here.
//   - Its cached leaders are some seconds old, and no failure refreshes them. The metadata request here asks a broker.
//   - While the group coordinator is unavailable it forgets its member id and joins as a new member, for which the group
//     would wait until the session of the first has timed out. The first member leaves the group here.
//   - It learns of a lost broker, as of a rebalance, at its next heartbeat, at most a third of SessionTimeout later. In
//     every rebalance each member gives all its partitions back: it supports neither cooperative rebalancing, static
//     members nor the new group protocol of Kafka 4, whose brokers support the classic one too.
//   - A retried write may be in the log twice, as its producer is not idempotent. Events have ids.
package kafka
