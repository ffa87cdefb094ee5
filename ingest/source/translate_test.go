package source_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/source"
)

// said is an event in a line of text.
func said(voc *event.Vocabulary, e *event.Event) string {
	s := fmt.Sprintf("%s %s %s %s", time.UnixMilli(e.Time).UTC().Format("02T15:04"), voc.BCPName(e.BCP), e.Subject, e.Type)
	for _, word := range []string{
		e.Direction.String(), voc.HolderName(e.Agency), e.Channel.String(), e.Regime.String(), e.Kind.String(), e.Result.String(), string(e.Hold), string(e.Lane),
	} {
		if word != "" {
			s += " " + word
		}
	}
	return s + " id=" + string(e.ID)
}

func events(t *testing.T, file string, m source.Mapping) (lines []string, tally *source.Tally) {
	t.Helper()
	voc := vocabulary(t)
	r, err := source.NewReader(strings.NewReader(file), []source.Mapping{m}, voc, zoneOf, today)
	if err != nil {
		t.Fatal(err)
	}
	for l, err := range r.Lines() {
		if err != nil {
			lines = append(lines, err.Error())
			continue
		}
		lines = append(lines, said(voc, l.Event))
	}
	return lines, r.Tally()
}

func same(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

const gate = `
source: /medyka/gate
columns: {subject: pass, type: what, time: at, bcp: post, direction: way, agency: who, kind: how, result: found, lane: lane, recorded: typed}
time_layout: "%d.%m.%Y %H:%M"
time_zone: place
bcps: {Medyka: PL-18-MEDYKA}
words: {outbound: [to UA]}
codes:
  type: {IN: truck.arrived, EXAM: inspection.started, DONE: inspection.completed, OUT: truck.departed, OPEN: bcp.opened}
  agency: {UC: customs, SG: border_police}
  result: {OK: conformant}
except: {what: [PRINTED]}
events: [{}]
`

// A gate writes what happens, one line each, in its own words.
func TestEventsOfAGate(t *testing.T) {
	m := mapping(t, gate)
	got, tally := events(t, `post,what,at,pass,way,who,how,found,lane,typed
medyka,in,01.07.2026 08:00,T1,to UA,,,,3,01.07.2026 08:05
Medyka,EXAM,01.07.2026 09:00,T1,outbound,uc,scan,,,
Medyka,PRINTED,01.07.2026 09:01,T1,to UA,,,,,
Medyka,DONE,01.07.2026 09:30,T1,to UA,customs,Scan,ok,,
Medyka,OUT,01.07.2026 10:00,T1,to UA,,,,,
Medyka,open,01.07.2026 06:00,,,,,,,
Medyka,in,01.07.2026 08:00,,to UA,,,,,
Medyka,WEIGHED,01.07.2026 08:00,T2,to UA,,,,,
Medyka,EXAM,01.07.2026 09:00,T2,to UA,vets,scan,,,
Medyka,EXAM,01.07.2026 09:00,T2,to UA,,scan,,,
Medyka,EXAM,01.07.2026 09:00,T2,to UA,UC,x-ray,,,
Medyka,IN,2026-07-01,T2,to UA,,,,,
Medyka,IN,29.03.2026 02:30,T2,to UA,,,,,
Medyka,IN,25.10.2025 02:30,T2,sideways,,,,,
Medyka,IN,26.10.2025 02:30,T2,to UA,,,,,
Medyka,IN,01.11.2026 08:00,T2,to UA,,,,,
Medika,IN,01.07.2026 08:00,T2,to UA,,,,,
Medyka,DONE,01.07.2026 09:40,T2,to UA,customs,scan,,,
Medyka,DONE,01.07.2026 09:40,T2,to UA,customs,scan,clean,,
`, m)
	same(t, got, []string{
		"01T06:00 PL-18-MEDYKA T1 truck.arrived outbound 3 id=medyka/T1/truck.arrived/3/2026-07-01T06:00:00Z",
		"01T07:00 PL-18-MEDYKA T1 inspection.started outbound customs scan id=Medyka/T1/inspection.started/customs/scan/2026-07-01T07:00:00Z",
		"01T07:30 PL-18-MEDYKA T1 inspection.completed outbound customs scan conformant id=Medyka/T1/inspection.completed/customs/scan/2026-07-01T07:30:00Z",
		"01T08:00 PL-18-MEDYKA T1 truck.departed outbound id=Medyka/T1/truck.departed/2026-07-01T08:00:00Z",
		"01T04:00 PL-18-MEDYKA PL-18-MEDYKA bcp.opened id=Medyka//bcp.opened/2026-07-01T04:00:00Z",
		"line 8: pass is empty",
		`line 9: what: "WEIGHED" is not the type of an event; name it in codes.type, or leave its records out by except`,
		`line 10: who: "vets" is not an agency of the places file, which has border_police, customs, health, plant_quarantine, transport, veterinary; name the agency in codes.agency`,
		"line 11: who is empty",
		`line 12: how: "x-ray" is no kind; name it in codes.kind as document, scan, weighbridge, physical, sps or immigration_security`,
		`line 13: at: "2026-07-01" is not a time of the layout "%d.%m.%Y %H:%M" (time_layout)`,
		`line 14: at: "29.03.2026 02:30" does not exist in Europe/Warsaw, where clocks were set forward`,
		`line 15: way: "sideways" is no direction; name it in codes.direction as inbound or outbound`,
		`line 16: at: "26.10.2025 02:30" is there twice in Europe/Warsaw, where clocks were set back; times with their offset, or in UTC, would tell, or in_order where the lines are in the order of time`,
		`line 17: at: "01.11.2026 08:00" is in the future`,
		`line 18: post: "Medika" is not in the mapping's bcps (the nearest is "Medyka")`,
		"01T07:40 PL-18-MEDYKA T2 inspection.completed outbound customs scan id=Medyka/T2/inspection.completed/customs/scan/2026-07-01T07:40:00Z", // with what result is unknown
		`line 20: found: "clean" is no result; name it in codes.result as conformant or non_conformant`,
	})
	addUp(t, tally, 18)
	if got := tally.String(); got != "18 lines: 6 events, 12 refused (1 ambiguous_time, 1 future_time, 5 invalid_field, 2 missing_field, 1 unknown_agency, 1 unknown_bcp, 1 unknown_type); 1 not selected by only or except" {
		t.Error(got)
	}
}

// A spreadsheet has a row for each truck, with the time of each event; what has not happened yet is empty. JSON has it nested.
func TestSeveralEventsOfARecord(t *testing.T) {
	const of = `
source: /medyka/book
bcp: PL-18-MEDYKA
direction: inbound
time_layout: "2006-01-02 15:04"
time_zone: Europe/Warsaw
`
	book := mapping(t, of+`
columns: {id: row, subject: truck}
events:
  - {columns: {time: came}, values: {type: truck.arrived}}
  - {columns: {time: exam}, values: {type: inspection.started, agency: customs, kind: physical}}
  - {columns: {time: exam}, values: {type: inspection.started, agency: border_police, kind: document}, only: {police: "yes"}}
  - {columns: {time: went}, values: {type: truck.departed}}
`)
	got, tally := events(t, `row,truck,came,exam,police,went
1,T1,2026-07-01 08:00,2026-07-01 08:30,yes,2026-07-01 09:00
2,T2,2026-07-01 08:00,,no,
3,T3,,,,
`, book)
	same(t, got, []string{
		"01T06:00 PL-18-MEDYKA T1 truck.arrived inbound id=1/truck.arrived",
		"01T06:30 PL-18-MEDYKA T1 inspection.started inbound customs physical id=1/inspection.started/customs/physical",
		"01T06:30 PL-18-MEDYKA T1 inspection.started inbound border_police document id=1/inspection.started/border_police/document",
		"01T07:00 PL-18-MEDYKA T1 truck.departed inbound id=1/truck.departed",
		"01T06:00 PL-18-MEDYKA T2 truck.arrived inbound id=2/truck.arrived",
		"line 4: came, exam, exam, went are empty: it says of no event when it was",
	})
	addUp(t, tally, 6)

	nested := mapping(t, of+`
path: trucks
columns: {subject: plate}
events:
  - {columns: {time: "stops[].time", type: "stops[].event", agency: "stops[].agency"}, values: {kind: document}}
`)
	got, tally = events(t, `{"trucks": [{"plate": "T1", "stops": [
		{"event": "truck.arrived", "time": "2026-07-01 08:00"},
		{"event": "inspection.started", "agency": "customs", "time": "2026-07-01 08:10"},
		{"event": "inspection.started", "time": "2026-07-01 08:10"}]}]}`, nested)
	same(t, got, []string{
		"01T06:00 PL-18-MEDYKA T1 truck.arrived inbound id=PL-18-MEDYKA/T1/truck.arrived/document/2026-07-01T06:00:00Z",
		"01T06:10 PL-18-MEDYKA T1 inspection.started inbound customs document id=PL-18-MEDYKA/T1/inspection.started/customs/document/2026-07-01T06:10:00Z",
		"object 1: stops[].agency is empty",
	})
	addUp(t, tally, 3)
}

// Each slip in a mapping of events is named with its key.
func TestMappingOfEventsNamesEachFault(t *testing.T) {
	_, err := source.ParseMapping("m.yaml", []byte(`
source: /x
bcp: PL-18-MEDYKA
queue: buses
columns: {vehicles: n, time: at, subject: truck}
codes: {type: {IN: truck.came, Q: queue.observed}, place: {a: b}, bcp: {a: b}, lane: {a: b}, channel: {G: groen}}
events:
  - {values: {type: truck.gone, color: red}}
  - {columns: {type: what}, values: {type: truck.arrived}}
  - {columns: {type: what, subject: ""}, values: {kind: x-ray}}
  - {values: {type: bcp.opened}, only: {what: []}}
readings: [{}]
`))
	var got []string
	if err != nil {
		got = strings.Split(err.Error(), "\n")
	}
	const types = "is not the type of an event about a visit or a place; use truck.arrived, inspection.started, channel.assigned, truck.released, clearance.refused, " +
		"declaration.lodged, payment.confirmed, hold.placed, inspection.completed, hold.lifted, truck.departed, bcp.opened, bcp.closed, lane.opened or lane.closed"
	same(t, got, []string{
		`m.yaml: codes.channel.G: "groen" is no channel; use green, yellow, red or blue`,
		`m.yaml: codes.type.IN: "truck.came" ` + types,
		`m.yaml: codes.type.Q: "queue.observed" ` + types,
		`m.yaml: codes: "bcp" belongs in bcps, which has the ids of places by their names`,
		`m.yaml: codes: "lane" is taken as the file has it`,
		`m.yaml: codes: "place" is not supported; use type, direction, agency, channel, regime, kind or result`,
		`m.yaml: events: "4" are given beside readings; use two mappings`,
		`m.yaml: events[0].columns.vehicles: "n" is of readings; an event has no such field`,
		`m.yaml: events[0].values.type: "truck.gone" ` + types,
		`m.yaml: events[0].values: "color" is not supported; use type, bcp, direction, agency, channel, regime, kind, result or lane`,
		`m.yaml: events[1].columns.vehicles: "n" is of readings; an event has no such field`,
		`m.yaml: events[1].values.type: "truck.arrived" is given beside columns.type; one of them is enough`,
		`m.yaml: events[2].columns.vehicles: "n" is of readings; an event has no such field`,
		`m.yaml: events[2].values.kind: "x-ray" is no kind; use document, scan, weighbridge, physical, sps or immigration_security`,
		`m.yaml: events[3].columns.vehicles: "n" is of readings; an event has no such field`,
		`m.yaml: events[3].only: "what" names no column, or no value of it; the same holds for except`,
		`m.yaml: queue: "buses" is of readings; an event has a lane, in columns.lane or values`,
	})
	_, err = source.ParseMapping("m.yaml", []byte("source: /x\ncolumns: {bcp: place, time: at, vehicles: n}\ncodes: {queue: {a: b}, direction: {a: b}, state: {a: b}, closed: {a: b}, result: {a: b}}\n"))
	if err == nil {
		t.Fatal("a mapping of readings has codes")
	}
	same(t, strings.Split(err.Error(), "\n"), []string{
		`m.yaml: codes: "closed" belongs in words.yes and words.no, as codes are of events`,
		`m.yaml: codes: "direction" belongs in words.inbound and words.outbound, as codes are of events`,
		`m.yaml: codes: "queue" is taken as the file has it; a reading with a queue of its own, and only, gives it another name`,
		`m.yaml: codes: "result" is of events, and the mapping is of readings; say in events which ones a record has`,
		`m.yaml: codes: "state" belongs in words.open, words.paused and words.closed, as codes are of events`,
	})
	_, err = source.ParseMapping("m.yaml", []byte("source: /x\ncolumns: {bcp: place, time: at, vehicles: n, subject: truck}\n"))
	if want := `m.yaml: columns.subject: "truck" is of events; say in events which ones a record has`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// Messages of a topic are JSON, or lines of CSV; a message without an id has that of its place in the topic.
func TestMessagesOfATopic(t *testing.T) {
	voc := vocabulary(t)
	translate := func(m *source.Messages, message string) (got []string) {
		passed, err := m.Translate([]byte(message), "gate/3/1204", today, func(l source.Line, err error) error {
			var bad *source.LineError
			switch {
			case errors.As(err, &bad):
				got = append(got, fmt.Sprintf("%s: %s [%s]", bad.Reason, bad.Text, bad.Bytes))
			case err != nil:
				return err
			default:
				got = append(got, said(voc, l.Event))
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if passed > 0 {
			got = append(got, fmt.Sprintf("%d passed over", passed))
		}
		return got
	}
	messages := func(text string) *source.Messages {
		m, err := source.NewMessages(mapping(t, text), voc, zoneOf)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	const of = "source: /gate\nbcp: PL-18-MEDYKA\ndirection: inbound\ntime_layout: epoch_s\ncodes: {type: {IN: truck.arrived, OUT: truck.departed}}\nexcept: {%s: [PING]}\n"
	json := messages(fmt.Sprintf(of, "event.what") + "columns: {subject: event.truck, type: event.what, time: at}\nevents: [{}]\n")
	same(t, translate(json, `{"at": 1782892800, "event": {"what": "IN", "truck": "T1"}}`), []string{
		"01T08:00 PL-18-MEDYKA T1 truck.arrived inbound id=gate/3/1204",
	})
	same(t, translate(json, ` [{"at": 1782892800, "event": {"what": "IN", "truck": "T1"}}, {"event": {"what": "PING"}},
		{"at": "noon", "event": {"what": "IN", "truck": "T2"}}, {"at": 1782892860, "event": {"what": "OUT", "truck": "T1"}}] `), []string{
		"01T08:00 PL-18-MEDYKA T1 truck.arrived inbound id=gate/3/1204",
		`invalid_field: at: "noon" is not a time of the layout "epoch_s" (time_layout) [{"at": "noon", "event": {"what": "IN", "truck": "T2"}}]`,
		"01T08:01 PL-18-MEDYKA T1 truck.departed inbound id=gate/3/1204/4",
		"1 passed over",
	})
	same(t, translate(json, `{"at": 1782892800, "event": `), []string{`unreadable_line: JSON: the file ends in object 1; it was cut off [{"at": 1782892800, "event": ]`})
	same(t, translate(json, " "), []string{"unreadable_line: the message is empty [ ]"})
	same(t, translate(json, "[]"), []string{"unreadable_line: the message has no record [[]]"})
	same(t, translate(json, "OK"), []string{`unreadable_line: JSON: path "" leads to 'O' and not to a list or an object [OK]`})
	same(t, translate(json, "{\"a\": \"\xe9\"}"), []string{"unreadable_line: it is not UTF-8; name the encoding in the mapping, such as encoding: windows-1251 [{\"a\": \"\xe9\"}]"})

	csv := messages(fmt.Sprintf(of, "2") + "header: false\nseparator: ;\ncolumns: {subject: 3, type: 2, time: 1}\nevents: [{}]\n")
	same(t, translate(csv, "1782892800;IN;T1;green\r\n1782892860;OUT;T1;green\n1782892860;PING;;\n1782892860\n\"1782\n"), []string{
		"01T08:00 PL-18-MEDYKA T1 truck.arrived inbound id=gate/3/1204",
		"01T08:01 PL-18-MEDYKA T1 truck.departed inbound id=gate/3/1204/2",
		"unreadable_line: 1 fields instead of 4 [1782892860]",
		`unreadable_line: a quote is not closed, or is inside a field without being doubled ["1782]`,
		"1 passed over",
	})
	same(t, translate(csv, "1782892800;IN"), []string{"unreadable_line: 2 fields, and the mapping names column 3 [1782892800;IN]"})

	for text, want := range map[string]string{
		"source: /gate\ncolumns: {bcp: a, time: b, vehicles: c}\n":                                                                         `mapping "m.yaml" is of queue readings; messages are events`,
		"source: /gate\nbcp: PL-18-MEDYKA\nheader: false\ncolumns: {subject: truck, time: 1}\nevents: [{values: {type: truck.arrived}}]\n": `mapping "m.yaml": column "truck" is no number; the lines of messages have no header, so columns are numbered from 1`,
		"source: /gate\nbcp: PL-19\ncolumns: {subject: truck, time: at}\nevents: [{values: {type: truck.arrived}}]\n":                      `mapping "m.yaml": bcp "PL-19" is not in the configured places, which have PL-06-DOROHUSK, PL-06-ZOSIN, PL-06-DOLHOBYCZOW, PL-06-HREBENNE, PL-18-BUDOMIERZ, PL-18-KORCZOWA, PL-18-MEDYKA, PL-18-MALHOWICE and 1 more; use the places that have it (--places)`,
	} {
		if _, err := source.NewMessages(mapping(t, text), voc, zoneOf); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// A truck comes twice under its plate, which with the day of its arrival is a visit. A part that is empty leaves no id to be taken for another's.
func TestSubjectOfSeveralColumns(t *testing.T) {
	m := mapping(t, "source: /book\nbcp: PL-18-MEDYKA\ndirection: outbound\ntime_zone: place\ntime_layout: 2006-01-02 15:04\ncolumns: {subject: [plate, day]}\nevents:\n"+
		"  - {columns: {time: [day, came]}, values: {type: truck.arrived}}\n  - {columns: {time: went}, values: {type: truck.departed}}\n")
	got, tally := events(t, "plate,day,came,went\nLU 7,2026-07-01,08:00,2026-07-02 07:00\nLU 7, 2026-07-08,08:00,\n,2026-07-08,09:00,\n", m)
	same(t, got, []string{
		"01T06:00 PL-18-MEDYKA LU 7 2026-07-01 truck.arrived outbound id=PL-18-MEDYKA/LU 7 2026-07-01/truck.arrived/2026-07-01T06:00:00Z",
		"02T05:00 PL-18-MEDYKA LU 7 2026-07-01 truck.departed outbound id=PL-18-MEDYKA/LU 7 2026-07-01/truck.departed/2026-07-02T05:00:00Z",
		"08T06:00 PL-18-MEDYKA LU 7 2026-07-08 truck.arrived outbound id=PL-18-MEDYKA/LU 7 2026-07-08/truck.arrived/2026-07-08T06:00:00Z",
		"line 4: plate or day is empty",
	})
	addUp(t, tally, 4)
}

// An import knows the mapping of an earlier one by its hash, which a mapping that was written before a subject could have several columns keeps.
func TestMappingWithOneSubjectKeepsItsHash(t *testing.T) {
	const rest = "source: /s\nbcp: PL-18-MEDYKA\ndirection: inbound\nevents: [{}]\n"
	one := mapping(t, rest+"columns: {time: t, type: w, subject: plate}\n")
	if want := "ea70925c60b4d8affe5578b437e8b97b95f26a4d9844706122b65c01e43ededf"; one.Hash != want {
		t.Errorf("the hash is %s, want %s", one.Hash, want)
	}
	if of := mapping(t, rest+"columns: {time: t, type: w, subject: [plate]}\n"); of.Hash != one.Hash {
		t.Errorf("a list of one has the hash %s, want %s", of.Hash, one.Hash)
	}
	if of := mapping(t, rest+"columns: {time: t, type: w, subject: [plate, day]}\n"); of.Hash == one.Hash {
		t.Error("two columns have the hash of one")
	}
}

// A weighbridge has a column for the end of each weighing, and none for what kind of inspection that is. The refusal says both ways to say it.
func TestFieldWithoutAColumnMayBeAValue(t *testing.T) {
	const m = "source: /scales\nbcp: PL-18-MEDYKA\ntime_layout: epoch_s\ncolumns: {subject: pass, time: at}\nevents: [{values: {type: %s}}]\n"
	const kinds = "document, scan, weighbridge, physical, sps or immigration_security"
	for values, want := range map[string]string{
		"inspection.completed, agency: customs, direction: outbound":   "inspection.completed has no kind; name its column in columns.kind, or say values: {kind: ...} with " + kinds,
		"inspection.completed, kind: weighbridge, direction: outbound": "inspection.completed has no agency; name its column in columns.agency, or say values: {agency: ...} with one of border_police, customs, health, plant_quarantine, transport, veterinary",
		"truck.arrived": "truck.arrived has no direction; name its column in columns.direction, or say values: {direction: ...} with inbound or outbound",
	} {
		got, _ := events(t, "pass,at\nT1,1782892800\n", mapping(t, fmt.Sprintf(m, values)))
		if len(got) != 1 || got[0] != "line 2: "+want {
			t.Errorf("%s:\n got %q\nwant line 2: %s", values, got, want)
		}
	}
}
