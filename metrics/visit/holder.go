package visit

import (
	"dwell/ingest/event"
)

// The holder of the truck at instant t is that of the first line that fits:
//
//	1  released at or before t                    exit, carrier
//	2  inspections begun and not completed        service, the agency whose began first (ties: agency code)
//	3  holds placed and not lifted                hold, the agency that placed the first (ties: agency code)
//	4  a later fact of this visit acts            wait, by the next that acts (see actor)
//	5  none yet                                   wait, unknown; known as soon as the next fact arrives
//
// An inspection is identified by its agency and kind, a hold by its agency and id, and all holds of an agency without an id
// are one: a second beginning changes nothing. One that ends and begins in the same millisecond continues if it was in
// progress, and otherwise took no time. The split between agencies, trader and carrier is that of the WCO Time Release Study;
// the precedence is dwell's own.

// fold is the state of cutting a visit into segments, fact by fact in order of time.
type fold struct {
	facts int
	// cuts are all segments so far, including the last one, which the next fact of an open visit may prolong.
	cuts []Segment
	busy begun
	// phase and holder are those since from. NoPhase is before the arrival.
	phase  Phase
	holder event.Agency
	from   Time
}

// step applies the facts of one instant, which must be later than all before.
func (r Rules) step(s *State, facts []Fact) {
	at, departed, fold := facts[0].Time, s.Departed != None, &s.fold
	fold.facts += len(facts)
	s.Last = at
	s.milestones(facts)
	if departed {
		return
	}
	together := gather(facts)
	next := r.actor(&together, &fold.busy)
	if fold.phase != NoPhase {
		fold.append(Segment{fold.phase, fold.holder, fold.from, at, r.closed(s, fold.from, at)})
	}
	if next != event.NoAgency {
		fold.explain(next, r.Unknown)
	}
	fold.busy.change(&together)
	if s.Arrived != None {
		fold.from = at
		fold.phase, fold.holder = r.holder(s)
	}
}

// finish derives the state from the facts so far. The last segment of an open visit is still in progress, so it is left out.
func (r Rules) finish(s *State) {
	fold := &s.fold
	s.ReleaseClosed, s.CrossingClosed = 0, 0
	if s.Fault != Sound {
		s.Segments = fold.cuts[:0]
		return
	}
	s.Segments = fold.cuts
	for i := range fold.cuts {
		g := &fold.cuts[i]
		if g.End <= s.Released { // None is before all; at a release a segment ends
			s.ReleaseClosed += g.Closed
		}
		if s.Departed != None {
			s.CrossingClosed += g.Closed
		}
	}
	if s.Departed != None {
		s.Phase, s.Holder, s.Since = NoPhase, event.NoAgency, None
		return
	}
	s.Phase, s.Holder, s.Since = fold.phase, fold.holder, fold.from
	if n := len(fold.cuts) - 1; n >= 0 && fold.cuts[n].Phase == fold.phase && fold.cuts[n].Holder == fold.holder {
		s.Since = fold.cuts[n].Start
		s.Segments = fold.cuts[:n]
	}
}

// holder is lines 1, 2, 3 and 5 of the table, after the facts so far; explain applies line 4 later.
func (r Rules) holder(s *State) (Phase, event.Agency) {
	if s.Released != None {
		return Exit, r.Carrier
	}
	busy := &s.fold.busy
	if a := busy.first(true); a != event.NoAgency {
		return Service, a
	}
	if a := busy.first(false); a != event.NoAgency {
		return Hold, a
	}
	return Wait, r.Unknown
}

// actor is the agency for which a truck waited until these simultaneous facts; NoAgency if none of them acts. Facts are
// ordered by type, and the first that acts counts.
func (r Rules) actor(t *together, before *begun) event.Agency {
	for n, f := range t.facts {
		switch f.Type {
		case event.InspectionStarted, event.HoldPlaced:
			return f.Agency
		case event.ChannelAssigned, event.TruckReleased, event.ClearanceRefused:
			return r.Customs
		case event.DeclarationLodged, event.PaymentConfirmed:
			return r.Trader
		case event.InspectionCompleted, event.HoldLifted:
			if !before.has(f) && !t.about(n).begins { // its beginning was lost
				return f.Agency
			}
		case event.TruckDeparted:
			return r.Carrier
		}
	}
	return event.NoAgency
}

// append adds a segment, or prolongs the last one.
func (f *fold) append(g Segment) {
	if n := len(f.cuts); n > 0 && f.cuts[n-1].Phase == g.Phase && f.cuts[n-1].Holder == g.Holder {
		f.cuts[n-1].End = g.End
		f.cuts[n-1].Closed += g.Closed
		return
	}
	f.cuts = append(f.cuts, g)
}

func (r Rules) closed(s *State, from, to Time) int64 {
	if r.Hours == nil {
		return 0
	}
	return r.Hours.Closed(s.BCP, s.Direction, from, to)
}

// explain charges an unexplained wait to the agency that acts now. Only the last segment can be such a wait, since whatever
// follows a wait begins with an act.
func (f *fold) explain(holder, unknown event.Agency) {
	n := len(f.cuts)
	if n == 0 || f.cuts[n-1].Phase != Wait || f.cuts[n-1].Holder != unknown {
		return
	}
	wait := f.cuts[n-1]
	f.cuts = f.cuts[:n-1]
	wait.Holder = holder
	f.append(wait)
}
