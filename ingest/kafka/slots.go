package kafka

import "context"

// slots are the decode slots, which partitions take in turn to read records and have them handled. The memory for records is many
// times what was fetched, so it belongs to the slot and not to the partition, which gives the slot back before it waits for a
// store.
type slots chan *recordReader

func newSlots(n int) slots {
	s := make(slots, n)
	for range n {
		s <- &recordReader{}
	}
	return s
}

// take waits for a slot and empties it. It is nil when ctx has ended.
func (s slots) take(ctx context.Context) *recordReader {
	select {
	case r := <-s:
		r.reset()
		return r
	case <-ctx.Done():
		return nil
	}
}

func (s slots) give(r *recordReader) { s <- r }
