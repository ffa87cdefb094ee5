package clickhouse

import "strings"

// share bounds what is at work at once. A quarter of it is kept for the program whose data these are: statements of others, however many
// and long, leave it room to write what it counts and to read what it shows.
type share struct {
	all, others chan struct{}
}

func newShare(most int) share {
	return share{all: make(chan struct{}, most), others: make(chan struct{}, most-most/4)}
}

// atOnce is for those who do not wait for a place.
var atOnce = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// enter takes a place, and waits for one until the channel is closed. It reports whether it has one, and how to leave it.
func (s share) enter(own bool, until <-chan struct{}) (leave func(), entered bool) {
	if own {
		return take(s.all, until)
	}
	leaveOthers, entered := take(s.others, until)
	if !entered {
		return nil, false
	}
	leaveAll, entered := take(s.all, until)
	if !entered {
		leaveOthers()
		return nil, false
	}
	return func() {
		leaveAll()
		leaveOthers()
	}, true
}

func take(places chan struct{}, until <-chan struct{}) (leave func(), taken bool) {
	leave = func() { <-places }
	select {
	case places <- struct{}{}:
		return leave, true
	default:
	}
	select {
	case places <- struct{}{}:
		return leave, true
	case <-until:
		return nil, false
	}
}

// isOwn reports whether a program, as its User-Agent says, is the one called own: the first comment behind its products. Where nothing is
// kept for one, each is.
func isOwn(program, own string) bool {
	return own == "" || strings.Contains(program, "("+own+";")
}
