package hours

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dwell/ingest/event"
	"dwell/ingest/place"
)

var kabul = time.FixedZone("Asia/Kabul", 4*3600+1800)

// daily are the hours of every day of the week.
func daily(spans ...place.Span) *place.Calendar {
	c := &place.Calendar{}
	for d := range c.Days {
		c.Days[d] = spans
	}
	return c
}

var sevenThirtyToHalfPastThree = place.Span{Open: 7*60 + 30, Close: 15*60 + 30}

// parse reads "opened 5 06:10", a day of January 2026 and a local time, with "inbound" or "outbound" behind it or neither.
func parse(t testing.TB, story string, zone *time.Location, id int) event.Event {
	words := strings.Fields(story)
	at, err := time.ParseInLocation("2006-01 2 15:04", "2026-01 "+words[1]+" "+words[2], zone)
	if err != nil {
		t.Fatal(err)
	}
	e := event.Event{Type: event.BCPOpened, ID: fmt.Append(nil, id), Source: []byte("/post"), Time: at.UnixMilli(), BCP: 1}
	if words[0] == "closed" {
		e.Type = event.BCPClosed
	}
	if len(words) > 3 {
		e.Direction, _ = event.ParseDirection([]byte(words[3]))
	}
	return e
}

func TestWhenABCPIsOpen(t *testing.T) {
	nine := daily(sevenThirtyToHalfPastThree)
	for _, c := range []struct {
		name     string
		calendar *place.Calendar
		facts    string // one after another, by commas
		want     string // when it is open from the 5th to the 9th, inbound
	}{
		{"a BCP without a calendar is always open", nil, "", "5 00:00-9 00:00"},
		{"the calendar holds without events", nine, "", "5 07:30-15:30, 6 07:30-15:30, 7 07:30-15:30, 8 07:30-15:30"},
		{
			"a blockade lasts until the next reported opening, and then the calendar holds again", nine,
			"closed 5 10:00, opened 7 09:00", "5 07:30-10:00, 7 09:00-15:30, 8 07:30-15:30",
		},
		{
			"a round-the-clock BCP is blocked", nil,
			"closed 5 10:00, opened 7 09:00", "5 00:00-10:00, 7 09:00-9 00:00",
		},
		{
			"a post that tells every opening and closing is believed, overtime included", nine,
			"opened 5 07:41, closed 5 16:10, opened 6 06:58, closed 6 14:00, opened 7 07:30, closed 7 15:30, opened 8 08:00",
			"5 07:30-16:10, 6 06:58-14:00, 7 07:30-15:30, 8 08:00-15:30",
		},
		{
			"a closing that was lost costs no more than the calendar's", nine,
			"opened 5 07:00, opened 6 07:10, closed 6 18:00, closed 7 09:00, opened 8 07:00", "5 07:00-15:30, 6 07:10-18:00, 8 07:00-15:30",
		},
		{
			"an opening in the evening lasts through the night", nine,
			"opened 5 18:00, closed 6 11:00, opened 8 07:30", "5 07:30-15:30, 5 18:00-6 11:00, 8 07:30-15:30",
		},
		{
			"an opening at the instant of a closing takes away no overtime", nine,
			"opened 5 08:00, opened 5 17:48, closed 5 17:48", "5 07:30-17:48",
		},
		{
			"the way out may be closed while the way in is open", nil,
			"closed 5 10:00 outbound, closed 6 08:00 inbound, opened 7 12:00", "5 00:00-6 08:00, 7 12:00-9 00:00",
		},
		{"of a simultaneous opening and closing, the closing counts", nil, "closed 5 10:00, opened 5 10:00, opened 6 00:00", "5 00:00-10:00, 6 00:00-9 00:00"},
	} {
		h := New(c.calendar, kabul)
		for i, story := range strings.Split(c.facts, ", ") {
			if story != "" {
				e := parse(t, story, kabul, i)
				h.Apply(&e)
			}
		}
		var got []string
		open := time.Time{}
		end := time.Date(2026, 1, 9, 0, 0, 0, 0, kabul)
		for at := time.Date(2026, 1, 5, 0, 0, 0, 0, kabul); ; at = at.Add(time.Minute) {
			is := at.Before(end) && h.Open(event.Inbound, at.UnixMilli())
			switch {
			case is && open.IsZero():
				open = at
			case !is && !open.IsZero():
				until := at.Format("15:04")
				if at.Day() != open.Day() {
					until = at.Format("2 15:04")
				}
				got = append(got, open.Format("2 15:04")+"-"+until)
				open = time.Time{}
			}
			if !at.Before(end) {
				break
			}
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: open %s, want %s", c.name, s, c.want)
		}
	}
}

