package main

import (
	"math"
	"slices"
	"strconv"
	"sync"
)

// partition is the state of one partition: its visits, and the windows computed from them.
type partition struct {
	mu      sync.Mutex
	number  int
	visits  map[string]visit
	windows map[windowKey]*window
	names   map[string]string // one copy of each BCP's name
	changed []windowKey       // since the last batch
}

type visit struct {
	arrived, released int64 // Unix milliseconds; 0 is not known
	bcp               string
}

// windowKey is a BCP and a minute since the Unix epoch.
type windowKey struct {
	bcp    string
	minute int32
}

type window struct {
	n, sum  int64
	bins    []bin // by index
	changed bool
}

type bin struct {
	index int
	count int64
}

func newPartition(number int) *partition {
	return &partition{number: number, visits: map[string]visit{}, windows: map[windowKey]*window{}, names: map[string]string{}}
}

// take applies an event. A visit is counted when both of its events are known; a second copy of an event changes nothing.
func (p *partition) take(e event) {
	v := p.visits[string(e.visit)]
	known := &v.arrived
	if e.release {
		known = &v.released
	}
	if *known != 0 {
		return
	}
	*known = e.at
	if v.bcp == "" {
		name, ok := p.names[string(e.bcp)]
		if !ok {
			name = string(e.bcp)
			p.names[name] = name
		}
		v.bcp = name
	}
	p.visits[string(e.visit)] = v
	if v.arrived == 0 || v.released == 0 {
		return
	}
	at := windowKey{v.bcp, int32(v.released / 60_000)}
	w := p.windows[at]
	if w == nil {
		w = &window{}
		p.windows[at] = w
	}
	w.add(v.released - v.arrived)
	if !w.changed {
		w.changed = true
		p.changed = append(p.changed, at)
	}
}

func (w *window) add(ms int64) {
	w.n++
	w.sum += ms
	index := binOf(ms)
	i, found := slices.BinarySearchFunc(w.bins, index, func(b bin, index int) int { return b.index - index })
	if !found {
		w.bins = slices.Insert(w.bins, i, bin{index: index})
	}
	w.bins[i].count++
}

// zeroBin holds times of zero, which have no logarithm.
const zeroBin = -1000

var perBin = math.Log(1.02)

func binOf(ms int64) int {
	if ms < 1 {
		return zeroBin
	}
	return int(math.Ceil(math.Log(float64(ms)) / perBin))
}

// describe returns the key and the value of the result record of a window, and marks the window as unchanged.
func (p *partition) describe(at windowKey) (key string, value []byte) {
	w := p.windows[at]
	w.changed = false
	name := make([]byte, 0, 64)
	name = append(append(name, at.bcp...), '|')
	name = append(strconv.AppendInt(name, int64(at.minute), 10), '|')
	key = string(strconv.AppendInt(name, int64(p.number), 10))

	value = make([]byte, 0, 128)
	value = strconv.AppendQuote(append(value, `{"bcp":`...), at.bcp)
	value = strconv.AppendInt(append(value, `,"minute":`...), int64(at.minute), 10)
	value = strconv.AppendInt(append(value, `,"part":`...), int64(p.number), 10)
	value = strconv.AppendInt(append(value, `,"n":`...), w.n, 10)
	value = strconv.AppendInt(append(value, `,"sum_ms":`...), w.sum, 10)
	value = append(value, `,"bins":{`...)
	for i, b := range w.bins {
		if i > 0 {
			value = append(value, ',')
		}
		value = strconv.AppendInt(append(value, '"'), int64(b.index), 10)
		value = strconv.AppendInt(append(value, `":`...), b.count, 10)
	}
	return key, append(value, `}}`...)
}
