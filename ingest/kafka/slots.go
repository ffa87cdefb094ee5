package kafka

import "context"

// slots are the decode slots: a partition holds one while it decodes and handles records. Decoded records take many times
// the fetched bytes, so their memory belongs to the slot, and the partition releases the slot before it writes to the store.
type slots chan *recordReader

func newSlots(n int) slots {
	s := make(slots, n)
	for range n {
		s <- &recordReader{}
	}
	return s
}

// take waits for a slot and resets it. It returns nil when ctx has ended.
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
