package query

import (
	"time"

	"dwell/dashboards/overview"
	"dwell/metrics/calendar"
)

// periodDays are the days of a period at places that have begun.
type periodDays struct {
	days, unknown int
	// reason is why the unknown ones are: Stale if any is.
	reason overview.Reason
	// endUnknown says that the last one of some place is unknown, and so are the trucks inside at the end.
	endUnknown bool
}

// knownDays counts the known days of periods, which follow each other. What was seen from the date before on counts.
func knownDays(members []*member, before calendar.Date, periods []calendar.Period, now time.Time) []periodDays {
	all := make([]periodDays, len(periods))
	for _, m := range members {
		seen := time.Time{} // the end of the last day that has a row
		for d := before; d < periods[0].From; d++ {
			if m.seen[d] {
				seen = m.midnight(d + 1)
			}
		}
		for i, p := range periods {
			lastUnknown := false
			for d := p.From; d < p.Until; d++ {
				start, end := m.midnight(d), m.midnight(d+1)
				if start.After(now) {
					break
				}
				if !start.Before(end) { // the clocks of the place jump over this date
					continue
				}
				if m.seen[d] {
					seen = end
				}
				until := end
				if until.After(now) {
					until = now
				}
				tolerated, _ := m.known.silence(until.Add(-time.Minute))
				lastUnknown = until.Sub(seen) > tolerated
				all[i].add(lastUnknown, m.silent)
			}
			all[i].endUnknown = all[i].endUnknown || lastUnknown
		}
	}
	return all
}

func (p *periodDays) add(unknown bool, reason overview.Reason) {
	p.days++
	if !unknown {
		return
	}
	p.unknown++
	if p.reason == "" || reason == overview.Stale {
		p.reason = reason
	}
}

// fill says what the window of the period holds: row is of the known days.
func (p *periodDays) fill(w *overview.Window, row *past, inside int64, count bool) {
	w.Days, w.UnknownDays = &p.days, &p.unknown
	switch {
	case p.days == 0:
		w.Status, w.Reason = overview.Unknown, overview.Future
		return
	case p.unknown == p.days:
		w.Status, w.Reason = overview.Unknown, p.reason
		return
	}
	w.Status = overview.OK
	fill(w, row, inside, count)
	if p.unknown > 0 {
		w.Status, w.Reason = overview.Partial, p.reason
	}
	if p.endUnknown {
		w.Inside = nil
	}
}
