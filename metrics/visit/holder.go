package visit

import (
	"dwell/ingest/event"
)

// Who has the truck at instant t? The first line that fits:
//
//	1  released at or before t                    exit, carrier
//	2  inspections begun and not completed        service, the agency whose began first (ties: agency code)
//	3  holds placed and not lifted                hold, the agency that placed the first (ties: agency code)
//	4  a later fact of this visit acts            wait, by the next that acts (see actor)
//	5  none yet                                   wait, unknown; known as soon as the next fact arrives
//
// An inspection is known by its agency and kind, a hold by its agency: beginning what has begun changes nothing. Where
// one ends and begins in the same millisecond, it goes on if it had begun before, and took no time if it had not.
// The split between agencies, trader and carrier is that of the WCO Time Release Study; the precedence is dwell's own.

// cut fills the segments of a sound visit, and of an open one who has the truck now.
func (r Rules) cut(facts []Fact, s *State) {
	end := s.Departed
	if end == None {
		end = s.Last
	}
	var (
		busy  = begun{open: s.busy}
		from  = s.Arrived
		phase Phase
		who   event.Agency
	)
	for i := 0; i < len(facts) && facts[i].Time <= end; {
		at := facts[i].Time
		j := i
		for j < len(facts) && facts[j].Time == at {
			j++
		}
		next := r.actor(facts[i:j], &busy)
		if at > from && phase != NoPhase {
			s.append(phase, who, from, at)
			from = at
		}
		if next != event.NoAgency {
			s.explain(next, r.Unknown)
		}
		busy.change(facts[i:j])
		if at >= s.Arrived {
			phase, who = r.holder(at, s, &busy)
		}
		i = j
	}
	s.busy = busy.open[:0]
	if s.Departed != None {
		return
	}
	s.Phase, s.Holder, s.Since = phase, who, from
	if n := len(s.Segments); n > 0 && s.Segments[n-1].Phase == phase && s.Segments[n-1].Holder == who {
		// The stretch that is still open began with the last segment; nothing of it is known for good.
		s.Since = s.Segments[n-1].Start
		s.Segments = s.Segments[:n-1]
	}
}

// holder is the table's lines 1, 2, 3 and 5; line 4 is told later, by explain.
func (r Rules) holder(at Time, s *State, busy *begun) (Phase, event.Agency) {
	if s.Released != None && s.Released <= at {
		return Exit, r.Carrier
	}
	if a := busy.first(true); a != event.NoAgency {
		return Service, a
	}
	if a := busy.first(false); a != event.NoAgency {
		return Hold, a
	}
	return Wait, r.Unknown
}

// actor is whom a truck that waited until these simultaneous facts was waiting for; NoAgency if none of them acts.
// Facts come ordered by type, which is the order in which simultaneous ones are asked.
func (r Rules) actor(facts []Fact, before *begun) event.Agency {
	for _, f := range facts {
		switch f.Type {
		case event.InspectionStarted, event.HoldPlaced:
			return f.Agency
		case event.ChannelAssigned, event.TruckReleased, event.ClearanceRefused:
			return r.Customs
		case event.DeclarationLodged, event.PaymentConfirmed:
			return r.Trader
		case event.InspectionCompleted, event.HoldLifted:
			if !before.has(f) && !beginsIn(facts, f) { // its beginning was lost
				return f.Agency
			}
		case event.TruckDeparted:
			return r.Carrier
		}
	}
	return event.NoAgency
}

// append adds a segment, or prolongs the last one.
func (s *State) append(p Phase, who event.Agency, start, end Time) {
	if n := len(s.Segments); n > 0 && s.Segments[n-1].Phase == p && s.Segments[n-1].Holder == who {
		s.Segments[n-1].End = end
		return
	}
	s.Segments = append(s.Segments, Segment{Phase: p, Holder: who, Start: start, End: end})
}

// explain charges the wait that nobody had explained to the one who acts now. Only the last segment can be such a
// wait: whatever follows a wait begins with somebody acting.
func (s *State) explain(who, unknown event.Agency) {
	n := len(s.Segments)
	if n == 0 || s.Segments[n-1].Phase != Wait || s.Segments[n-1].Holder != unknown {
		return
	}
	wait := s.Segments[n-1]
	s.Segments = s.Segments[:n-1]
	s.append(Wait, who, wait.Start, wait.End)
}
