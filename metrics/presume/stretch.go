package presume

import (
	"slices"
	"sort"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/visit"
)

// Key is what is known of a truck when it begins to wait: waits of one key are alike.
type Key struct {
	// Last, Agency, Kind and Result are those of the visit's last fact.
	Last   event.Type
	Kind   event.InspectionKind
	Result event.Result
	Agency event.Agency
	// Channel is that of the visit.
	Channel event.Channel
	// Done are the agencies that have completed an inspection of the truck.
	Done engine.Agencies
}

// KeyOf is the key of the trucks of a class.
func KeyOf(c engine.Class) Key {
	return Key{Last: c.Last, Agency: c.Agency, Kind: c.Kind, Result: c.Result, Channel: c.Channel, Done: c.Done}
}

// KeyAt is the key of a visit with these facts, ordered, in the channel.
func KeyAt(facts []visit.Fact, channel event.Channel) Key {
	return keyAfter(&facts[len(facts)-1], channel, completed(nil, facts))
}

// completed appends the agencies of the inspections that the facts complete, each once.
func completed(dst []event.Agency, facts []visit.Fact) []event.Agency {
	for i := range facts {
		if facts[i].Type == event.InspectionCompleted && !slices.Contains(dst, facts[i].Agency) {
			dst = append(dst, facts[i].Agency)
		}
	}
	return dst
}

func keyAfter(last *visit.Fact, channel event.Channel, done []event.Agency) Key {
	return Key{Last: last.Type, Agency: last.Agency, Kind: last.Kind(), Result: last.Result(), Channel: channel, Done: engine.AgenciesOf(done...)}
}

// ages are where the classes of age begin, in milliseconds net of the hours in which the BCP was closed. Waits that have lasted long are
// other ones than those which have just begun.
var ages = [...]int64{
	0, 15 * minute, 30 * minute, hour, 2 * hour, 4 * hour, 8 * hour, 12 * hour, 16 * hour, 24 * hour, 36 * hour, 48 * hour,
}

const (
	minute = int64(time.Minute / time.Millisecond)
	hour   = 60 * minute
	day    = 24 * hour
)

// lastEnds is where the last class of age ends. A truck with a wrong year in one event waited for years: without an end, it alone would say who
// has all trucks of that age. Of what waits longer than this, what is known of the last class is presumed.
const lastEnds = 72 * hour

// endOf is where a class of age ends.
func endOf(age int) int64 {
	if age+1 < Ages {
		return ages[age+1]
	}
	return lastEnds
}

// Ages is how many classes of age a wait has.
const Ages = len(ages)

// AgeOf is the class of a wait that has lasted so many milliseconds net.
func AgeOf(net int64) int {
	return sort.Search(Ages, func(i int) bool { return ages[i] > net }) - 1
}

// Stretch is the time that a truck waited within one class of age, while nobody had said for whom.
type Stretch struct {
	BCP       event.BCP
	Direction event.Direction
	Key       Key
	Age       int
	// Since is when the wait began, and Departed when the visit ended, in Unix milliseconds.
	Since, Departed int64
	// Holder is to whom the time was charged in the end, and Ms how long it was by the clock. Of one wait and class, Ms is at most as long as the
	// class and a day, whatever the hours in which the BCP was closed: enough for each night, and a closure of months counts as one day.
	Holder event.Agency
	Ms     int64
}

// Stretches appends what a visit that has departed waited, in the order of time, of each wait until the last class of age ends. An unsound visit,
// and one that has not departed, has none.
func Stretches(dst []Stretch, v *visit.Visit, rules visit.Rules) []Stretch {
	var end visit.State
	rules.Derive(v, &end)
	if end.Fault != visit.Sound || end.Departed == visit.None {
		return dst
	}
	facts, first := v.Facts(), len(dst)
	var now visit.State
	var done []event.Agency
	at := 0 // of the segment in which the wait is
	for i := 0; i < len(facts); {
		j := i + 1
		for j < len(facts) && facts[j].Time == facts[i].Time {
			j++
		}
		done = completed(done, facts[i:j])
		i = j
		so := visit.Of(end.BCP, facts[:j:j], nil)
		rules.Advance(&so, &now)
		if now.Departed != visit.None || j == len(facts) {
			break
		}
		if now.Phase != visit.Wait || now.Holder != rules.Unknown {
			continue
		}
		from, to := facts[j-1].Time, facts[j].Time
		for end.Segments[at].End <= from {
			at++
		}
		s := Stretch{
			BCP: end.BCP, Direction: end.Direction, Since: now.Since, Departed: end.Departed, Holder: end.Segments[at].Holder,
			Key: keyAfter(&facts[j-1], now.Channel, done),
		}
		dst = s.split(dst, first, rules.Hours, from, to)
	}
	return dst
}

// split appends the parts of [from, to) by class of age; the visit's stretches before are those from first.
func (s Stretch) split(dst []Stretch, first int, h visit.Hours, from, to int64) []Stretch {
	net := func(until int64) int64 {
		if h == nil {
			return until - s.Since
		}
		return until - s.Since - h.Closed(s.BCP, s.Direction, s.Since, until)
	}
	for from < to && net(from) < lastEnds {
		s.Age = AgeOf(net(from))
		until, end := to, endOf(s.Age)
		if net(to) > end {
			// The first instant at which the class has ended; net never falls.
			until = from + int64(sort.Search(int(to-from), func(ms int) bool { return net(from+int64(ms)) >= end }))
		}
		most := end - ages[s.Age] + day
		for i := len(dst) - 1; i >= first && dst[i].Since == s.Since && dst[i].Age == s.Age; i-- { // a fact between them changed nothing
			most -= dst[i].Ms
		}
		if s.Ms = min(until-from, most); s.Ms > 0 {
			dst = append(dst, s)
		}
		from = until
	}
	return dst
}

// NetOf is where a class of age begins, in milliseconds net of closed hours.
func NetOf(age int) int64 { return ages[age] }
