package baseline_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"dwell/dashboards/verdict/baseline"
	"dwell/ingest/place"
)

// traffic is how many events come in an hour, by its local time.
type traffic func(local time.Time) int64

func busy(time.Time) int64 { return 20 }

// small is a BCP that works on weekdays from 6 to 20, with six events an hour, and reports no closing.
func small(local time.Time) int64 {
	if d := local.Weekday(); d == time.Saturday || d == time.Sunday || local.Hour() < 6 || local.Hour() >= 20 {
		return 0
	}
	return 6
}

// daily is open from 8 to 18, by its calendar too.
func daily(local time.Time) int64 {
	if local.Hour() < 8 || local.Hour() >= 18 {
		return 0
	}
	return 20
}

// without is traffic with a hole of so many hours, from so many hours before its end.
func (tr traffic) without(end time.Time, before, hours int) traffic {
	from := end.Add(-time.Duration(before) * time.Hour)
	return func(local time.Time) int64 {
		if !local.Before(from) && local.Before(from.Add(time.Duration(hours)*time.Hour)) {
			return 0
		}
		return tr(local)
	}
}

func zone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return z
}

// remembered is the hours with events of so many weeks of traffic before now.
func remembered(z *time.Location, tr traffic, weeks int, now time.Time) (all []baseline.Hour) {
	_, offset := now.In(z).Zone()
	begin := time.Duration(offset) * time.Second % time.Hour // of local hours in UTC
	for at := now.Add(begin).Truncate(time.Hour).Add(-begin); at.After(now.Add(-time.Duration(weeks) * 7 * 24 * time.Hour)); at = at.Add(-time.Hour) {
		if n := tr(at.In(z)); n > 0 {
			all = append(all, baseline.Hour{Start: at, N: n})
		}
	}
	return all
}

func TestToleratedSilence(t *testing.T) {
	var (
		kabul, warsaw = zone("Asia/Kabul"), zone("Europe/Warsaw")
		monday        = time.Date(2026, 3, 16, 12, 10, 0, 0, kabul)
		friday        = time.Date(2026, 3, 13, 23, 10, 0, 0, kabul)
		always        = func(z *time.Location) place.Place { return place.Place{Zone: z, SilentAfter: 3 * time.Hour} }
		daytime       = func(z *time.Location) place.Place {
			p := place.Place{Zone: z, SilentAfter: 3 * time.Hour, Calendar: &place.Calendar{}}
			for day := range p.Calendar.Days {
				p.Calendar.Days[day] = []place.Span{{Open: 8 * 60, Close: 18 * 60}}
			}
			return p
		}
		bound = func(p place.Place, after time.Duration) place.Place {
			p.SilentAfterIsMax, p.SilentAfter = true, after
			return p
		}
	)
	f := func(story string, p place.Place, tr traffic, weeks int, at time.Time, want time.Duration, learned bool) {
		t.Helper()
		h := baseline.Learn(&p, remembered(p.Zone, tr, weeks, at), at)
		if got, how := baseline.Tolerated(&p, h, at); got != want || how != learned {
			t.Errorf("%s: %v, learned %v; want %v, %v", story, got, how, want, learned)
		}
	}
	const week = 7 * 24

	f("a busy round-the-clock BCP is unknown after an hour at Monday noon", always(kabul), busy, 12, monday, time.Hour, true)
	f("at a small BCP it takes two", always(kabul), small, 12, monday, 2*time.Hour, true)
	// The last hour with events leaves a gap of 22 minutes, and it is silent until one o'clock: twice 5 h 22 min.
	f("on a Friday night the same silence is usual there", always(kabul), small, 12, friday, 11*time.Hour, true)
	f("on a Sunday it is used to longer ones", always(kabul), small, 12, friday.AddDate(0, 0, 2), 107*time.Hour, true)
	f("and at the busy BCP it is not", always(kabul), busy, 12, friday, time.Hour, true)

	f("a BCP without history falls back to the places file", always(kabul), busy, 0, monday, 3*time.Hour, false)
	f("three weeks are no baseline", always(kabul), busy, 3, monday, 3*time.Hour, false)
	f("four are", always(kabul), busy, 5, monday, time.Hour, true)

	f("nine days of outage teach nothing", always(kabul), traffic(busy).without(monday, 20*24, 9*24), 12, monday, time.Hour, true)
	f("nor do two nights of Friday in eight weeks", always(kabul),
		traffic(busy).without(friday, week+5, 12).without(friday, 3*week+5, 12), 12, friday, time.Hour, true)
	f("three count as a baseline", always(kabul),
		traffic(busy).without(friday, week+5, 12).without(friday, 3*week+5, 12).without(friday, 4*week+5, 12), 12, friday, 13*time.Hour, true)
	f("of an outage of five weeks one counts", always(kabul), traffic(busy).without(monday, 6*week-2, 5*week), 12, monday, time.Hour, true)
	f("after one of six too little is known", always(kabul), traffic(busy).without(monday, 7*week, 6*week), 12, monday, 3*time.Hour, false)
	f("the silence that goes on does not excuse itself", always(kabul), traffic(busy).without(monday, 30, 31), 12, monday, time.Hour, true)

	f("a promised silent_after bounds the baseline", bound(always(kabul), 6*time.Hour), small, 12, friday, 6*time.Hour, false)
	f("but a baseline may be stricter", bound(always(kabul), 6*time.Hour), busy, 12, friday, time.Hour, true)

	noon := time.Date(2026, 3, 16, 12, 10, 0, 0, warsaw)
	f("a BCP that closes is unknown after an hour at noon", daytime(warsaw), daily, 12, noon, time.Hour, true)
	f("five hours after it closed, its silence may have begun an hour before, and last to the end of this hour",
		daytime(warsaw), daily, 12, noon.Add(11*time.Hour), 7*time.Hour, true)
	f("when it opens, the night counts as nothing", daytime(warsaw), daily, 12, noon.Add(20*time.Hour), 15*time.Hour, true)
	f("an hour later events must come", daytime(warsaw), daily, 12, noon.Add(21*time.Hour), time.Hour, true)
	f("nor does the night count before there is a baseline", daytime(warsaw), daily, 1, noon.Add(20*time.Hour), 16*time.Hour, false)
	f("unless the file says so", bound(daytime(warsaw), 3*time.Hour), daily, 1, noon.Add(20*time.Hour), 3*time.Hour, false)

	f("the night in which clocks go back is an hour longer", daytime(warsaw), daily, 12,
		time.Date(2026, 3, 29, 8, 10, 0, 0, warsaw).AddDate(0, 7, -4), 16*time.Hour, true) // 25 October
	f("the one in which they go forward is not held shorter", daytime(warsaw), daily, 12,
		time.Date(2026, 3, 29, 8, 10, 0, 0, warsaw), 15*time.Hour, true)
	f("an hour that was skipped in one of the weeks is no baseline", always(warsaw), busy, 12,
		time.Date(2026, 4, 12, 2, 10, 0, 0, warsaw), time.Hour, true)
	f("nor is one that came twice", always(warsaw), busy, 12, time.Date(2026, 11, 8, 2, 10, 0, 0, warsaw), time.Hour, true)
	f("in the hour that comes twice", always(warsaw), busy, 12, time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC), time.Hour, true)
	f("right after the skipped one", always(warsaw), busy, 12, time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC), time.Hour, true)
}
