package verdict_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"dwell/dashboards/verdict"
)

var monday = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// clock parses "1/08:00", eight o'clock on the first day.
func clock(text string) time.Time {
	day, hour, _ := strings.Cut(text, "/")
	d, _ := strconv.Atoi(day)
	h, err := time.Parse("15:04", hour)
	if err != nil {
		panic(err)
	}
	return monday.AddDate(0, 0, d-1).Add(time.Duration(h.Hour())*time.Hour + time.Duration(h.Minute())*time.Minute)
}

// parse reads "1/08:00 414 age 30": on the first day at eight, 414 vehicles, measured half an hour before. "-" is no number,
// and "0+5m" is no vehicles but a wait of five minutes.
func parse(text string) (all []verdict.Sample) {
	for line := range strings.SplitSeq(text, ";") {
		words := strings.Fields(line)
		r := verdict.Sample{Time: clock(words[0])}
		number, wait, waits := strings.Cut(words[1], "+")
		if n, err := strconv.ParseUint(number, 10, 64); err == nil {
			r.Vehicles = &n
		}
		if waits {
			d, err := time.ParseDuration(wait)
			if err != nil {
				panic(err)
			}
			seconds := uint64(d.Seconds())
			r.Wait = &seconds
		}
		if len(words) > 3 {
			n, err := strconv.ParseUint(words[3], 10, 64)
			if err != nil {
				panic(err)
			}
			n *= 60
			r.Age = &n
		}
		all = append(all, r)
	}
	return all
}

// describe returns a verdict in words.
func describe(v verdict.Verdict) string {
	var words []string
	if v.Stale {
		words = append(words, "stale")
	}
	if !v.FrozenSince.IsZero() {
		words = append(words, "frozen since "+fmt.Sprint(int(v.FrozenSince.Sub(monday)/(24*time.Hour))+1)+v.FrozenSince.Format("/15:04"))
	}
	if v.Doubt != "" {
		words = append(words, string(v.Doubt))
	}
	if v.WaitDoubt != "" {
		words = append(words, "wait "+string(v.WaitDoubt))
	}
	if len(words) == 0 {
		return "fine"
	}
	return strings.Join(words, ", ")
}

