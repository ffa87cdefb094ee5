// Package kafka brings the canonical topic's records to the shards and writes events and dead letters back to Kafka.
//
// It promises:
//
//   - Each partition is handled by one Handler at a time in this process, in offset order, from the offset that the
//     Handler itself names in Open. The committed group offset is written for operators' tools and never read.
//   - Only what is true reaches a Handler: transaction markers and the records of aborted transactions are left out,
//     records before the asked offset are skipped, and every batch's CRC-32C is checked.
//   - Nothing is skipped silently. Records that retention has deleted before they were read are counted and logged;
//     a Handler that fails is opened again from its own offset, however often.
//   - Memory is bounded: a Handler that is slow to write stops the fetching of its partition alone, and records are read
//     for so many partitions at once as keep the machine busy.
//   - On revocation and on shutdown every Handler is closed before the group generation is left, within a bounded time.
//
// It refuses message formats older than v2 (Kafka 0.11) and a topic whose number of partitions changes while it is read:
// keys would move between shards and counts with them.
//
// Membership of the group, connections, TLS and SASL are kafka-go's. What its version 0.4.51 does not do with Apache Kafka 4
// is done here, or done without:
//
//   - Its reading of fetch responses hands over the records of aborted transactions, and loses the last offset of a batch,
//     without which a reader can stand still behind a compacted batch. Fetch responses are read here.
//   - What it knows of leaders is some seconds old, and no failure refreshes it. The reading here asks a broker.
//   - While the broker that keeps the group is away it forgets which member it was, and joins as another one, for which the
//     group would wait until the session of the first has ended. That one leaves the group here.
//   - It learns of a broker's end, as of a rebalance, at its next heartbeat, a third of SessionTimeout later at most. In
//     every rebalance each member gives all its partitions back: it knows no cooperative one, and neither static members
//     nor the group protocol that is new in Kafka 4, whose brokers speak the classic one too.
//   - A write that is tried again may be in the log twice, as its producer is not idempotent. Events have ids.
package kafka
