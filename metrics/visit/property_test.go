package visit

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"dwell/ingest/event"
)

// anyFact draws a fact from few values, so that facts often coincide: 30 instants, 40 keys, two agencies, two kinds.
func anyFact(v *event.Vocabulary) *rapid.Generator[Fact] {
	police, _ := v.Agency([]byte("border_police"))
	agencies := []event.Agency{v.Customs, police}
	return rapid.Custom(func(t *rapid.T) Fact {
		f := Fact{
			Key:  rapid.Uint64Range(1, 40).Draw(t, "key"),
			Time: rapid.Int64Range(0, 29).Draw(t, "time"),
			Type: rapid.SampledFrom(event.Types()[:event.TruckDeparted]).Draw(t, "type"),
			dims: packDims(event.Inbound, 0, 0),
		}
		if f.Type.HasAgency() {
			f.Agency = rapid.SampledFrom(agencies).Draw(t, "agency")
		}
		if f.Type == event.InspectionStarted || f.Type == event.InspectionCompleted {
			f.data = packInspection(rapid.SampledFrom([]event.InspectionKind{event.Document, event.Scan}).Draw(t, "kind"),
				rapid.SampledFrom([]event.Result{event.NoResult, event.Conformant, event.NonConformant}).Draw(t, "result"))
		}
		if f.Type.HasHold() {
			f.data = rapid.SampledFrom([]uint32{0, 0, uint32(event.Scan), 9}).Draw(t, "hold")
		}
		if rapid.IntRange(0, 20).Draw(t, "retract") == 0 {
			return Fact{Key: f.Key, Type: event.EventRetracted}
		}
		return f
	})
}

// oracle applies the table in holder.go to one instant at a time, each time to all the facts.
type oracle struct {
	facts []Fact
	rules Rules
}

// holder returns the phase and the holder at t.
func (o oracle) holder(t, departed Time) (Phase, event.Agency) {
	var released bool
	type open struct {
		since  Time
		agency event.Agency
	}
	var inspections, holds []open
	seen := map[identity]bool{}
	for _, f := range o.facts {
		if f.Type == event.TruckReleased && f.Time <= t {
			released = true
		}
		if !f.Type.HasAgency() || seen[identityOf(f)] {
			continue
		}
		seen[identityOf(f)] = true
		since, is := o.open(f, t)
		switch {
		case !is:
		case f.Kind() == event.NoKind:
			holds = append(holds, open{since, f.Agency})
		default:
			inspections = append(inspections, open{since, f.Agency})
		}
	}
	earliest := func(a, b open) int { return cmp.Or(cmp.Compare(a.since, b.since), cmp.Compare(a.agency, b.agency)) }
	switch {
	case released:
		return Exit, o.rules.Carrier
	case len(inspections) > 0:
		return Service, slices.MinFunc(inspections, earliest).agency
	case len(holds) > 0:
		return Hold, slices.MinFunc(holds, earliest).agency
	}
	for u := t + 1; u <= 30 && (departed == None || u <= departed); u++ {
		if a := o.actor(u); a != event.NoAgency {
			return Wait, a
		}
	}
	return Wait, o.rules.Unknown
}

// identity distinguishes inspections and holds of a visit.
type identity struct {
	agency event.Agency
	kind   event.InspectionKind
	hold   uint32
}

func identityOf(f Fact) identity { return identity{f.Agency, f.Kind(), f.Hold()} }

// open reports whether the inspection or hold that f belongs to is in progress at t, and since when.
func (o oracle) open(f Fact, t Time) (since Time, is bool) {
	for u := Time(0); u <= t; u++ {
		begins, ends := false, false
		for _, g := range o.facts {
			if g.Time == u && identityOf(g) == identityOf(f) {
				switch g.Type {
				case event.InspectionStarted, event.HoldPlaced:
					begins = true
				case event.InspectionCompleted, event.HoldLifted:
					ends = true
				}
			}
		}
		switch {
		case begins && ends && is:
			since = u
		case begins && !ends && !is:
			since, is = u, true
		case ends && !begins:
			is = false
		}
	}
	return since, is
}

