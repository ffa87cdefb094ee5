package simulator

// agenda is a priority queue by time; what is due at the same time leaves in the order in which it was added. It is a
// heap of its own because container/heap would allocate for every event.
type agenda[T any] struct {
	entries []due[T]
	added   uint64
}

type due[T any] struct {
	at    int64
	order uint64
	what  T
}

func (d *due[T]) before(o *due[T]) bool { return d.at < o.at || d.at == o.at && d.order < o.order }

func (a *agenda[T]) add(at int64, what T) {
	a.added++
	a.entries = append(a.entries, due[T]{at, a.added, what})
	i := len(a.entries) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !a.entries[i].before(&a.entries[parent]) {
			break
		}
		a.entries[i], a.entries[parent] = a.entries[parent], a.entries[i]
		i = parent
	}
}

func (a *agenda[T]) empty() bool { return len(a.entries) == 0 }

// next is when the first entry is due. The agenda must not be empty.
func (a *agenda[T]) next() int64 { return a.entries[0].at }

// take removes the first entry. The agenda must not be empty.
func (a *agenda[T]) take() (int64, T) {
	first := a.entries[0]
	last := len(a.entries) - 1
	a.entries[0] = a.entries[last]
	a.entries[last] = due[T]{}
	a.entries = a.entries[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if a.entries[child].before(&a.entries[least]) {
				least = child
			}
		}
		if least == i {
			return first.at, first.what
		}
		a.entries[i], a.entries[least] = a.entries[least], a.entries[i]
		i = least
	}
}
