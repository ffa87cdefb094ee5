package source_test

import (
	"fmt"
	"strings"
	"testing"

	"dwell/ingest/source"
)

// A gate has a new word for trucks that leave. The mapping takes the words that it knows, and the new one is named before those that are left
// out on purpose, and with how often it was there.
func TestValuesThatArePassedOverAreNamed(t *testing.T) {
	const events = `
source: /gate
bcp: PL-18-MEDYKA
direction: outbound
columns: {time: at, subject: pass}
except: {lane: [closed]}
events:
  - {only: {what: [IN]}, values: {type: truck.arrived}}
  - {only: {what: [OUT]}, values: {type: truck.departed}}
`
	const readings = `
source: /queue
bcp: PL-18-MEDYKA
columns: {time: at, queue: what, vehicles: pass}
readings:
  - {direction: inbound, only: {lane: [in, both]}}
  - {direction: outbound, only: {lane: [out, both]}}
`
	line := func(n int, rest string) string { return fmt.Sprintf("2026-07-01T00:%02d:%02dZ,%s\n", n/60, n%60, rest) }
	file := func(rest ...string) string {
		all := "at,pass,what,lane\n"
		for i, r := range rest {
			all += line(i, r)
		}
		return all
	}
	var many []string
	for i := range 1200 {
		many = append(many, fmt.Sprintf("T1,word %04d,1", i))
	}
	for name, c := range map[string]struct {
		mapping, file string
		want, tally   string
	}{
		"all are taken": {events, file("T1,IN,1", "T1,out,1"), "", "2 lines: 2 events, 0 refused"},
		"a new word": {
			events, file("T1,IN,1", "T1,PARIDA,1", "T1,IN,closed", "T2,IN,Closed", "T2,OUT,closed", "T2,PARIDA,1", "T3,,1"),
			`6 lines: what "PARIDA" (2), what "" (1), lane "closed" (2), lane "Closed" (1)`,
			"1 line: 1 event, 0 refused; 6 not selected by only or except",
		},
		"five of many": {
			events, file(append(many[:7:7], many[6])...),
			`8 lines: what "word 0006" (2), what "word 0000" (1), what "word 0001" (1), what "word 0002" (1), what "word 0003" (1), and 2 more`,
			"0 lines: 0 events, 0 refused; 8 not selected by only or except",
		},
		"more than are kept": {
			events, file(many...),
			`1200 lines: what "word 0000" (1), what "word 0001" (1), what "word 0002" (1), what "word 0003" (1), what "word 0004" (1), and more than 995 others`,
			"0 lines: 0 events, 0 refused; 1200 not selected by only or except",
		},
		"readings of which one at least is taken are none of them": {
			readings, file("4,trucks,in", "5,cars,out", "6,buses,both", "7,trucks,sideways"),
			`1 line: lane "sideways" (1)`,
			"4 lines: 4 readings, 0 refused; 4 readings not selected by only or except",
		},
		"a new word beside a reading that is taken": {
			readings + "  - {queue: all}\n", file("4,trucks,in", "5,cars,sideways", "6,cars,sideways", "7,cars,"),
			`3 lines in part: lane "sideways" (2 in part), lane "" (1 in part)`,
			"5 lines: 5 readings, 0 refused; 7 readings not selected by only or except",
		},
	} {
		r, err := source.NewReader(strings.NewReader(c.file), []source.Mapping{mapping(t, c.mapping)}, vocabulary(t), zoneOf, today)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range r.Events() {
			if err != nil {
				t.Error(err)
			}
		}
		if got := r.PassedOver(); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
		if got := r.Tally().String(); got != c.tally {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.tally)
		}
	}
}
