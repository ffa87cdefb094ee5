package simulator

import (
	"cmp"
	"slices"

	"dwell/ingest/event"
)

// TruthLine is what really happened to one visit, one JSON object per line. Times are Unix milliseconds, null for what has
// not happened by the end of the run; at a post whose clock runs wrong they are that clock's.
type TruthLine struct {
	Visit     string `json:"visit"`
	BCP       string `json:"bcp"`
	Direction string `json:"direction"`
	// Channel and Regime are empty until an event has them.
	Channel string `json:"channel"`
	Regime  string `json:"regime"`

	// Arrived is null of a truck whose declaration was lodged ahead and which has not come.
	Arrived  *int64 `json:"arrived"`
	Released *int64 `json:"released"`
	Refused  *int64 `json:"refused"`
	Departed *int64 `json:"departed"`

	// ReleaseNet and CrossingNet are how many milliseconds of the time to the release and to the departure the post was
	// open; null where there is none.
	ReleaseNet  *int64 `json:"release_net"`
	CrossingNet *int64 `json:"crossing_net"`

	// Segments cut [arrived, departed] without gap, overlap, empty ones or equal neighbours. The last segment of a truck
	// still inside has end null; if it waits, its holder is "unknown", because no event says for whom.
	Segments []TruthSegment `json:"segments"`

	// Lost says that the fault of that name dropped an event of this visit, so that its events do not give the truth.
	Lost bool `json:"lost,omitempty"`
}

// TruthSegment is a stretch of a visit in one holder's hands.
type TruthSegment struct {
	Phase  string `json:"phase"`
	Holder string `json:"holder"`
	Start  int64  `json:"start"`
	End    *int64 `json:"end"`
	// Net is how many milliseconds of it the post was open; null of one without an end.
	Net *int64 `json:"net"`
}

type phase uint8

const (
	wait phase = iota
	service
	hold
	exit
)

var phaseNames = [...]string{"wait", "service", "hold", "exit"}

// stretch is a part of a visit in one holder's hands, from start to the next stretch.
type stretch struct {
	start  int64
	holder event.Agency
	phase  phase
}

// logbook records the truth of one truck, in the time of the post's clock.
type logbook struct {
	arrived, released, refused, departed int64 // zero: not yet
	channel                              event.Channel
	regime                               event.Regime
	stretches                            []stretch
	// since is when the truck began to wait for the one it waits for now.
	since int64
	lost  bool
}

// passes records a change of the truck's holder.
func (l *logbook) passes(p phase, holder event.Agency, at int64) {
	l.since = at
	if n := len(l.stretches); n > 0 && l.stretches[n-1].start == at {
		l.stretches = l.stretches[:n-1] // it took no time
	}
	if n := len(l.stretches); n > 0 && l.stretches[n-1].phase == p && l.stretches[n-1].holder == holder {
		return
	}
	l.stretches = append(l.stretches, stretch{at, holder, p})
}

// line is the current truth of a visit. The holder of an open wait is known to the process but not from events, so it is
// "unknown"; an earlier wait for the same holder that an event has explained is a segment of its own.
func (l *logbook) line(v *visit, voc *event.Vocabulary) TruthLine {
	t := TruthLine{
		Visit: string(v.id), BCP: v.post.place.ID, Direction: v.direction.String(),
		Channel: l.channel.String(), Regime: l.regime.String(),
		Arrived: known(l.arrived), Released: known(l.released), Refused: known(l.refused), Departed: known(l.departed),
		Segments: make([]TruthSegment, 0, len(l.stretches)+1), Lost: l.lost,
	}
	stretches := l.stretches
	if n := len(stretches); n > 0 && l.departed == 0 && stretches[n-1].phase == wait {
		if stretches[n-1].start == l.since {
			stretches = stretches[:n-1]
		}
		stretches = append(slices.Clip(stretches), stretch{l.since, voc.UnknownHolder, wait})
	}
	for i, s := range stretches {
		seg := TruthSegment{Phase: phaseNames[s.phase], Holder: voc.HolderName(s.holder), Start: s.start}
		if i+1 < len(stretches) {
			seg.End = known(stretches[i+1].start)
		} else {
			seg.End = known(l.departed)
		}
		if seg.End != nil {
			seg.Net = v.post.openDuring(seg.Start, *seg.End)
		}
		t.Segments = append(t.Segments, seg)
	}
	if l.arrived != 0 && l.released != 0 {
		t.ReleaseNet = v.post.openDuring(l.arrived, l.released)
	}
	if l.arrived != 0 && l.departed != 0 {
		t.CrossingNet = v.post.openDuring(l.arrived, l.departed)
	}
	return t
}

// openDuring is how many milliseconds of [from, to) the post was open, by its own clock.
func (p *post) openDuring(from, to int64) *int64 {
	var sum int64
	first, here := slices.BinarySearchFunc(p.shifts, from, func(s opening, at int64) int { return cmp.Compare(s.at, at) })
	if !here && first > 0 {
		first-- // it lasts until then
	}
	for i := first; i < len(p.shifts) && p.shifts[i].at < to; i++ {
		s := p.shifts[i]
		until := to
		if i+1 < len(p.shifts) {
			until = min(to, p.shifts[i+1].at)
		}
		if s.open {
			sum += max(0, until-max(from, s.at))
		}
	}
	return &sum
}

func known(t int64) *int64 {
	if t == 0 {
		return nil
	}
	return &t
}
