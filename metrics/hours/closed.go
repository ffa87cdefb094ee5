package hours

import (
	"dwell/ingest/event"
	"dwell/metrics/window"
)

// closures are the intervals in which the BCP was closed, within a UTC day or any other interval, and their total length.
type closures struct {
	intervals []Interval
	sum       int64
}

const (
	dayMs = 24 * 3600 * 1000
	// maxDays is how many days are cached. Longer intervals are computed without the cache.
	maxDays = 512
)

// Closed is how many milliseconds of [from, to) the BCP was closed for a direction.
func (h *Hours) Closed(d event.Direction, from, to int64) int64 {
	if h.calendar.week == nil && len(h.known) == 0 {
		return 0
	}
	if to-from > maxDays*dayMs {
		return h.walk(d, from, to).sum
	}
	var sum int64
	for day := floor(from); from < to; day++ {
		c := h.day(d, day)
		ends := (int64(day) + 1) * dayMs
		if from == ends-dayMs && to >= ends {
			sum += c.sum
		} else {
			for _, s := range c.intervals {
				sum += max(0, min(s.To, to)-max(s.From, from))
			}
		}
		from = ends
	}
	return sum
}

// Open reports whether the BCP was open for a direction at an instant in Unix milliseconds. Several may ask at the same time.
func (h *Hours) Open(d event.Direction, at int64) bool {
	own := *h // whose clock keeps the offset that it looked up last
	open, _ := own.at(d, at)
	return open
}

// OpenSince is, for each of the nets, which ascend, the latest instant since which the BCP was open for so many milliseconds before an instant,
// Never where that is longer ago than maxDays. Unlike Closed it changes nothing, so that several may ask at the same time.
func (h *Hours) OpenSince(d event.Direction, at int64, nets []int64) []int64 {
	own := *h // whose clock keeps the offset that it looked up last
	h = &own
	since := make([]int64, 0, len(nets))
	open, end := int64(0), at
	for day := 0; len(since) < len(nets) && day < maxDays; day++ {
		begin := end - dayMs
		closed := h.walk(d, begin, end).intervals
		for to := end; to > begin; {
			from, goesOn := begin, begin // of the open stretch that ends at to, and where the closed one before it begins
			if n := len(closed); n > 0 {
				from, goesOn, closed = closed[n-1].To, closed[n-1].From, closed[:n-1]
			}
			for len(since) < len(nets) && nets[len(since)] <= open+to-from {
				since = append(since, to-(nets[len(since)]-open))
			}
			open += to - from
			to = goesOn
		}
		end = begin
	}
	for len(since) < len(nets) {
		since = append(since, Never)
	}
	return since
}

// Never is before all instants.
const Never = -Forever

func floor(ms int64) int32 {
	if ms < 0 {
		ms -= dayMs - 1
	}
	return int32(ms / dayMs)
}

func (h *Hours) day(d event.Direction, day int32) closures {
	if c, known := h.days[d][day]; known {
		return c
	}
	c := h.walk(d, int64(day)*dayMs, (int64(day)+1)*dayMs)
	if h.days[d] == nil || len(h.days[d]) >= maxDays {
		h.days[d] = map[int32]closures{}
	}
	h.days[d][day] = c
	return c
}

// walk computes the closures of any interval.
func (h *Hours) walk(d event.Direction, from, to int64) (c closures) {
	for from < to {
		open, until := h.at(d, from)
		until = min(until, to)
		if !open {
			c.sum += until - from
			if n := len(c.intervals); n > 0 && c.intervals[n-1].To == from {
				c.intervals[n-1].To = until
			} else {
				c.intervals = append(c.intervals, Interval{from, until})
			}
		}
		from = until
	}
	return c
}

// at reports whether the BCP was open for a direction at an instant, and until when at least that stays so.
func (h *Hours) at(d event.Direction, ms int64) (open bool, until int64) {
	last, next := h.facts[d].aroundTime(ms)
	until = Forever
	if next != nil {
		until = next.time
	}
	if last != nil {
		if holds := h.holdsUntil(last, next, d); ms < holds {
			return last.opens, min(until, holds)
		}
	}
	open, goesOn := h.calendar.at(window.MinuteOf(ms))
	if goesOn != never {
		until = min(until, millis(goesOn))
	}
	return open, until
}

// forget drops the cached days of an interval.
func (h *Hours) forget(s Interval) {
	if s.Empty() {
		return
	}
	for d := range h.days {
		for day := range h.days[d] {
			if from := int64(day) * dayMs; from < s.To && from+dayMs > s.From {
				delete(h.days[d], day)
			}
		}
	}
}
