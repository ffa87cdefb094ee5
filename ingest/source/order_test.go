package source_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dwell/ingest/event"
	"dwell/ingest/source"
)

const logOfGate = `source: /gate
bcp: PL-18-MEDYKA
direction: inbound
columns: {subject: truck, time: at, type: what}
time_layout: "2006-01-02 15:04"
time_zone: Europe/Warsaw
in_order: true
events: [{}]
`

// logged are the instants of the trucks of a log, in UTC, or the reason of their refusal.
func logged(t testing.TB, m source.Mapping, times ...string) (got []string) {
	t.Helper()
	file := "truck,at,what\n"
	for i, at := range times {
		file += fmt.Sprintf("<%d>,2025-10-%s,truck.arrived\n", i, at) // JSON escapes the signs
	}
	got = slices.Repeat([]string{""}, len(times))
	voc := vocabulary(t)
	r, err := source.NewReader(strings.NewReader(file), []source.Mapping{m}, voc, zoneOf, today)
	if err != nil {
		t.Fatal(err)
	}
	for l, err := range r.Lines() {
		n := r.Line() - 2
		var bad *source.LineError
		if errors.As(err, &bad) {
			n, got[bad.Line-2] = bad.Line-2, string(bad.Reason)
			if want := fmt.Sprintf("<%d>,", n); !strings.HasPrefix(string(bad.Bytes), want) {
				t.Errorf("line %d has the bytes %q", bad.Line, bad.Bytes)
			}
			continue
		}
		got[n] = time.UnixMilli(l.Event.Time).UTC().Format("15:04")
		if string(l.Event.Subject) != fmt.Sprintf("<%d>", n) || l.Number != n+2 {
			t.Errorf("line %d is of truck %s", l.Number, l.Event.Subject)
		}
	}
	if tally := r.Tally(); tally.Lines != int64(len(times)) || tally.Taken+tally.AllRefused() != tally.Lines {
		t.Errorf("%v", tally)
	}
	return got
}

