package hours

import "slices"

// timeline is the facts of one direction, ordered by compare. They are in blocks, none of them empty: a BCP may have hundreds of thousands, and in
// one slice each that is told late would move half of them.
type timeline struct{ blocks [][]fact }

// mostInBlock is how many facts a block has before it becomes two.
const mostInBlock = 512

// split is where the facts end for which earlier is true, which must be the first ones: behind the last of them in its block, or at the
// begin of the first block.
func (l *timeline) split(earlier func(*fact) bool) (block, at int) {
	count := func(n int, is func(int) bool) int {
		low := 0
		for low < n {
			if mid := int(uint(low+n) >> 1); is(mid) {
				low = mid + 1
			} else {
				n = mid
			}
		}
		return low
	}
	block = count(len(l.blocks), func(i int) bool { return earlier(&l.blocks[i][0]) }) - 1
	if block < 0 {
		return 0, 0
	}
	of := l.blocks[block]
	return block, count(len(of), func(i int) bool { return earlier(&of[i]) })
}

// around are the last fact for which earlier is true and the first for which it is not, nil where no fact is.
func (l *timeline) around(earlier func(*fact) bool) (last, next *fact) {
	block, at := l.split(earlier)
	if at > 0 {
		last = &l.blocks[block][at-1]
	}
	switch {
	case block < len(l.blocks) && at < len(l.blocks[block]):
		next = &l.blocks[block][at]
	case block+1 < len(l.blocks):
		next = &l.blocks[block+1][0]
	}
	return last, next
}

// before is the last fact before another, which need not be one of them; nil if it is the first.
func (l *timeline) before(f *fact) *fact {
	last, _ := l.around(func(o *fact) bool { return compare(*o, *f) < 0 })
	return last
}

// beforeTime is the last fact before an instant, nil if there is none.
func (l *timeline) beforeTime(ms int64) *fact {
	last, _ := l.around(func(o *fact) bool { return o.time < ms })
	return last
}

// aroundTime are the last fact until an instant and the first after it.
func (l *timeline) aroundTime(ms int64) (last, next *fact) {
	return l.around(func(o *fact) bool { return o.time <= ms })
}

// closing is one at an instant, nil if there is none.
func (l *timeline) closing(ms int64) *fact {
	_, next := l.around(func(o *fact) bool { return o.time < ms || o.time == ms && o.opens })
	if next == nil || next.time != ms {
		return nil
	}
	return next
}

// add adds a fact that is not one of them.
func (l *timeline) add(f fact) {
	if len(l.blocks) == 0 {
		l.blocks = [][]fact{{f}}
		return
	}
	block, at := l.split(func(o *fact) bool { return compare(*o, f) < 0 })
	all := slices.Insert(l.blocks[block], at, f)
	if half := mostInBlock / 2; len(all) > mostInBlock {
		l.blocks = slices.Insert(l.blocks, block+1, slices.Clone(all[half:]))
		all = all[:half]
	}
	l.blocks[block] = all
}

// remove removes a fact that is one of them.
func (l *timeline) remove(f fact) {
	block, at := l.split(func(o *fact) bool { return compare(*o, f) <= 0 })
	if l.blocks[block] = slices.Delete(l.blocks[block], at-1, at); len(l.blocks[block]) == 0 {
		l.blocks = slices.Delete(l.blocks, block, block+1)
	}
}

func (l *timeline) clone() timeline {
	blocks := slices.Clone(l.blocks)
	for i := range blocks {
		blocks[i] = slices.Clone(blocks[i])
	}
	return timeline{blocks}
}
