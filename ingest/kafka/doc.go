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
//   - Memory is bounded: a slow Handler stops the fetching of its partition alone.
//   - On revocation and on shutdown every Handler is closed before the group generation is left, within a bounded time.
//
// It refuses message formats older than v2 (Kafka 0.11) and a topic whose number of partitions changes while it is read:
// keys would move between shards and counts with them.
//
// Membership of the group, connections, TLS and SASL are kafka-go's. Fetch responses are read here, since kafka-go's
// reading of them loses the last offset of a batch, without which a reader can stand still behind a compacted batch.
package kafka