func TestReadingsAreMarkedStaleFrozenOrDoubtful(t *testing.T) {
	f := func(story, readings, closed, want string) {
		t.Helper()
		rules := verdict.Rules{
			Silence: func(time.Time) time.Duration { return 2 * time.Hour },
			Closed: func(from, to time.Time) bool {
				if closed == "" {
					return false
				}
				begin, end, _ := strings.Cut(closed, "-")
				return !clock(begin).After(to) && clock(end).After(from)
			},
		}
		all := parse(readings)
		var got []string
		for i, v := range rules.Judge(all) {
			got = append(got, describe(v))
			// Later readings must not change a verdict.
			if before := rules.Judge(all[:i+1]); before[i] != v {
				t.Errorf("%s: the verdict on reading %d is %+v, and was %+v without the later readings", story, i, v, before[i])
			}
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%s:\n got %s\nwant %s", story, strings.Join(got, "; "), want)
		}
	}
	f("the number changes with time", `1/08:00 414; 1/09:00 421; 1/10:00 421; 1/11:00 398`, "", "fine; fine; fine; fine")
	f("the measurement is older than the permitted silence", `1/08:00 414 age 121; 1/09:00 421 age 119`, "", "stale; fine")
	f("the queue gets empty without an outage", `1/08:00 2; 1/09:00 1; 1/10:00 0; 1/11:00 0`, "", "fine; fine; fine; fine")

	f("a zero just after an outage", `1/08:00 414; 1/11:00 0; 1/12:00 380`, "", "fine; zero_after_outage; fine")
	f("a gap as long as the permitted silence is not an outage", `1/08:00 414; 1/10:00 0`, "", "fine; fine")
	f("nobody waits, and vehicles do", `1/08:00 150+0m; 1/09:00 0+0m; 1/10:00 3+5m; 1/11:00 -+0m`, "",
		"wait zero_with_vehicles; fine; fine; fine")
	f("the third zero is an empty queue", `1/08:00 414; 1/11:00 0; 1/12:00 0; 1/13:00 0; 1/14:00 0`, "", "fine; zero_after_outage; zero_after_outage; fine; fine")
	f("a number above zero after the outage ends the doubt", `1/08:00 414; 1/11:00 1; 1/12:00 0`, "", "fine; fine; fine")
	f("the doubt ends, and the next zero is an empty queue", `1/08:00 414; 1/11:00 0; 1/12:00 3; 1/13:00 0`, "", "fine; zero_after_outage; fine; fine")
	f("readings without numbers are an outage too", `1/08:00 414; 1/09:00 -; 1/10:00 -; 1/11:00 0`, "", "fine; fine; fine; zero_after_outage")
	f("the third zero in a row counts though outages are between them", `1/08:00 4; 1/11:00 0; 1/14:00 0; 1/17:00 0`, "", "fine; zero_after_outage; zero_after_outage; fine")
	f("the first readings of a source are zeros", `1/08:00 0; 1/09:00 0; 1/10:00 0`, "", "zero_after_outage; zero_after_outage; fine")
	f("no vehicle, but a wait", `1/08:00 4; 1/11:00 0+5m; 1/12:00 0+0m`, "", "fine; fine; fine")
	f("a wait of zero is a zero too", `1/08:00 -+50m; 1/11:00 -+0m`, "", "fine; zero_after_outage")

	f("the BCP was closed in between", `1/08:00 414; 1/09:00 0; 1/10:00 0; 1/11:00 0`, "1/08:30-1/08:40", "fine; zero_after_closure; zero_after_closure; fine")
	f("zeros while the BCP is closed do not count towards three", `1/08:00 4; 1/09:00 0; 1/10:00 0; 1/11:00 0; 1/12:00 0; 1/13:00 0; 1/14:00 0`, "1/08:30-1/11:30",
		"fine; zero_after_closure; zero_after_closure; zero_after_closure; zero_after_closure; zero_after_closure; fine")
	f("trucks wait during and after a closing, so the next zero is an empty queue", `1/08:00 0; 1/09:00 0; 1/10:00 0; 1/11:00 9; 1/12:00 8; 1/13:00 0`, "1/10:30-1/11:30", "zero_after_outage; zero_after_outage; fine; fine; fine; fine")

	f("one measurement is published again and again", `1/08:00 414 age 10; 1/09:00 414 age 70; 1/10:00 414 age 130; 1/10:30 414 age 160; 1/11:00 398 age 5`, "",
		"fine; fine; stale; stale, frozen since 1/07:50; fine")
	f("one measurement of zero is published again and again", `1/05:00 1 age 0; 1/06:00 0 age 5; 1/07:00 0 age 65; 1/08:00 0 age 125; 1/09:00 0 age 185`, "",
		"fine; fine; fine; stale; stale, frozen since 1/05:55")
	f("the number repeats, with an age that says it is new", `1/08:00 7 age 1; 1/09:00 7 age 1; 1/10:00 7 age 1; 1/11:00 7 age 1; 1/12:00 7 age 2; 1/13:00 8 age 1`, "",
		"fine; fine; fine; frozen since 1/07:59; frozen since 1/07:59; fine")
	f("the number repeats, without an age", `1/08:00 7; 1/09:00 7; 1/10:00 7; 1/11:00 7`, "", "fine; fine; fine; frozen since 1/08:00")
	f("three equal numbers may be chance", `1/08:00 7; 1/09:30 7; 1/11:00 7`, "", "fine; fine; fine")
	f("four equal numbers within the permitted silence may be chance", `1/08:00 7; 1/08:30 7; 1/09:00 7; 1/10:00 7`, "", "fine; fine; fine; fine")
	f("the source has measured again, with the same result", `1/08:00 7 age 20; 1/09:00 7 age 40; 1/10:00 7 age 10; 1/11:00 7 age 30; 1/12:00 7 age 5`, "",
		"fine; fine; fine; fine; fine")
	f("equal numbers before and after an outage are not a repetition", `1/08:00 7; 1/09:00 7; 1/10:00 7; 1/16:00 7; 1/17:00 7`, "", "fine; fine; fine; fine; fine")
	f("an empty queue stays empty", `1/00:00 1 age 0; 1/02:00 0 age 0; 1/04:00 0 age 0; 1/06:00 0 age 0; 1/08:00 0 age 0; 1/10:00 0 age 0`, "",
		"fine; fine; fine; fine; fine; fine")
	f("a number that usually repeats for three hours is frozen after six",
		`1/00:00 1; 1/01:00 1; 1/02:00 1; 1/03:00 1; 1/04:00 2; 1/05:00 2; 1/06:00 2; 1/07:00 2; 1/08:00 2; 1/09:00 2; 1/10:00 2; 1/11:00 2`, "",
		"fine; fine; fine; frozen since 1/00:00; fine; fine; fine; fine; fine; fine; fine; frozen since 1/04:00")
}

func TestReadingHoldsUntilTheNextOneOrTheEndOfItsSilence(t *testing.T) {
	// A silence may last one hour by day and ten hours at night.
	rules := verdict.Rules{Silence: func(t time.Time) time.Duration {
		if t.Hour() >= 20 || t.Hour() < 6 {
			return 10 * time.Hour
		}
		return time.Hour
	}}
	for _, c := range []struct{ at, next, want string }{
		{"1/08:00", "1/08:40", "1/08:40"},
		{"1/08:00", "1/09:00", "1/09:00"},
		{"1/08:00", "1/12:00", "1/09:00"},
		{"1/08:10", "1/12:00", "1/09:10"},
		{"1/19:30", "2/12:00", "2/05:30"},
		{"1/20:50", "2/12:00", "2/06:00"},
		{"1/20:50", "2/04:00", "2/04:00"},
	} {
		if got := rules.Until(clock(c.at), clock(c.next)); !got.Equal(clock(c.want)) {
			t.Errorf("a reading of %s before one of %s holds until %v, want %s", c.at, c.next, got, c.want)
		}
	}
}
