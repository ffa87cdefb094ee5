package source_test

import (
	"slices"
	"strings"
	"testing"

	"dwell/ingest/source"
)

// Whatever a file has of queues: a column or a constant for each, words for states and directions, rates of any unit.
func TestQueueOfAReading(t *testing.T) {
	file := `time,place,class,way,trucks,wait,lanes,rate,state
2026-07-01T00:00:00Z,medyka,over 7.5 t,to UA,10,1:30,2,0.5,Працює
2026-07-01T00:00:00Z,Medyka,buses,to UA,4,0:05:30,1,,призупинено
2026-07-01T00:00:00Z,Medyka,buses,from UA,4,,,,closed
2026-07-01T00:00:00Z,MEDYKA,buses,to UA,4,0:05:30,1,,призупинено
2026-07-01T00:00:00Z,Medyka,buses,to UA,5,,,,
2026-07-01T00:00:00Z,Medyka,cars,,1,,,,
2026-07-01T00:00:00Z,Medyka,over 7.5 t,sideways,1,1:30,,,
2026-07-01T00:00:00Z,Medyka,over 7.5 t,,1,1:75,,,
2026-07-01T00:00:00Z,Medyka,over 7.5 t,,1,,,,lunch
2026-07-01T00:00:00Z,Medica,,,1,,,,
2026-07-01T00:00:00Z,Medyka,,,1,,,-1,
`
	m := mapping(t, `
source: /queues
columns: {bcp: place, time: time, queue: class, direction: way, vehicles: trucks, wait: wait, lanes_open: lanes, service_rate: rate, state: state}
wait_unit: h:mm
rate_unit: 1m
bcps: {Medyka: PL-18-MEDYKA}
words: {open: [працює], paused: [призупинено], inbound: [to UA], outbound: [from UA]}
except: {class: cars}
`)
	want := []string{
		"01T00:00 PL-18-MEDYKA queue.observed vehicles=10 wait=5400 age=unknown direction=inbound queue=over 7.5 t lanes=2 rate=30 state=open",
		"01T00:00 PL-18-MEDYKA queue.observed vehicles=4 wait=330 age=unknown direction=inbound queue=buses lanes=1 state=paused",
		"01T00:00 PL-18-MEDYKA queue.observed vehicles=4 wait=unknown age=unknown direction=outbound queue=buses state=closed",
		`line 6: line 3 has other figures of "Medyka", inbound, queue "buses" at 2026-07-01T00:00:00Z; two readings of one place and time are two queues (columns.queue), or one is wrong`,
		`line 8: way: "sideways" is not a direction; name it in words.inbound or words.outbound`,
		`line 9: wait: "1:75" is not a length of time such as 1:30 (wait_unit: h:mm)`,
		`line 10: state: "lunch" is no state; name it in words.open, paused, closed or unknown`,
		`line 11: place: "Medica" is not in the mapping's bcps (the nearest is "Medyka")`,
		`line 12: rate: "-1" is not a service rate`,
	}
	if got := readAll(t, strings.NewReader(file), m); !slices.Equal(got, want) {
		t.Errorf("got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
	r, err := source.NewReader(strings.NewReader(file), []source.Mapping{m}, vocabulary(t), zoneOf, today)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for e, err := range r.Events() {
		if err == nil {
			ids[string(e.ID)] = true
		}
	}
	if len(ids) != 3 {
		t.Errorf("ids %v", ids)
	}
	if got := r.Tally().String(); got != "10 lines: 3 readings, 1 duplicate, 6 refused (1 conflicting_reading, 4 invalid_field, 1 unknown_bcp); 1 reading not selected by only or except" {
		t.Error(got)
	}
	addUp(t, r.Tally(), 10)
}

// A column for each class of vehicle, or for each place: a line has several readings.
func TestSeveralReadingsOfALine(t *testing.T) {
	classes := mapping(t, `
source: /classes
columns: {bcp: place, time: time, state: status}
only: {place: [PL-18-MEDYKA, PL-06-ZOSIN]}
readings:
  - {queue: trucks, columns: {vehicles: trucks}}
  - {queue: buses, columns: {vehicles: buses}, except: {buses: [n/a]}}
`)
	places := mapping(t, `
source: /places
columns: {time: time}
queue: trucks
direction: outbound
readings:
  - {bcp: PL-18-MEDYKA, columns: {vehicles: medyka}}
  - {bcp: PL-06-ZOSIN, direction: inbound, columns: {vehicles: zosin}}
`)
	for name, c := range map[string]struct {
		m     source.Mapping
		file  string
		want  []string
		tally string
	}{
		"a column for each class": {
			classes,
			"time,place,status,trucks,buses\n2026-07-01T00:00:00Z,PL-18-MEDYKA,paused,10,2\n2026-07-01T00:00:00Z,PL-06-ZOSIN,,many,n/a\n2026-07-01T00:00:00Z,ELSEWHERE,,1,1\n",
			[]string{
				"01T00:00 PL-18-MEDYKA queue.observed vehicles=10 wait=unknown age=unknown queue=trucks state=paused",
				"01T00:00 PL-18-MEDYKA queue.observed vehicles=2 wait=unknown age=unknown queue=buses state=paused",
				`line 3: trucks: "many" is not a number of vehicles; a word for unknown belongs in words.unknown`,
			},
			"3 lines: 2 readings, 1 refused (1 invalid_field); 3 readings not selected by only or except",
		},
		"a column for each place": {
			places, "time,medyka,zosin\n2026-07-01T00:00:00Z,10,2\n",
			[]string{
				"01T00:00 PL-18-MEDYKA queue.observed vehicles=10 wait=unknown age=unknown direction=outbound queue=trucks",
				"01T00:00 PL-06-ZOSIN queue.observed vehicles=2 wait=unknown age=unknown direction=inbound queue=trucks",
			},
			"2 lines: 2 readings, 0 refused",
		},
	} {
		r, err := source.NewReader(strings.NewReader(c.file), []source.Mapping{c.m}, vocabulary(t), zoneOf, today)
		if err != nil {
			t.Fatal(err)
		}
		if got := described(t, r); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", name, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
		if got := r.Tally().String(); got != c.tally {
			t.Errorf("%s: %s", name, got)
		}
		addUp(t, r.Tally(), r.Tally().Lines)
	}
}

// The two passes of a doubled hour are told apart for each queue: lines of several queues alternate.
func TestClockChangeOfSeveralQueues(t *testing.T) {
	var file strings.Builder
	file.WriteString("time,place,class,trucks\n")
	for _, at := range []string{"01:30", "02:30", "02:30", "03:30"} {
		for _, class := range []string{"trucks", "buses"} {
			file.WriteString("2026-10-25 " + at + ",PL-18-MEDYKA," + class + ",1\n")
		}
	}
	m := mapping(t, "source: /x\ncolumns: {bcp: place, time: time, queue: class, vehicles: trucks}\ntime_layout: \"%Y-%m-%d %H:%M\"\ntime_zone: Europe/Warsaw\n")
	r, err := source.NewReader(strings.NewReader(file.String()), []source.Mapping{m}, vocabulary(t), zoneOf, today.AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	got := described(t, r)
	if r.Tally().Taken != 8 {
		t.Errorf("%s\n%s", r.Tally(), strings.Join(got, "\n"))
	}
}

func TestMappingOfSeveralReadingsIsChecked(t *testing.T) {
	for text, want := range map[string]string{
		"columns: {bcp: p, time: t, queue: q, vehicles: v}\nqueue: bus":                                      `queue: "bus" is given beside columns.queue`,
		"columns: {bcp: p, time: t}\nreadings: [{queue: bus}]":                                               `readings[0].columns.vehicles: "" is empty, and so are columns.wait`,
		"columns: {bcp: p, time: t, service_rate: r}":                                                        `rate_unit: "" is empty; say to which time column "r" refers`,
		"columns: {time: t}\nreadings: [{columns: {vehicles: v}}]":                                           `readings[0].columns.bcp: "" is empty`,
		"columns: {bcp: p, time: t, vehicles: v}\nonly: {class: []}":                                         `only: "class" names no column, or no value`,
		"columns: {bcp: p, time: t, vehicles: v}\nbcps: {A: X, a: Y}":                                        `bcps: "a" is there twice but for its case`,
		"columns: {bcp: p, time: t, vehicles: v}\nreadings: [{queue: a, columns: {queue: b}}]":               `readings[0].queue: "a" is given beside columns.queue`,
		"columns: {bcp: p, time: t, vehicles: v, direction: d}\nreadings: [{direction: sideways, queue: a}]": `readings[0].direction: "sideways" is not supported`,
	} {
		_, err := source.ParseMapping("m.yaml", []byte("source: /x\n"+text))
		if err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(want)) {
			t.Errorf("%s:\n got %v\nwant %s", text, err, want)
		}
	}
}
