package source_test

import (
	"strings"
	"testing"
)

// A book has the day of each truck once, and a time of day for each of its events. The trucks that are inside were dead letters.
func TestEmptyTimeOfDayBesideADay(t *testing.T) {
	const of = `source: /horgos/book
bcp: PL-18-MEDYKA
direction: inbound
columns: {id: no, subject: truck}
time_layout: "%d.%m.%Y. %H:%M"
time_zone: UTC
events:
  - {columns: {time: [Day, came]}, values: {type: truck.arrived}}
  - {columns: {time: [day, exam]}, values: {type: inspection.started, agency: customs, kind: physical}}
  - {columns: {time: [day, exam]}, values: {type: inspection.started, agency: border_police, kind: document}}
  - {columns: {time: [day, released]}, values: {type: truck.released}}
  - {columns: {time: [day out, went]}, values: {type: truck.departed}}
`
	got, tally := events(t, `no,truck,day,came,exam,released,day out,went
1,T1,01.07.2026.,22:00,,23:00,02.07.2026.,00:04
2,T2,01.07.2026.,08:00,,,,
3,T3,01.07.2026.,08:00,08:30,,02.07.2026.,
4,T4,01.07.2026.,,,09:00,,11:00
5,T5,01.07.2026.,,,,,
6,T6,,08:00,,,,
7,T7,01.07.2026.,23:00,,24:00,02.07.2026.,24:00
8,T8,01.07.2026.,22:46,,00:04,,
9,T9,,,,,,
10,T10,01.07.2026.,24:15,,,,
`, mapping(t, of))
	for i := range got {
		got[i], _, _ = strings.Cut(got[i], " id=")
	}
	same(t, got, []string{
		"01T22:00 PL-18-MEDYKA T1 truck.arrived inbound",
		"01T23:00 PL-18-MEDYKA T1 truck.released inbound",
		"02T00:04 PL-18-MEDYKA T1 truck.departed inbound",
		"01T08:00 PL-18-MEDYKA T2 truck.arrived inbound", // it is inside
		"01T08:00 PL-18-MEDYKA T3 truck.arrived inbound",
		"01T08:30 PL-18-MEDYKA T3 inspection.started inbound customs physical",
		"01T08:30 PL-18-MEDYKA T3 inspection.started inbound border_police document",
		`line 4: went is empty beside day out, "02.07.2026."`,
		`line 5: came is empty beside Day, "01.07.2026."`,
		"01T09:00 PL-18-MEDYKA T4 truck.released inbound",
		`line 5: day out is empty beside went, "11:00"`,
		`line 6: came is empty beside Day, "01.07.2026."`,
		`line 7: Day is empty beside came, "08:00"`,
		"01T23:00 PL-18-MEDYKA T7 truck.arrived inbound",
		"02T00:00 PL-18-MEDYKA T7 truck.released inbound", // 24:00 is the end of its day
		"03T00:00 PL-18-MEDYKA T7 truck.departed inbound",
		"01T22:46 PL-18-MEDYKA T8 truck.arrived inbound",
		`line 9: day and released: "01.07.2026. 00:04" is before the arrival of the same line, "01.07.2026. 22:46"; if it is of the next day, the line needs its date`,
		"line 10: came, exam, exam, released, day out and went are empty: it says of no event when it was",
		`line 11: Day and came: "01.07.2026. 24:15" is not a time of the layout "%d.%m.%Y. %H:%M" (time_layout)`,
	})
	addUp(t, tally, 20)
}

// A clerk counts the queue at hours of a day, and has left one out. The end of a day is 24:00, and the beginning of the next one.
func TestTimesOfDayOfReadings(t *testing.T) {
	m := mapping(t, "source: /x\ncolumns: {bcp: place, time: [day, hour], vehicles: trucks}\ntime_layout: \"%Y-%m-%d %H:%M\"\ntime_zone: place\n")
	same(t, readAll(t, strings.NewReader("place,day,hour,trucks\nPL-18-MEDYKA,2026-07-01,08:00,3\nPL-18-MEDYKA,2026-07-01,,4\nPL-18-MEDYKA,2026-06-30,24:00,5\n"), m), []string{
		"01T06:00 PL-18-MEDYKA queue.observed vehicles=3 wait=unknown age=unknown",
		`line 3: hour is empty beside day, "2026-07-01"`,
		"30T22:00 PL-18-MEDYKA queue.observed vehicles=5 wait=unknown age=unknown",
	})
	m = mapping(t, "source: /x\ncolumns: {bcp: place, time: time, vehicles: trucks}\n")
	same(t, readAll(t, strings.NewReader("place,time,trucks\nPL-18-MEDYKA,2026-06-30T24:00:00Z,3\nPL-18-MEDYKA,2026-06-30T24:00:01Z,3\n"), m), []string{
		"01T00:00 PL-18-MEDYKA queue.observed vehicles=3 wait=unknown age=unknown",
		`line 3: time: "2026-06-30T24:00:01Z" is not a time such as "2026-07-01T08:00:00+02:00"; say time_layout, and time_zone`,
	})
}
