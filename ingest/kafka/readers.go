package kafka

import "context"

// readers are what partitions take turns at, to read records and have them handled. The memory for records is many times what
// was fetched, so that it is not for each partition to have, and a partition gives it back before it waits for a store.
type readers chan *recordReader

func newReaders(n int) readers {
	r := make(readers, n)
	for range n {
		r <- &recordReader{}
	}
	return r
}

// take waits for a reader that has read nothing. It is nil when ctx has ended.
func (r readers) take(ctx context.Context) *recordReader {
	select {
	case one := <-r:
		one.reset()
		return one
	case <-ctx.Done():
		return nil
	}
}

func (r readers) give(one *recordReader) { r <- one }
