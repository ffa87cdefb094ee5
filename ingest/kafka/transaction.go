package kafka

import (
	"encoding/binary"
	"slices"
)

// abortedTransaction is a transaction whose records, from an offset on, must not be read.
type abortedTransaction struct {
	producer, first int64
}

// transactions filters the batches of aborted transactions out of one fetch response. The broker lists every aborted
// transaction that overlaps the response; a producer's transaction lasts until its abort marker.
type transactions struct {
	// pending is in the order of first offsets, open holds the producers that are inside an aborted transaction.
	pending []abortedTransaction
	open    []int64
}

func newTransactions(aborted []abortedTransaction) transactions {
	slices.SortFunc(aborted, func(a, b abortedTransaction) int { return int(min(max(a.first-b.first, -1), 1)) })
	return transactions{pending: aborted}
}

// visible reports whether the records of a batch, which ends before next, are to be read. It must see every batch of the response
// in order.
func (t *transactions) visible(b rawBatch, next int64) bool {
	for len(t.pending) > 0 && t.pending[0].first < next {
		t.open = append(t.open, t.pending[0].producer)
		t.pending = t.pending[1:]
	}
	attributes := b.attributes()
	i := slices.Index(t.open, b.producerID())
	if attributes&attributeControl != 0 {
		if i >= 0 && isAbort(b) {
			t.open = slices.Delete(t.open, i, i+1)
		}
		return false
	}
	return attributes&attributeTransactional == 0 || i < 0
}

// isAbort reads the one record of a control batch: the key is a version and a type, each two bytes, and type 0 is abort.
func isAbort(b rawBatch) bool {
	c := cursor{data: b[batchRecordsAt:]}
	c.varint()
	c.skip(1)
	c.varint()
	c.varint()
	key := c.bytes(c.varint())
	return len(key) >= 4 && binary.BigEndian.Uint16(key[2:]) == 0
}
