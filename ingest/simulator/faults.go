package simulator

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Faults are the faults between a post and Kafka. The zero value has none.
type Faults struct {
	// Late is the share of events delivered two minutes to six hours late, and so out of order.
	Late float64
	// Duplicate is the share of events sent again, up to two hours later, with the same id and source.
	Duplicate float64
	// Retract is the share of a visit's events at which a wrong event is sent and retracted within six hours: either an
	// additional event that did not happen, or this event with a wrong time, which is sent again with the right one.
	Retract float64
	// Lost is the share of a visit's events that never arrive; the truth of such a visit says so.
	Lost float64
	// Cut is how long one post is offline; it then delivers all its events at once.
	Cut time.Duration
	// Skew is the clock error of one post: it drifts between that much ahead and that much behind, once a day. What that
	// post writes, and so the truth of its visits, is in the time of its clock.
	Skew time.Duration
}

// MaxSkew is how far ahead of Kafka's own clock an event may be without being refused.
const MaxSkew = 5 * time.Minute

// ParseFaults reads a list such as "late=10%,duplicate=2%,retract=0.5%,lost=0.1%,cut=12h,skew=5m"; the empty list has no
// faults. An error names the key and the value.
func ParseFaults(list string) (Faults, error) {
	var f Faults
	if list == "" {
		return f, nil
	}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(list, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if seen[key] {
			return Faults{}, fmt.Errorf("faults: %q is given twice", key)
		}
		seen[key] = true
		var err error
		switch key {
		case "late":
			f.Late, err = parsePercentage(value)
		case "duplicate":
			f.Duplicate, err = parsePercentage(value)
		case "retract":
			f.Retract, err = parsePercentage(value)
		case "lost":
			f.Lost, err = parsePercentage(value)
		case "cut":
			f.Cut, err = parseLength(value)
		case "skew":
			if f.Skew, err = parseLength(value); err == nil && f.Skew > MaxSkew {
				err = fmt.Errorf("%q is more than the %v that Kafka's clock allows", value, MaxSkew)
			}
		default:
			return Faults{}, fmt.Errorf("faults: %q is not supported; use late, duplicate, retract, lost, cut or skew", key)
		}
		if err != nil {
			return Faults{}, fmt.Errorf("faults: %s: %w", key, err)
		}
	}
	return f, nil
}

func parsePercentage(s string) (float64, error) {
	number, percent := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || !percent || !(0 <= v && v <= 100) {
		return 0, fmt.Errorf("%q is not a percentage such as \"10%%\"", s)
	}
	return v / 100, nil
}

func parseLength(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a duration such as \"12h\"", s)
	}
	return d, nil
}