// Clocks at Medyka are set back from three to two on 2025-10-26, at 01:00 UTC.
func TestOrderOfALogTellsTheTwoPassesOfAnHourApart(t *testing.T) {
	const open = string(event.AmbiguousTime)
	for name, c := range map[string]struct{ times, want []string }{
		"one step back":          {[]string{"26 01:50", "26 02:10", "26 02:40", "26 02:40", "26 02:05", "26 02:05", "26 03:20"}, []string{"23:50", "00:10", "00:40", "00:40", "01:05", "01:05", "02:20"}},
		"a log of that hour":     {[]string{"26 02:30", "26 02:10"}, []string{"00:30", "01:10"}},
		"no step back":           {[]string{"26 01:50", "26 02:10", "26 02:40", "26 03:20"}, []string{"23:50", open, open, "02:20"}},
		"two steps back":         {[]string{"26 02:10", "26 02:05", "26 02:00"}, []string{open, open, open}},
		"out of order before":    {[]string{"25 14:00", "25 13:00", "26 02:30", "26 02:10", "26 04:00"}, []string{"12:00", "11:00", open, open, "03:00"}},
		"out of order behind it": {[]string{"26 02:30", "26 02:10", "25 13:00"}, []string{open, open, "11:00"}},
		"out of order later":     {[]string{"26 02:30", "26 02:10", "26 04:00", "26 03:00"}, []string{"00:30", "01:10", "03:00", "02:00"}},
		"a single truck":         {[]string{"26 02:30"}, []string{open}},
	} {
		if got := logged(t, mapping(t, logOfGate), c.times...); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	clerks := mapping(t, strings.Replace(logOfGate, "in_order: true\n", "", 1))
	if got, want := logged(t, clerks, "26 01:50", "26 02:40", "26 02:05", "26 03:20"), []string{"23:50", open, open, "02:20"}; !slices.Equal(got, want) {
		t.Errorf("in a clerk's book: got %q, want %q", got, want)
	}
}

// A record waits while two megabytes of comments are read over, and is a dead letter with its own bytes then.
func TestRecordThatWaitsKeepsItsBytes(t *testing.T) {
	file := "truck,at,what\nT1,2025-10-26 02:30,truck.arrived\n" + strings.Repeat("# "+strings.Repeat("x", 1000)+"\n", 2000)
	r, err := source.NewReader(strings.NewReader(file), []source.Mapping{mapping(t, logOfGate+"comment: \"#\"\n")}, vocabulary(t), zoneOf, today)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range r.Lines() {
		var bad *source.LineError
		if !errors.As(err, &bad) || bad.Error() != `line 2: at: "2025-10-26 02:30" is there twice in Europe/Warsaw, where clocks were set back, and the order of the lines does not tell which it is; times with their offset, or in UTC, would` ||
			string(bad.Bytes) != "T1,2025-10-26 02:30,truck.arrived" {
			t.Errorf("%v, %+v", err, bad)
		}
	}
}

// Clocks of the other place are those of UTC. A truck at Medyka cannot stand between 00:10 and 00:50 there, so the log is not in order, and its
// next autumn is left open.
func TestLogOfTwoPlacesThatIsOutOfOrder(t *testing.T) {
	m := mapping(t, strings.NewReplacer("bcp: PL-18-MEDYKA\n", "", "subject: truck", "subject: truck, bcp: place", "Europe/Warsaw", "place").Replace(logOfGate))
	zone := func(bcp string) *time.Location {
		if bcp == "PL-06-ZOSIN" {
			return time.UTC
		}
		return zoneOf(bcp)
	}
	const file = `truck,at,what,place
T1,2024-10-27 00:10,truck.arrived,PL-06-ZOSIN
T2,2024-10-27 02:05,truck.arrived,PL-18-MEDYKA
T3,2024-10-27 00:50,truck.arrived,PL-06-ZOSIN
T4,2025-10-26 02:30,truck.arrived,PL-18-MEDYKA
T5,2025-10-26 02:10,truck.arrived,PL-18-MEDYKA
`
	r, err := source.NewReader(strings.NewReader(file), []source.Mapping{m}, vocabulary(t), zone, today)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range r.Lines() {
		var bad *source.LineError
		if err != nil && !(errors.As(err, &bad) && bad.Reason == event.AmbiguousTime) {
			t.Error(err)
		}
	}
	if got, want := r.Tally().String(), "5 lines: 2 events, 3 refused (3 ambiguous_time)"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Whatever happens at the gate in that night: an instant is told where each choice of passes that is in order has the same one, and that is
// the true one. All choices are tried.
func TestInstantsOfALogAreTrueOrOpen(t *testing.T) {
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	m := mapping(t, logOfGate)
	rapid.Check(t, func(rt *rapid.T) {
		minutes := rapid.SliceOfN(rapid.IntRange(0, 240), 1, 12).Draw(rt, "minutes behind 23:00 UTC")
		slices.Sort(minutes)
		var times, want []string
		for _, n := range minutes {
			at := time.Date(2025, 10, 25, 23, n, 0, 0, time.UTC)
			times, want = append(times, at.In(warsaw).Format("02 15:04")), append(want, at.Format("15:04"))
		}
		choices := inOrder(minutes, -1)
		for i := range want {
			if slices.ContainsFunc(choices, func(c []int) bool { return c[i] != minutes[i] }) {
				want[i] = string(event.AmbiguousTime)
			}
		}
		if got := logged(t, m, times...); !slices.Equal(got, want) {
			rt.Errorf("%q: got %q, want %q", times, got, want)
		}
	})
}

// inOrder are all choices of instants in order, none before a minute, that show the local times of these; from 60 to 180 an hour is there twice.
func inOrder(minutes []int, before int) (all [][]int) {
	if len(minutes) == 0 {
		return [][]int{nil}
	}
	of := []int{minutes[0]}
	switch n := minutes[0]; {
	case n >= 60 && n < 120:
		of = append(of, n+60)
	case n >= 120 && n < 180:
		of = append(of, n-60)
	}
	for _, n := range of {
		if n >= before {
			for _, rest := range inOrder(minutes[1:], n) {
				all = append(all, append([]int{n}, rest...))
			}
		}
	}
	return all
}

func TestOrderIsOfFilesOfEvents(t *testing.T) {
	for text, want := range map[string]string{
		"source: /x\nin_order: true\ncolumns: {bcp: a, time: b, vehicles: c}\n": `m.yaml: in_order: "true" is of events; readings have the order of their lines anyway`,
		logOfGate + "topic: gate\n": `m.yaml: in_order: "true" is of files; the messages of a topic have no order`,
	} {
		if _, err := source.ParseMapping("m.yaml", []byte(text)); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
