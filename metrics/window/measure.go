package window

import (
	"fmt"
	"strings"

	"dwell/ingest/event"
	"dwell/metrics/visit"
)

// Measure is what a window measures: a count, a time, or the time of segments with one phase and holder.
type Measure uint16

// A segment's measure has bit 15 set, the phase in bits 12 to 14 and the holder in the rest.
const (
	segmentBit   Measure = 1 << 15
	phaseShift           = 12
	maxHolder            = 1<<phaseShift - 1
	holderMask   Measure = maxHolder
	phaseBits    Measure = 7
	incomplete           = "incomplete/"
	inconsistent         = "inconsistent/"
)

// OfSegment is the measure of segments of this phase and holder.
func OfSegment(p visit.Phase, holder event.Agency) Measure {
	return segmentBit | Measure(p)<<phaseShift | Measure(holder)&holderMask
}

// OfFault is the count of visits with this fault.
func OfFault(f visit.Fault) Measure { return faults + Measure(f) }

// Segment returns the phase and holder of a segment's measure.
func (m Measure) Segment() (p visit.Phase, holder event.Agency, ok bool) {
	return visit.Phase(m >> phaseShift & phaseBits), event.Agency(m & holderMask), m&segmentBit != 0
}

// IsTime reports whether the measure has a sum and a sketch; the others only count.
func (m Measure) IsTime() bool {
	return m&segmentBit != 0 || m < faults && timed[m]
}

// timed marks the definitions that are times: IsTime runs for every counted number, and comparing kinds takes longer.
var timed = func() (times [faults]bool) {
	for m, d := range definitions {
		times[m] = d.Kind == Time
	}
	return times
}()

// Name is the measure's name in tables and in the API: "release_time", "wait/customs", "incomplete/no_arrival".
func (m Measure) Name(v *event.Vocabulary) string {
	if p, holder, ok := m.Segment(); ok {
		return p.String() + "/" + v.HolderName(holder)
	}
	if m < faults {
		return definitions[m].Name
	}
	f := visit.Fault(m - faults)
	if f == visit.NoArrival {
		return incomplete + f.String()
	}
	return inconsistent + f.String()
}

// ParseMeasure reads a name.
func ParseMeasure(name string, v *event.Vocabulary) (Measure, error) {
	if m := measureOf(name); m != NoMeasure {
		return m, nil
	}
	for _, f := range visit.Faults() {
		if m := OfFault(f); m.Name(v) == name {
			return m, nil
		}
	}
	if phase, holder, ok := strings.Cut(name, "/"); ok {
		p, okPhase := visit.ParsePhase(phase)
		h, okHolder := v.Holder([]byte(holder))
		if okPhase && okHolder {
			return OfSegment(p, h), nil
		}
	}
	return NoMeasure, fmt.Errorf("measure %q is unknown", name)
}
