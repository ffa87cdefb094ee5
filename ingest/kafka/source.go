package kafka

import (
	"sync"
	"time"

	"github.com/segmentio/kafka-go/protocol/fetch"
)

// source buffers the fetched bytes of one partition. The fetcher fills it, the partition's loop empties it.
type source struct {
	partition int
	// limit is Config.BufferBytes, fetchBytes Config.FetchBytes.
	limit, fetchBytes int
	// arrived, of capacity one, signals that a chunk waits.
	arrived chan struct{}
	// wanted is called when the source can be fetched again.
	wanted func()
	// short, of capacity one, has the end of a log that ends before the offset of the next request.
	short chan int64
	// trouble is that fetches of it fail; of the loop of its leader.
	trouble trouble
	// nothing is how often in a row a broker has sent nothing of what it has; of the same loop.
	nothing int

	mu sync.Mutex
	// stay grows with every seek and stop: responses to requests of an earlier stay are dropped.
	stay    int
	reading bool
	// next is the offset of the next request, which is sent at retryAt at the earliest.
	next int64
	// earliest is true until something has come of a log that is read from its beginning, wherever that is.
	earliest      bool
	retryAt       time.Time
	pace          backoff
	highWatermark int64
	// due is when the latest request became due: it is unanswered since.
	due   time.Time
	queue []chunk
	bytes int
}

// chunk is the data of one partition from one fetch.
type chunk struct {
	// from is the requested offset, next the offset to request after this chunk.
	from, next    int64
	highWatermark int64
	aborted       []abortedTransaction
	batches       []frame
	// bytes is the size of the answer.
	bytes int
}

// seek starts fetching from next on. Earliest says that this is where the log begins now, and nothing of it was read before.
func (s *source) seek(next int64, earliest bool) {
	s.mu.Lock()
	s.restart(true)
	s.next, s.earliest, s.due = next, earliest, time.Now()
	s.mu.Unlock()
	s.wanted()
}

// again fetches from next on once more, after a pause.
func (s *source) again(next int64, pause time.Duration) {
	s.mu.Lock()
	s.restart(true)
	s.next, s.due, s.retryAt = next, time.Now(), time.Now().Add(pause)
	s.mu.Unlock()
	s.wanted()
}

// stop ends fetching and drops the buffered data.
func (s *source) stop() {
	s.mu.Lock()
	s.restart(false)
	s.mu.Unlock()
}

func (s *source) restart(reading bool) {
	s.stay++
	s.reading = reading
	s.retryAt, s.highWatermark = time.Time{}, -1
	s.pace.reset()
	s.queue, s.bytes = nil, 0
	select {
	case <-s.arrived:
	default:
	}
	select {
	case <-s.short:
	default:
	}
}

// request is the next fetch of the partition. It is not ok while the buffer is full, the Handler is not open, or the pause
// after an error lasts.
func (s *source) request(now time.Time) (p fetch.RequestPartition, stay int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.reading || s.bytes >= s.limit || now.Before(s.retryAt) {
		return p, 0, false
	}
	return fetch.RequestPartition{
		Partition:          int32(s.partition),
		CurrentLeaderEpoch: -1,
		FetchOffset:        s.next,
		LogStartOffset:     -1,
		PartitionMaxBytes:  int32(s.fetchBytes),
	}, s.stay, true
}

// deliver queues the data fetched for the given stay and returns the number of buffered bytes.
func (s *source) deliver(stay int, a partitionAnswer) (buffered int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stay != s.stay {
		return s.bytes
	}
	s.pace.reset()
	s.highWatermark, s.due = a.highWatermark, time.Now().Add(a.throttle)
	batches, next := frames(a.data, s.next, a.highWatermark)
	if next != s.next {
		s.earliest = false
		s.push(chunk{from: s.next, next: next, highWatermark: a.highWatermark, aborted: a.aborted, batches: batches, bytes: len(a.data)})
	}
	return s.bytes
}

// move continues at another offset, which the Handler learns from an empty chunk.
func (s *source) move(stay int, next int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stay == s.stay {
		s.push(chunk{from: s.next, next: next, highWatermark: s.highWatermark})
	}
}

func (s *source) push(c chunk) {
	s.queue = append(s.queue, c)
	s.bytes += c.bytes
	s.next = c.next
	s.signal()
}

// pause delays the next request after a failure.
func (s *source) pause(stay int, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stay == s.stay {
		s.retryAt = now.Add(s.pace.next())
	}
}

func (s *source) signal() {
	select {
	case s.arrived <- struct{}{}:
	default:
	}
}

// take returns the oldest chunk, and the number of bytes still buffered. It is not ok when the buffer is empty.
func (s *source) take() (c chunk, buffered int, ok bool) {
	s.mu.Lock()
	if len(s.queue) == 0 {
		s.mu.Unlock()
		return chunk{}, 0, false
	}
	c = s.queue[0]
	s.queue[0] = chunk{}
	s.queue = s.queue[1:]
	full := s.bytes >= s.limit
	s.bytes -= c.bytes
	full = full && s.bytes < s.limit
	if full {
		s.due = time.Now()
	}
	if len(s.queue) > 0 {
		s.signal()
	}
	buffered = s.bytes
	s.mu.Unlock()
	if full {
		s.wanted()
	}
	return c, buffered, true
}

// unansweredFor is how long the source has waited for an answer; zero where it wants none.
func (s *source) unansweredFor(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.reading || s.bytes >= s.limit {
		return 0
	}
	return now.Sub(s.due)
}

// unread is the offset from which on nothing was read: of a log that is read from its beginning that of its first record ever.
func (s *source) unread() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.earliest {
		return 0
	}
	return s.next
}

func (s *source) position() (next, highWatermark int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next, s.highWatermark
}