// actor returns the agency that acts at u, NoAgency if none does.
func (o oracle) actor(u Time) event.Agency {
	for _, types := range [][]event.Type{
		{event.InspectionStarted},
		{event.ChannelAssigned, event.TruckReleased, event.ClearanceRefused},
		{event.DeclarationLodged, event.PaymentConfirmed},
		{event.HoldPlaced},
		{event.InspectionCompleted},
		{event.HoldLifted},
		{event.TruckDeparted},
	} {
		least := event.Agency(0)
		for _, f := range o.facts {
			if f.Time != u || !slices.Contains(types, f.Type) {
				continue
			}
			a := f.Agency
			switch types[0] {
			case event.ChannelAssigned:
				a = o.rules.Customs
			case event.DeclarationLodged:
				a = o.rules.Trader
			case event.TruckDeparted:
				a = o.rules.Carrier
			case event.InspectionCompleted, event.HoldLifted:
				if _, before := o.open(f, u-1); before || o.begins(f, u) {
					continue
				}
			}
			if least == 0 || a < least {
				least = a
			}
		}
		if least != 0 {
			return least
		}
	}
	return event.NoAgency
}

// begins reports whether the inspection or hold that f belongs to begins at u.
func (o oracle) begins(f Fact, u Time) bool {
	return slices.ContainsFunc(o.facts, func(g Fact) bool {
		return g.Time == u && identityOf(g) == identityOf(f) &&
			(g.Type == event.InspectionStarted || g.Type == event.HoldPlaced)
	})
}

// alternatingHours are closed for three milliseconds and then open for three.
type alternatingHours struct{}

func closedAt(at Time) bool { return at/3%2 == 0 }

func (alternatingHours) Closed(_ event.BCP, _ event.Direction, from, to Time) (ms int64) {
	for ; from < to; from++ {
		if closedAt(from) {
			ms++
		}
	}
	return ms
}

func TestEveryInstantHasTheHolderOfTheTable(t *testing.T) {
	v := vocabulary(t)
	rules := RulesOf(v)
	rules.Hours = alternatingHours{}
	rapid.Check(t, func(t *rapid.T) {
		facts := rapid.SliceOfN(anyFact(v), 1, 25).Draw(t, "facts")
		arrival := Fact{Key: 100, Time: rapid.Int64Range(0, 10).Draw(t, "arrived"), Type: event.TruckArrived, dims: packDims(event.Inbound, 0, 0)}
		var visit Visit
		for _, f := range append(facts, arrival) {
			visit.Apply(f)
		}
		var s State
		rules.Derive(&visit, &s)
		if s.Fault != Sound {
			if len(s.Segments) > 0 || s.Phase != NoPhase {
				t.Fatalf("a visit with fault %s has segments", s.Fault)
			}
			return
		}
		o := oracle{visit.Facts(), rules}
		end := s.Departed
		if end == None {
			end = s.Last + 1
		}
		at := s.Arrived
		var release, crossing int64
		for i, g := range append(slices.Clone(s.Segments), Segment{Phase: s.Phase, Holder: s.Holder, Start: s.Since, End: end}) {
			if g.Phase == NoPhase {
				continue
			}
			var closed int64
			if g.Start != at || g.End <= g.Start {
				t.Fatalf("segment %+v does not begin at %d, where the one before ended", g, at)
			}
			for ; at < g.End; at++ {
				if p, holder := o.holder(at, s.Departed); p != g.Phase || holder != g.Holder {
					t.Fatalf("at %d: %s/%s, the table says %s/%s; facts %+v", at, g.Phase, v.HolderName(g.Holder), p, v.HolderName(holder), visit.Facts())
				}
				if closedAt(at) {
					closed++
					if at < s.Released {
						release++
					}
					if s.Departed != None {
						crossing++
					}
				}
			}
			if i < len(s.Segments) && g.Closed != closed {
				t.Fatalf("segment %+v was closed for %d ms", g, closed)
			}
		}
		if s.ReleaseClosed != release || s.CrossingClosed != crossing {
			t.Fatalf("closed for %d ms before the release and %d ms before the departure, want %d and %d", s.ReleaseClosed, s.CrossingClosed, release, crossing)
		}
		if at != end {
			t.Fatalf("segments end at %d, want %d", at, end)
		}
		for i := 1; i < len(s.Segments); i++ {
			if a, b := s.Segments[i-1], s.Segments[i]; a.Phase == b.Phase && a.Holder == b.Holder {
				t.Fatalf("segments %+v and %+v should be one", a, b)
			}
		}
	})
}