// A blockade is reported half a year after the one before it was over: nothing in between can change.
func TestChangeOfHoursHasTightBounds(t *testing.T) {
	h := New(daily(sevenThirtyToHalfPastThree), kabul)
	at := func(month time.Month, day, hour int) int64 {
		return time.Date(2026, month, day, hour, 0, 0, 0, kabul).UnixMilli()
	}
	const opened, closed = event.BCPOpened, event.BCPClosed
	fact := func(typ event.Type, id string, ms int64) *event.Event {
		return &event.Event{Type: typ, ID: []byte(id), Source: []byte("/post"), Time: ms, BCP: 1}
	}
	h.Apply(fact(opened, "1", at(1, 5, 9)))
	if got, want := h.Change(fact(closed, "2", at(7, 5, 10))), (Interval{at(7, 5, 10), Forever}); got != want {
		t.Errorf("a blockade changes %+v, want %+v", got, want)
	}
	overtime := at(1, 5, 18)
	if got, want := h.Change(fact(closed, "3", overtime)), (Interval{at(1, 5, 15) + 30*60_000, Forever}); got != want {
		t.Errorf("a late closing changes %+v, want %+v", got, want)
	}
}

// A source reports the closings of a year behind its readings, the latest first and each opening before its closing: none of them
// changes more than the time that it closes. A BCP that is open stays open, whoever says so.
func TestOpeningBeforeItsClosingChangesNoMoreThanTheClosedTime(t *testing.T) {
	const hour = 3600_000
	h := New(nil, kabul)
	for night := int64(365); night > 0; night-- {
		from, to := (24*night+22)*hour, (24*night+30)*hour
		opening := event.Event{Type: event.BCPOpened, ID: fmt.Append(nil, "o", night), Source: []byte("/queues"), Time: to, BCP: 1}
		if change := h.Change(&opening); !change.Empty() {
			t.Fatalf("the opening of night %d changes %+v, want nothing", night, change)
		}
		h.Apply(&opening)
		closing := event.Event{Type: event.BCPClosed, ID: fmt.Append(nil, "c", night), Source: []byte("/queues"), Time: from, BCP: 1}
		if got, want := h.Change(&closing), (Interval{from, to}); got != want {
			t.Fatalf("the closing of night %d changes %+v, want %+v", night, got, want)
		}
		h.Apply(&closing)
	}
	if got, want := h.Closed(event.Inbound, 0, 400*24*hour), int64(365*8*hour); got != want {
		t.Errorf("closed for %d hours, want %d", got/hour, want/hour)
	}
}

// What changes nothing is known from then on all the same: a closing after a closing holds once the first is retracted.
func TestFactWithoutEffectIsKept(t *testing.T) {
	h := New(nil, kabul)
	first := event.Event{Type: event.BCPClosed, ID: []byte("1"), Source: []byte("/post"), Time: 1000, BCP: 1}
	second := event.Event{Type: event.BCPClosed, ID: []byte("2"), Source: []byte("/post"), Time: 2000, BCP: 1}
	h.Apply(&first)
	if change := h.Change(&second); !change.Empty() {
		t.Errorf("a closing of a closed BCP changes %+v, want nothing", change)
	}
	h.Apply(&second)
	h.Apply(&event.Event{Type: event.EventRetracted, AboutPlace: true, ID: []byte("3"), RetractedID: first.ID, RetractedSource: first.Source})
	if got := h.Closed(event.Inbound, 0, 5000); got != 3000 {
		t.Errorf("closed for %d ms of five seconds, want 3000", got)
	}
}

