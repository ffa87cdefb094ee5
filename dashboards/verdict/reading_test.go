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

func clock(text string) time.Time {
	day, hour, _ := strings.Cut(text, "/")
	d, _ := strconv.Atoi(day)
	h, err := time.Parse("15:04", hour)
	if err != nil {
		panic(err)
	}
	return monday.AddDate(0, 0, d-1).Add(time.Duration(h.Hour())*time.Hour + time.Duration(h.Minute())*time.Minute)
}

// parse reads "1/08:00 414 age 30": on the first day at eight, 414 vehicles, counted half an hour before; "-" is nothing,
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

// said is a verdict in a word.
func said(v verdict.Verdict) string {
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
			got = append(got, said(v))
			// What comes later changes nothing.
			if before := rules.Judge(all[:i+1]); before[i] != v {
				t.Errorf("%s: %d is %+v, and was %+v before the next came", story, i, v, before[i])
			}
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%s:\n got %s\nwant %s", story, strings.Join(got, "; "), want)
		}
	}
	f("trucks wait, and each time others", `1/08:00 414; 1/09:00 421; 1/10:00 421; 1/11:00 398`, "", "fine; fine; fine; fine")
	f("an old look at the queue", `1/08:00 414 age 121; 1/09:00 421 age 119`, "", "stale; fine")
	f("the queue was seen to get empty", `1/08:00 2; 1/09:00 1; 1/10:00 0; 1/11:00 0`, "", "fine; fine; fine; fine")

	f("the source wakes up with a zero before it knows", `1/08:00 414; 1/11:00 0; 1/12:00 380`, "", "fine; zero_after_outage; fine")
	f("two hours are no outage", `1/08:00 414; 1/10:00 0`, "", "fine; fine")
	f("the third zero is an empty queue", `1/08:00 414; 1/11:00 0; 1/12:00 0; 1/13:00 0; 1/14:00 0`, "", "fine; zero_after_outage; zero_after_outage; fine; fine")
	f("once trucks were there, zero is zero", `1/08:00 414; 1/11:00 1; 1/12:00 0`, "", "fine; fine; fine")
	f("trucks came and went after the outage", `1/08:00 414; 1/11:00 0; 1/12:00 3; 1/13:00 0`, "", "fine; zero_after_outage; fine; fine")
	f("the source publishes that it has nothing, which is an outage too", `1/08:00 414; 1/09:00 -; 1/10:00 -; 1/11:00 0`, "", "fine; fine; fine; zero_after_outage")
	f("three zeros with outages between them are enough", `1/08:00 4; 1/11:00 0; 1/14:00 0; 1/17:00 0`, "", "fine; zero_after_outage; zero_after_outage; fine")
	f("the first reading ever of a queue", `1/08:00 0; 1/09:00 0; 1/10:00 0`, "", "zero_after_outage; zero_after_outage; fine")
	f("no vehicle, but a wait", `1/08:00 4; 1/11:00 0+5m; 1/12:00 0+0m`, "", "fine; fine; fine")
	f("no wait is as good as no vehicle", `1/08:00 -+50m; 1/11:00 -+0m`, "", "fine; zero_after_outage")

	f("the BCP was closed in between", `1/08:00 414; 1/09:00 0; 1/10:00 0; 1/11:00 0`, "1/08:30-1/08:40", "fine; zero_after_closure; zero_after_closure; fine")
	f("while it is closed nobody is let into the queue", `1/08:00 4; 1/09:00 0; 1/10:00 0; 1/11:00 0; 1/12:00 0; 1/13:00 0; 1/14:00 0`, "1/08:30-1/11:30",
		"fine; zero_after_closure; zero_after_closure; zero_after_closure; zero_after_closure; zero_after_closure; fine")
	f("trucks wait at the gate", `1/08:00 0; 1/09:00 0; 1/10:00 0; 1/11:00 9; 1/12:00 8; 1/13:00 0`, "1/10:30-1/11:30", "zero_after_outage; zero_after_outage; fine; fine; fine; fine")

	f("one look is handed out again and again", `1/08:00 414 age 10; 1/09:00 414 age 70; 1/10:00 414 age 130; 1/10:30 414 age 160; 1/11:00 398 age 5`, "",
		"fine; fine; stale; stale, frozen since 1/07:50; fine")
	f("even where it saw nobody", `1/05:00 1 age 0; 1/06:00 0 age 5; 1/07:00 0 age 65; 1/08:00 0 age 125; 1/09:00 0 age 185`, "",
		"fine; fine; fine; stale; stale, frozen since 1/05:55")
	f("a stuck camera says that it has just looked", `1/08:00 7 age 1; 1/09:00 7 age 1; 1/10:00 7 age 1; 1/11:00 7 age 1; 1/12:00 7 age 2; 1/13:00 8 age 1`, "",
		"fine; fine; fine; frozen since 1/07:59; frozen since 1/07:59; fine")
	f("or does not say when it looked", `1/08:00 7; 1/09:00 7; 1/10:00 7; 1/11:00 7`, "", "fine; fine; fine; frozen since 1/08:00")
	f("three times the same are chance", `1/08:00 7; 1/09:30 7; 1/11:00 7`, "", "fine; fine; fine")
	f("and so is four times in a short while", `1/08:00 7; 1/08:30 7; 1/09:00 7; 1/10:00 7`, "", "fine; fine; fine; fine")
	f("the source has looked again and seen the same", `1/08:00 7 age 20; 1/09:00 7 age 40; 1/10:00 7 age 10; 1/11:00 7 age 30; 1/12:00 7 age 5`, "",
		"fine; fine; fine; fine; fine")
	f("what was the same before an outage and after it has not stood still", `1/08:00 7; 1/09:00 7; 1/10:00 7; 1/16:00 7; 1/17:00 7`, "", "fine; fine; fine; fine; fine")
	f("an empty queue stays empty", `1/00:00 1 age 0; 1/02:00 0 age 0; 1/04:00 0 age 0; 1/06:00 0 age 0; 1/08:00 0 age 0; 1/10:00 0 age 0`, "",
		"fine; fine; fine; fine; fine; fine")
	f("a number that often stands still for three hours must do so for six",
		`1/00:00 1; 1/01:00 1; 1/02:00 1; 1/03:00 1; 1/04:00 2; 1/05:00 2; 1/06:00 2; 1/07:00 2; 1/08:00 2; 1/09:00 2; 1/10:00 2; 1/11:00 2`, "",
		"fine; fine; fine; frozen since 1/00:00; fine; fine; fine; fine; fine; fine; fine; frozen since 1/04:00")
}

func TestReadingIsKnownUntilTheNextOrForTheToleratedSilence(t *testing.T) {
	// A silence may be an hour by day and ten at night.
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
			t.Errorf("a reading of %s before one of %s is known until %v, want %s", c.at, c.next, got, c.want)
		}
	}
}