func TestAdvanceEqualsDerive(t *testing.T) {
	v := vocabulary(t)
	rules := RulesOf(v)
	rules.Hours = alternatingHours{}
	rapid.Check(t, func(t *rapid.T) {
		facts := rapid.SliceOfN(anyFact(v), 1, 25).Draw(t, "facts")
		if rapid.Bool().Draw(t, "in order") {
			slices.SortStableFunc(facts, func(a, b Fact) int { return cmp.Compare(a.Time, b.Time) })
		}
		for i := range facts {
			if rapid.IntRange(0, 40).Draw(t, "inconsistent") == 0 {
				facts[i].dims = packDims(event.Outbound, 0, 0)
			}
			if facts[i].Type == event.ChannelAssigned {
				facts[i].dims |= packDims(0, event.Channel(rapid.IntRange(0, 4).Draw(t, "channel")), 0)
			}
		}
		var visit Visit
		var advanced State
		rules.Derive(&visit, &advanced)
		for i, f := range facts {
			if !visit.Apply(f) {
				continue
			}
			rules.Advance(&visit, &advanced)
			var derived State
			rules.Derive(&visit, &derived)
			got, want := advanced.Summary(), derived.Summary()
			if !slices.Equal(got.Segments, want.Segments) {
				t.Fatalf("after fact %d of %+v: segments %+v, want %+v", i, facts, got.Segments, want.Segments)
			}
			got.Segments, want.Segments = nil, nil
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("after fact %d of %+v: %+v, want %+v", i, facts, got, want)
			}
		}
	})
}

func TestVisitIsASetOfFacts(t *testing.T) {
	v := vocabulary(t)
	rapid.Check(t, func(t *rapid.T) {
		facts := rapid.SliceOfN(anyFact(v), 0, 20).Draw(t, "facts")
		var a, b Visit
		for _, f := range facts {
			a.Apply(f)
		}
		for _, f := range rapid.Permutation(append(slices.Clone(facts), facts...)).Draw(t, "order") {
			b.Apply(f)
		}
		for _, f := range facts {
			if b.Apply(f) {
				t.Fatalf("applying fact %+v again changed the visit", f)
			}
		}
		if !slices.Equal(a.facts, b.facts) || !slices.Equal(a.retracted, b.retracted) {
			t.Fatalf("%+v and %+v differ", a, b)
		}
	})
}

func TestFactsRoundTripThroughTheirEncoding(t *testing.T) {
	v := vocabulary(t)
	rapid.Check(t, func(t *rapid.T) {
		var a Visit
		for _, f := range rapid.SliceOfN(anyFact(v), 0, 20).Draw(t, "facts") {
			a.Apply(f)
		}
		stored := a.AppendFacts(nil, v)
		b, err := ParseFacts(stored, 1, v)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(a.facts, b.facts) || !slices.Equal(a.retracted, b.retracted) {
			t.Fatalf("%+v came back as %+v", a, b)
		}
		cut := rapid.IntRange(0, len(stored)-1).Draw(t, "cut")
		if _, err := ParseFacts(stored[:cut], 1, v); err == nil {
			t.Fatalf("no error for %d of %d bytes", cut, len(stored))
		}
	})
}

func FuzzParseFacts(f *testing.F) {
	v := vocabulary(f)
	var visit Visit
	for _, fact := range parseStory(f, v, `arrived 08:00; inspection customs 08:30-08:50; released 09:10; not 2`) {
		visit.Apply(fact)
	}
	f.Add(visit.AppendFacts(nil, v))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := ParseFacts(data, 1, v)
		if err != nil {
			return
		}
		again, err := ParseFacts(got.AppendFacts(nil, v), 1, v)
		if err != nil || !reflect.DeepEqual(got, again) {
			t.Fatalf("%+v came back as %+v, %v", got, again, err)
		}
	})
}

func TestErrorNamesAnUnknownAgencyAndTheWayOut(t *testing.T) {
	v := vocabulary(t)
	var visit Visit
	for _, f := range parseStory(t, v, `arrived 08:00; inspection transport 08:30-08:50`) {
		visit.Apply(f)
	}
	fewer, err := event.NewVocabulary([]string{"AF-NAN-TORKHAM"}, []string{"customs"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = ParseFacts(visit.AppendFacts(nil, v), 1, fewer)
	if err == nil || !strings.Contains(err.Error(), `"transport", which is not configured: add it to the agencies of the places file, or `) || !strings.Contains(err.Error(), "dwell recount") {
		t.Fatalf("error %v does not name the agency and the way out", err)
	}
}