// plain reports whether a BCP was open by the words of the package comment, looking at one minute after the other.
func plain(p *place.Place, all []event.Event, d event.Direction, at int64) bool {
	gone := map[string]bool{}
	for _, e := range all {
		if e.Type == event.EventRetracted {
			gone[string(e.RetractedID)] = true
		}
	}
	var facts []event.Event
	for _, e := range all {
		if e.Type != event.EventRetracted && !gone[string(e.ID)] && (e.Direction == event.NoDirection || e.Direction == d) {
			facts = append(facts, e)
		}
	}
	slices.SortStableFunc(facts, func(a, b event.Event) int {
		if a.Time != b.Time {
			return int(a.Time - b.Time)
		}
		return int(a.Type) - int(b.Type) // opened before closed
	})
	every := slices.Clone(facts)
	facts = slices.DeleteFunc(facts, func(e event.Event) bool {
		return e.Type == event.BCPOpened && slices.ContainsFunc(every, func(o event.Event) bool { return o.Type == event.BCPClosed && o.Time == e.Time })
	})
	byCalendar := func(ms int64) bool { return p.OpenAt(time.UnixMilli(ms)) }
	last := -1
	for i := range facts {
		if facts[i].Time <= at {
			last = i
		}
	}
	if last < 0 {
		return byCalendar(at)
	}
	if facts[last].Type == event.BCPClosed {
		return false
	}
	// The calendar's closing after the opening, and its opening after that, if there are any in two weeks.
	const far = 14 * 24 * 60
	minute := facts[last].Time
	walk := func(opens bool, from int64) int64 {
		was := byCalendar(from)
		for i := range int64(far) {
			ms := from + i*60_000
			is := byCalendar(ms)
			if is != was && is == opens {
				return ms
			}
			was = is
		}
		return Forever
	}
	closes := walk(false, minute)
	again := Forever
	if closes != Forever {
		again = walk(true, closes)
	}
	if at < closes {
		return true
	}
	if last+1 < len(facts) && facts[last+1].Type == event.BCPClosed && facts[last+1].Time < again {
		return true // at is before it
	}
	return byCalendar(at)
}

// anyCalendar draws a calendar, or none.
func anyCalendar(t *rapid.T) *place.Calendar {
	if rapid.Bool().Draw(t, "always open") {
		return nil
	}
	c := &place.Calendar{}
	for d := range c.Days {
		for at := 0; at < 24*60; {
			open := at + 30*rapid.IntRange(0, 48).Draw(t, "closed for")
			end := open + 30*rapid.IntRange(1, 30).Draw(t, "open for")
			if end > 24*60 {
				break
			}
			c.Days[d] = append(c.Days[d], place.Span{Open: open, Close: end})
			at = end
		}
	}
	return c
}

