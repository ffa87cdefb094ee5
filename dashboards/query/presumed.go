package query

import (
	"cmp"
	"math"
	"slices"
	"time"

	"dwell/dashboards/overview"
	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/hours"
	"dwell/metrics/presume"
	"dwell/metrics/visit"
)

// Presume puts presumptions in force. It may be called while others ask.
func (s *Source) Presume(p *presume.InForce) {
	s.presumed.Store(p)
	s.border.Wake()
}

// Held are the trucks inside a BCP in a direction now, of what shards know of it.
func (s *Source) Held(b event.BCP, d event.Direction, of *engine.PlaceOverview) []presume.Held {
	return s.heldAt(s.now(), b, d, of)
}

func (s *Source) heldAt(now time.Time, b event.BCP, d event.Direction, of *engine.PlaceOverview) []presume.Held {
	return s.presumed.Load().Table.Inside(b, d, &of.Inside[d], s.hours(b, of.Openings), now.UnixMilli())
}

// hours are those of a BCP as far as is known; they are shared.
func (s *Source) hours(b event.BCP, known *hours.Hours) *hours.Hours {
	return cmp.Or(known, s.calendars[b])
}

// heldNow are the trucks inside a BCP by holder, in the order of phases and names.
func (s *Source) heldNow(now time.Time, b event.BCP, of *engine.PlaceOverview) []overview.Held {
	var both []presume.Held
	for d := range of.Inside {
		both = append(both, s.heldAt(now, b, event.Direction(d), of)...)
	}
	all := []overview.Held{}
	for _, h := range presume.Sum(both) {
		one := overview.Held{Phase: h.Phase.String(), Holder: s.voc.HolderName(h.Holder), Trucks: int64(h.Trucks)}
		if h.Presumed {
			one.Presumed = &overview.Presumed{}
			if h.Learned {
				waits := int64(h.Waits)
				one.Presumed.Share, one.Presumed.Waits = rounded(h.Share()), &waits
			}
			if second, share := h.Second(); second != event.NoAgency {
				one.Presumed.Second, one.Presumed.SecondShare = s.voc.HolderName(second), rounded(share)
			}
		}
		all = append(all, one)
	}
	slices.SortStableFunc(all, func(a, b overview.Held) int {
		return cmp.Or(comparePhases(a.Phase, b.Phase), cmp.Compare(a.Holder, b.Holder))
	})
	return all
}

// waits are when waits must have begun to be in each class of age at an instant. A list asks about hundreds of trucks at few places, and each
// answer is a walk through the hours of many days.
type waits struct {
	now   int64
	since map[waitingAt][]int64
}

type waitingAt struct {
	bcp       event.BCP
	direction event.Direction
}

func (s *Source) waitsNow() *waits { return &waits{s.now().UnixMilli(), map[waitingAt][]int64{}} }

func (w *waits) at(s *Source, b event.BCP, d event.Direction) []int64 {
	since, known := w.since[waitingAt{b, d}]
	if !known {
		since = presume.Since(d, s.hours(b, s.border.Overview().Places[b].Openings), w.now)
		w.since[waitingAt{b, d}] = since
	}
	return since
}

// presumeOpen sets the presumed holder of a visit whose open segment has an unknown one.
func (s *Source) presumeOpen(v *overview.Visit, facts []byte, w *waits) error {
	b, d, err := s.codes(v.Place, v.Direction)
	if err != nil {
		return err
	}
	of, err := visit.ParseFacts(facts, b, s.voc)
	if err != nil || len(of.Facts()) == 0 {
		return nil // as of an agency that is not configured any more: its holder stays unknown
	}
	channel, _ := event.ParseChannel([]byte(v.Channel))
	p := s.presumed.Load().Table.Waiting(b, d, presume.KeyAt(of.Facts(), channel), w.at(s, b, d), v.Open.Since.UnixMilli())
	if p.Basis == presume.Nothing {
		return nil
	}
	v.Open.Holder, v.Open.Presumed = s.voc.HolderName(p.Holder), &overview.Presumed{}
	if p.Basis != presume.Procedure {
		waits := int64(p.Waits)
		v.Open.Presumed.Share, v.Open.Presumed.Waits = rounded(p.Share), &waits
	}
	if p.Second != event.NoAgency {
		v.Open.Presumed.Second, v.Open.Presumed.SecondShare = s.voc.HolderName(p.Second), rounded(p.SecondShare)
	}
	return nil
}

// presumption is the record of a BCP.
func (s *Source) presumption(b event.BCP) overview.Presumption {
	p := s.presumed.Load()
	out := overview.Presumption{Calibration: []overview.Calibration{}}
	if p.Learned.IsZero() {
		return out
	}
	learned := p.Learned.UTC()
	out.Learned = &learned
	r := p.Records[b]
	out.Visits, out.Seconds = int64(r.Visits), float64(r.Ms+r.UnknownMs)/1000
	if out.Seconds == 0 {
		return out
	}
	share := func(part, all int64) *float64 { return rounded(float64(part) / float64(all)) }
	out.Right, out.FirstTwo = share(r.RightMs, r.Ms+r.UnknownMs), share(r.RightMs+r.SecondMs, r.Ms+r.UnknownMs)
	for i, t := range r.Tenths {
		if t.Ms > 0 {
			out.Calibration = append(out.Calibration, overview.Calibration{
				From: float64(i) / 10, Seconds: float64(t.Ms) / 1000, Said: *share(t.SaidMs, t.Ms), Right: *share(t.RightMs, t.Ms),
			})
		}
	}
	return out
}

// rounded is a share to a thousandth, so that what differs by less is no change.
func rounded(share float64) *float64 {
	r := math.Round(share*1000) / 1000
	return &r
}

var phaseOrder = []string{visit.Wait.String(), visit.Service.String(), visit.Hold.String(), visit.Exit.String()}

func comparePhases(a, b string) int {
	return cmp.Compare(slices.Index(phaseOrder, a), slices.Index(phaseOrder, b))
}
