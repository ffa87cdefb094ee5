package pipeline

import "time"

// An overview is published at most every publishEvery, and every publishBehind while the shard is far behind its log. Making one
// derives all visits that have changed since the last flush, so that it may take long after many events. The pauses are then so
// long that all open shards of a process together take one part in sparing of a core for it.
const publishEvery, publishBehind, sparing = 250 * time.Millisecond, time.Second, 20

// publication is the latest overview of a shard.
type publication struct {
	at    time.Time
	took  time.Duration
	stale bool // events were applied since
}

// publishDue publishes an overview if events were applied since the last one, and it is time. Like flushes, all shards publish at
// the same times, so that what shows them need not do so once for each shard.
func (s *Shard) publishDue() {
	if !s.published.stale {
		return
	}
	every := publishEvery
	if s.farBehind() {
		every = publishBehind
	}
	now := s.Now()
	if now.UnixNano()/int64(every) == s.published.at.UnixNano()/int64(every) || now.Sub(s.published.at) < s.Budget.sparing(s.published.took) {
		return
	}
	s.publish()
}

// publish publishes an overview.
func (s *Shard) publish() {
	begin := s.Now()
	s.Observer.Published(s.id, s.state.Overview(s.id, s.next))
	s.published = publication{at: begin, took: s.Now().Sub(begin)}
}