func TestAnyOrderGivesTheSameHours(t *testing.T) {
	santiago, err := time.LoadLocation("America/Santiago")
	if err != nil {
		t.Fatal(err)
	}
	zones := []*time.Location{kabul, time.UTC, santiago}
	rapid.Check(t, func(t *rapid.T) {
		p := &place.Place{Calendar: anyCalendar(t), Zone: rapid.SampledFrom(zones).Draw(t, "zone")}
		start := time.Date(2026, 9, 4, 12, 0, 0, 0, time.UTC).UnixMilli() // in Chile clocks jump in the night to the 6th
		const halfHours = 4 * 48
		var log []event.Event
		for i := range rapid.IntRange(0, 10).Draw(t, "facts") {
			e := event.Event{
				Type: rapid.SampledFrom([]event.Type{event.BCPOpened, event.BCPClosed}).Draw(t, "type"), ID: fmt.Append(nil, i), Source: []byte("/post"),
				Time:      start + 1_800_000*rapid.Int64Range(0, halfHours).Draw(t, "time"),
				Direction: event.Direction(rapid.IntRange(0, 2).Draw(t, "direction")),
			}
			log = append(log, e)
			if rapid.IntRange(0, 4).Draw(t, "retracted") == 0 {
				log = append(log, event.Event{Type: event.EventRetracted, AboutPlace: true, ID: fmt.Append(nil, "r", i), Source: e.Source, RetractedID: e.ID, RetractedSource: e.Source, RetractedTime: e.Time})
			}
			if rapid.IntRange(0, 4).Draw(t, "repeated") == 0 {
				log = append(log, e)
			}
		}
		log = rapid.Permutation(log).Draw(t, "order")
		h := New(p.Calendar, p.Zone)
		// Two shards have read as far as each other, of events that overlap: together they know all.
		cut := rapid.IntRange(0, len(log)).Draw(t, "cut")
		overlap := rapid.IntRange(0, cut).Draw(t, "overlap")
		first, merged := New(p.Calendar, p.Zone), New(p.Calendar, p.Zone)
		for i := range log[:cut] {
			first.Apply(&log[i])
		}
		for i := range log[cut-overlap:] {
			merged.Apply(&log[cut-overlap+i])
		}
		merged.Merge(first)
		open := func() (all [2][halfHours]bool) {
			for i := range halfHours {
				for d := range all {
					all[d][i] = h.Open(event.Direction(d+1), start+1_800_000*int64(i))
				}
			}
			return all
		}
		before := open()
		for i := range log {
			change := h.Change(&log[i])
			h.Apply(&log[i])
			after := open()
			for at := range halfHours {
				ms := start + 1_800_000*int64(at)
				for d := range after {
					if after[d][at] != before[d][at] && (ms < change.From || ms >= change.To) {
						t.Fatalf("half-hour %d changed, outside of %+v", at, change)
					}
				}
			}
			before = after
		}
		for d := event.Inbound; d <= event.Outbound; d++ {
			for i := range int64(halfHours) {
				if merged.Open(d, start+1_800_000*i) != h.Open(d, start+1_800_000*i) {
					t.Fatalf("half-hour %d %s: open %v where two shards are merged", i, d, merged.Open(d, start+1_800_000*i))
				}
				if got, want := h.Open(d, start+1_800_000*i), plain(p, log, d, start+1_800_000*i); got != want {
					t.Fatalf("%s in half-hour %d: open is %t, want %t", d, i, got, want)
				}
			}
			from := start + 1000*rapid.Int64Range(0, halfHours*1800).Draw(t, "from")
			to := start + 1000*rapid.Int64Range(0, halfHours*1800).Draw(t, "to")
			var want int64
			for i := range int64(halfHours) {
				if half := start + 1_800_000*i; !before[d-1][i] {
					want += max(0, min(to, half+1_800_000)-max(from, half))
				}
			}
			if got := h.Closed(d, from, max(from, to)); got != want {
				t.Fatalf("closed for %d ms of [%d, %d), want %d", got, from-start, to-start, want)
			}
			nets := []int64{0, 1, 3_600_000, rapid.Int64Range(3_600_000, 60*3_600_000).Draw(t, "net")}
			for n, since := range h.OpenSince(d, to, nets) {
				openFor := func(since int64) int64 { return to - since - h.Closed(d, since, to) }
				switch {
				case since == Never:
					if ago := to - maxDays*dayMs; openFor(ago) >= nets[n] {
						t.Fatalf("%s: open for %d ms since never, yet for %d ms in the days that are looked at", d, nets[n], openFor(ago))
					}
				case openFor(since) != nets[n] || openFor(since+1) >= nets[n] && nets[n] > 0:
					t.Fatalf("%s: open for %d ms since %d, and for %d ms since a millisecond later, want %d", d, openFor(since), since, openFor(since+1), nets[n])
				}
			}
		}
	})
}

// Several viewers ask about the days on both sides of a change of clocks, of hours that they share.
func TestHoursMayBeSharedByThoseWhoAsk(t *testing.T) {
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	nets := []int64{0, 3_600_000, 48 * 3_600_000}
	monday := time.Date(2026, 3, 30, 12, 0, 0, 0, time.UTC).UnixMilli()
	days := []int64{monday, monday - 3*dayMs}
	h := New(daily(sevenThirtyToHalfPastThree), warsaw)
	var viewers sync.WaitGroup
	for viewer := range 8 {
		viewers.Go(func() {
			at := days[viewer%2]
			own := New(daily(sevenThirtyToHalfPastThree), warsaw)
			since, open := own.OpenSince(event.Inbound, at, nets), own.Open(event.Inbound, at)
			for range 2000 {
				if got := h.OpenSince(event.Inbound, at, nets); !slices.Equal(got, since) || h.Open(event.Inbound, at) != open {
					t.Errorf("open since %v, want %v", got, since)
					return
				}
			}
		})
	}
	viewers.Wait()
}

// BenchmarkManyClosings applies 20,000 openings and closings of one BCP, and merges them with those of another shard.
func BenchmarkManyClosings(b *testing.B) {
	for b.Loop() {
		one, two := New(nil, time.UTC), New(nil, time.UTC)
		for i := range 20_000 {
			e := event.Event{Type: event.BCPClosed, ID: strconv.AppendInt(nil, int64(i), 10), Source: []byte("post"), Time: int64(i) * 1000}
			if i%2 == 1 {
				e.Type = event.BCPOpened
			}
			one.Apply(&e)
			two.Apply(&e)
		}
		one.Merge(two)
	}
}
