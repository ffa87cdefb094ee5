package source_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"

	"golang.org/x/text/encoding/unicode"

	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/ingest/source"
)

// Files as people have them: what is proposed reads them, or asks what cannot be known.
func TestProposalReadsTheFileOrAsks(t *testing.T) {
	book, err := place.Load("poland-ukraine")
	if err != nil {
		t.Fatal(err)
	}
	medyka := book.Place("PL-18-MEDYKA").Names["en"]
	cyrillic, err := charmap.Windows1251.NewEncoder().String("Пункт;Час;Черга;Очікування, хв\n" + "PL-18-MEDYKA;24.07.2026 06:16;1 200;12,5\nPL-18-MEDYKA;24.07.2026 07:16;н/д;-\n")
	if err != nil {
		t.Fatal(err)
	}
	polish, err := charmap.Windows1250.NewEncoder().String("Przejście;Czas;Ciężarówki\nPL-18-MEDYKA;24.07.2026 06:16;12\n")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file string
		has  []string // parts of the proposal
		want string   // what the lines become; empty where the proposal is a question
	}{
		"the ids of places, times with a zone": {
			"place,time,trucks\nPL-18-MEDYKA,2026-07-01T00:00:00Z,7\n", []string{`bcp: "place"`}, "1 line: 1 reading, 0 refused",
		},
		"names of places, date and time apart, tabs": {
			"date\ttime\tcrossing\tlane\tdelay_minutes\n07/24/2026\t06:16:00\t" + strings.ToUpper(medyka) + "\tFAST\t45\n",
			[]string{`time: ["date", "time"]`, `separator: "\t"`, `time_layout: "%m/%d/%Y %H:%M:%S"`, "time_zone: place", "wait_unit: 1m", strings.ToUpper(medyka) + `": "PL-18-MEDYKA"`, `queue: "lane"`},
			"1 line: 1 reading, 0 refused",
		},
		"an office's spreadsheet in Windows-1251": {
			cyrillic,
			[]string{"encoding: windows-1251", `separator: ";"`, `decimal: ",."`, `thousands: " "`, `unknown: ["-", "н/д"]`, `vehicles: "Черга"`, `wait: "Очікування, хв"`, "wait_unit: 1m"},
			"2 lines: 2 readings, 0 refused",
		},
		"seconds since 1970": {"time,bcp,count\n1782885600,PL-18-MEDYKA,3\n", []string{`time_layout: "epoch_s"`}, "1 line: 1 reading, 0 refused"},
		"a date that can be read in two ways": {
			"time,bcp,count\n01/02/2026 10:00,PL-18-MEDYKA,3\n", []string{`time_layout: "?" # "%m/%d/%Y %H:%M" or "%d/%m/%Y %H:%M": which one is the month?`}, "",
		},
		"an American clock": {
			"date,time,bcp,count\n7/4/2026,3:30 PM,PL-18-MEDYKA,3\n7/14/2026,12:30 AM,PL-18-MEDYKA,3\n", []string{`time_layout: "%m/%d/%Y %I:%M %p"`}, "2 lines: 2 readings, 0 refused",
		},
		"a comment before the header": {
			"# export of a counter\ntime\tbcp\tcount\n1782885600\tPL-18-MEDYKA\t3\n", []string{`comment: "#"`, `separator: "\t"`}, "1 line: 1 reading, 0 refused; 1 empty or comment line",
		},
		"an office's spreadsheet in Windows-1250": {polish, []string{"encoding: windows-1250", `bcp: "Przejście"`, `vehicles: "Ciężarówki"`}, "1 line: 1 reading, 0 refused"},
		"a wait that no word names, as ISO 8601 writes it": {
			`{"hora":"2026-07-01T00:00:00Z","place":"PL-18-MEDYKA","espera":"PT1H30M"}` + "\n" + `{"hora":"2026-07-01T01:00:00Z","place":"PL-18-MEDYKA","espera":"PT45M"}`,
			[]string{`wait: "espera"`, "wait_unit: 1m # it is required; these lengths have units of their own"},
			"2 lines: 2 readings, 0 refused",
		},
		"numbers under names that are not known": {
			"time\tbcp\tAutocare\tTIR\n2026-07-01T00:00:00Z\tPL-18-MEDYKA\t12\t40\n", []string{`vehicles: "" # no column is named as a number of vehicles or a wait; these have numbers: "Autocare", "TIR"`}, "",
		},
		"JSON lines": {
			`{"at":"2026-07-01T00:00:00Z","place":"PL-18-MEDYKA","queue":{"trucks":7}}` + "\n" + `{"at":"2026-07-01T01:00:00Z","place":"PL-18-MEDYKA","queue":{"trucks":8}}`,
			[]string{`vehicles: "queue.trucks"`},
			"2 lines: 2 readings, 0 refused",
		},
		"a JSON document with lanes": {
			`{"updated":"2026-07-01T00:00:00Z","notes":[1],"data":{"ports":[{"port":"PL-18-MEDYKA","more":[{"x":1}],"lanes":[{"class":"FAST","delay_minutes":4},{"class":"std","delay_minutes":null}]}]}}`,
			[]string{`path: "data.ports"`, `time: "/updated"`, `queue: "lanes[].class"`},
			"2 objects: 2 readings, 0 refused",
		},
		"XML with lanes": {
			`<r><updated>2026-07-01T00:00:00Z</updated><port><name>PL-18-MEDYKA</name><lane><class>FAST</class><delay_minutes>4</delay_minutes></lane><lane><class>std</class></lane></port><port><name>PL-06-ZOSIN</name><lane><class>std</class></lane></port></r>`,
			[]string{`path: "r.port"`, `time: "/r.updated"`, `queue: "lane[].class"`, `wait: "lane[].delay_minutes"`},
			"3 elements: 3 readings, 0 refused",
		},
		"a title above the header, padded as spreadsheets do": {
			"Queues of July;;;\n\nby the duty officer, who counts; at 6 and 14;;\nPlace;Day;Hour;Trucks\nPL-18-MEDYKA;24.07.2026;06:00;12\nPL-18-MEDYKA;24.07.2026;14:00;13\nPL-18-MEDYKA;25.07.2026;06:00;14\n",
			[]string{"skip: 3 # lines of a title above the header", `bcp: "Place"`, `time: ["Day", "Hour"]`, `vehicles: "Trucks"`},
			"3 lines: 3 readings, 0 refused",
		},
		"a title above the header, and a separator for Excel": {
			"sep=;\nQueues\nPlace;Time;Trucks\nPL-18-MEDYKA;24.07.2026 06:00;12\n", []string{"skip: 1", `vehicles: "Trucks"`}, "1 line: 1 reading, 0 refused",
		},
		"a first column without a name": {
			",time,bcp,trucks\n0,2026-07-01T00:00:00Z,PL-18-MEDYKA,3\n1,2026-07-01T01:00:00Z,PL-18-MEDYKA,3\n2,2026-07-01T02:00:00Z,PL-18-MEDYKA,3\n3,2026-07-01T03:00:00Z,PL-18-MEDYKA,3\n",
			[]string{"\"/mine\" # a name of your own for where the file comes from; it is a part of what identifies a reading\ncolumns:"},
			"4 lines: 4 readings, 0 refused",
		},
		"trucks, buses and cars in columns of their own": {
			"Пункт,Час,Вантажівки,Автобуси,Легкові,Разом,\"Очікування, хв\"\nPL-18-MEDYKA,2026-07-01T00:00:00Z,7,2,5,14,30\n",
			[]string{
				`readings: # each column below is read as a queue; delete the lines of columns that are not
  - {queue: trucks, columns: {vehicles: "Вантажівки", wait: "Очікування, хв"}} # is the wait that of this queue?
  - {queue: buses, columns: {vehicles: "Автобуси"}}
  - {queue: cars, columns: {vehicles: "Легкові"}}
wait_unit: 1m
# not used: Разом
`,
			},
			"3 lines: 3 readings, 0 refused",
		},
		"both directions": {
			`{"at":"2026-07-01T00:00:00Z","place":"PL-18-MEDYKA","queue":{"in":{"count":7,"wait_min":30},"out":{"count":9,"wait_min":45}},"trucks_in_yard":4}`,
			[]string{
				"  - {direction: inbound, columns: {vehicles: \"queue.in.count\", wait: \"queue.in.wait_min\"}}\n  - {direction: outbound, columns: {vehicles: \"queue.out.count\", wait: \"queue.out.wait_min\"}}\n",
				"wait_unit: 1m",
			},
			"2 lines: 2 readings, 0 refused",
		},
		"a class in a column of its own, in one of the directions": {
			"time,bcp,lane,trucks_in,cars_in,bus_stop\n2026-07-01T00:00:00Z,PL-18-MEDYKA,FAST,3,4,5\n", []string{`queue: "lane"`, `vehicles: "trucks_in"`}, "1 line: 1 reading, 0 refused",
		},
		"a book with a time of each step of a visit": {
			"No;Plate;Post;Arrived;Released;Left;Direction\n1;LU 1013;PL-18-MEDYKA;10.07.2026 06:17;10.07.2026 09:26;10.07.2026 09:39;inbound\n" +
				"2;LU 1026;PL-18-MEDYKA;10.07.2026 06:34;10.07.2026 08:35;;inbound\n3;LU 1039;PL-18-MEDYKA;13.07.2026 06:51;;;outbound\n",
			[]string{`columns:
  bcp: "Post"
  direction: "Direction"
  id: "No" # a corrected line replaces the earlier one by it; leave it out if lines are numbered anew when one is deleted
  subject: "Plate"
events: # a type for each; ingest/event/README.md says what they mean
  - {columns: {time: "Arrived"}, values: {type: "truck.arrived"}}
  - {columns: {time: "Released"}, values: {type: "truck.released"}}
  - {columns: {time: "Left"}, values: {type: "truck.departed"}}
`},
			"6 lines: 6 events, 0 refused",
		},
		"a book with a day, and a time of day of each step": {
			"Р.бр.,Датум,Возило,Долазак,Раздужено,Одлазак\n1,16.11.2025.,BG 531-BC,22:46,23:22,\n2,16.11.2025.,NS 749-BC,06:09,09:07,09:41\n3,17.11.2025.,BG 531-BC,12:40,,\n4,17.11.2025.,BG 532-BC,13:40,,24:00\n",
			[]string{`columns:
  id: "Р.бр." # a corrected line replaces the earlier one by it; leave it out if lines are numbered anew when one is deleted
  subject: ["Возило", "Датум"]
events: # a type for each; ingest/event/README.md says what they mean
  - {columns: {time: ["Датум", "Долазак"]}, values: {type: "truck.arrived"}}
  - {columns: {time: ["Датум", "Раздужено"]}, values: {type: "truck.released"}}
  - {columns: {time: ["Датум", "Одлазак"]}, values: {type: "truck.departed"}}
`, `time_layout: "%d.%m.%Y. %H:%M"`},
			"",
		},
		"a gate that writes a line for each step": {
			"at,post,lane,plate,what,direction\n2026-07-01T06:00:00Z,PL-18-MEDYKA,1,LU 1013,Entry,inbound\n2026-07-01T07:00:00Z,PL-18-MEDYKA,1,LU 1026,Entry,inbound\n" +
				"2026-07-01T08:00:00Z,PL-18-MEDYKA,2,LU 1013,Exit,inbound\n2026-07-01T09:00:00Z,PL-18-MEDYKA,2,LU 1026,Exit,inbound\n",
			[]string{`columns:
  bcp: "post"
  time: "at"
  lane: "lane"
  direction: "direction"
  subject: "plate"
  type: "what"
codes: # a type for each word, or leave it out by except; ingest/event/README.md says what they mean
  type:
    "Entry": "truck.arrived"
    "Exit": "truck.departed"
events: [{}]
`},
			"4 lines: 4 events, 0 refused",
		},
		"a gate that numbers its lines": {
			"event_id,at,post,what,pass,plate,direction\nE-1,2026-07-01T06:00:00Z,PL-18-MEDYKA,Entry,A1,LU 1013,inbound\nE-2,2026-07-01T07:00:00Z,PL-18-MEDYKA,Entry,A2,LU 1026,inbound\n" +
				"E-3,2026-07-01T08:00:00Z,PL-18-MEDYKA,Exit,A1,LU 1013,inbound\nE-4,2026-07-01T09:00:00Z,PL-18-MEDYKA,Exit,A2,LU 1026,inbound\n",
			[]string{"  id: \"event_id\"\n  subject: \"pass\"\n  type: \"what\"\n"},
			"4 lines: 4 events, 0 refused",
		},
		"a gate of which each line has another code": {
			"code,at,post,what,direction\nE-1,2026-07-01T06:00:00Z,PL-18-MEDYKA,Entry,inbound\nE-2,2026-07-01T07:00:00Z,PL-18-MEDYKA,Entry,inbound\n" +
				"E-3,2026-07-01T08:00:00Z,PL-18-MEDYKA,Exit,inbound\nE-4,2026-07-01T09:00:00Z,PL-18-MEDYKA,Exit,inbound\n",
			[]string{"  subject: \"code\" # another one on each line: is it the id of the record?"},
			"4 lines: 4 events, 0 refused",
		},
		"a book with numbers of rows": {
			"Sıra,Post,Ticket,Arrived,Left,Direction\n1,PL-18-MEDYKA,T-7,2026-07-24 06:16,2026-07-24 09:16,inbound\n2,PL-18-MEDYKA,T-8,2026-07-24 06:16,,inbound\n3,PL-18-MEDYKA,T-9,2026-07-24 06:18,,inbound\n",
			[]string{"  id: \"Sıra\" # a corrected line replaces the earlier one by it; leave it out if lines are numbered anew when one is deleted\n  subject: \"Ticket\"\nevents:"},
			"4 lines: 4 events, 0 refused",
		},
		"a book whose numbers of rows are those of visits": {
			"No,Post,Arrived,Left,Direction\nK1,PL-18-MEDYKA,2026-07-24 06:16,2026-07-24 09:16,inbound\nK2,PL-18-MEDYKA,2026-07-24 06:16,,inbound\nK3,PL-18-MEDYKA,2026-07-24 06:18,,inbound\n",
			[]string{"\n  subject: \"No\"\nevents:"},
			"4 lines: 4 events, 0 refused",
		},
		"a gate whose words nobody knows, and no header": {
			"# a gate\n24/07/2026,07:40:00,KDH-1,RASID\n24/07/2026,07:41:00,KDH-2,RASID\n24/07/2026,07:42:00,KDH-1,RAFT\n24/07/2026,07:43:00,KDH-2,RAFT\n",
			[]string{"header: false", `time: ["1", "2"]`, `"RASID": ""`, `"RAFT": ""`, `direction: "" # no column looks like one`},
			"",
		},
		"a state in words of the office": {
			"time,bcp,trucks,Situação,note\n2026-07-01T00:00:00Z,PL-18-MEDYKA,7,Aberto,a\n2026-07-01T01:00:00Z,PL-18-MEDYKA,-,fechado,b\n2026-07-01T02:00:00Z,PL-18-MEDYKA,8,aberto,c\n",
			[]string{"  state: \"Situação\"\n", "words: {unknown: [\"-\"], open: [\"Aberto\", \"aberto\"], closed: [\"fechado\"]}\n# not used: note\n"},
			"3 lines: 3 readings, 0 refused",
		},
		"a state in our own words": {
			"time,bcp,trucks,state\n2026-07-01T00:00:00Z,PL-18-MEDYKA,7,OPEN\n2026-07-01T01:00:00Z,PL-18-MEDYKA,7,closed\n", []string{"  state: \"state\"\n"}, "2 lines: 2 readings, 0 refused",
		},
		"a wait in hours and minutes": {"time,bcp,wait\n2026-07-01T00:00:00Z,PL-18-MEDYKA,26:30\n", []string{`wait: "wait"`, "wait_unit: h:mm"}, "1 line: 1 reading, 0 refused"},
		"a wait without a unit":       {"time,bcp,wait\n2026-07-01T00:00:00Z,PL-18-MEDYKA,7\n", []string{`wait_unit: "" # the header names no unit`}, ""},
		"a wait with its unit in a column": {
			"време,прелаз,чекање,unit\n2026-07-01T00:00:00Z,PL-18-MEDYKA,1.5,h\n2026-07-01T01:00:00Z,PL-18-MEDYKA,45,min\n2026-07-01T02:00:00Z,PL-18-MEDYKA,30,min\n",
			[]string{"  wait: \"чекање\"\n  wait_unit: \"unit\"\n", "wait_units: {\"h\": \"1h\", \"min\": \"1m\"}\n"},
			"3 lines: 3 readings, 0 refused",
		},
		"a wait with its unit beside it": {
			`[{"time":"2026-07-01T00:00:00Z","bcp":"PL-18-MEDYKA","wait":{"value":2,"unit":"h"},"open":{"for":"h"}}]`,
			[]string{"  wait: \"wait.value\"\n  wait_unit: \"wait.unit\"\n", "wait_units: {\"h\": \"1h\"}\n"},
			"1 object: 1 reading, 0 refused",
		},
		"a wait with its unit in words that nobody knows": {
			"time,bcp,wait,wait_unit\n2026-07-01T00:00:00Z,PL-18-MEDYKA,1.5,stundi\n", []string{"wait_units: {\"stundi\": \"\"} # what is empty is not known: 1s, 1m, 1h or 24h\n"}, "",
		},
		"a header with a name twice": {
			"Queues\nplace;time;trucks;time ;note\nPL-18-MEDYKA;2026-07-01T00:00:00Z;3;later;ok\nPL-18-MEDYKA;2026-07-01T01:00:00Z;3;;ok\n",
			[]string{
				"header: false # a name of a column is there twice, so they are named by their numbers: 1 place, 2 time, 3 trucks, 4 time, 5 note\nskip: 2 # lines or rows with the header\n",
				"  bcp: \"1\"\n  time: \"2\"\n  vehicles: \"3\"\n", "# not used: 4, 5\n",
			},
			"2 lines: 2 readings, 0 refused",
		},
		"a header with a name twice that is not used": {
			"place,time,trucks,note,note\nPL-18-MEDYKA,2026-07-01T00:00:00Z,3,x,y\n", []string{"  vehicles: \"trucks\"\n", "# not used: note, note\n"}, "1 line: 1 reading, 0 refused",
		},
		"UTF-16 without a mark": {
			utf16("Place,Час,Вантажівки\nPL-18-MEDYKA,2026-07-01T00:00:00Z,3\n"), []string{"\nencoding: utf-16le\ncolumns:\n", "  bcp: \"Place\"\n", "  vehicles: \"Вантажівки\"\n"}, "1 line: 1 reading, 0 refused",
		},
		"a wait in the language of the office, beside counts": {
			"Ora,Punct,Camioane,Așteptare (ore)\n2026-07-01T00:00:00Z,PL-18-MEDYKA,3,7\n",
			[]string{"  wait: \"Așteptare (ore)\"\n  # vehicles: no column is named as their number; these have numbers: \"Camioane\"\n", "wait_unit: 1h\n"},
			"1 line: 1 reading, 0 refused",
		},
		"no place": {"time,trucks\n2026-07-01T00:00:00Z,7\n", []string{`bcp: "" # no column looks like a place`}, ""},
		"a place of another name": {
			"post,time,trucks\nAtlantis,2026-07-01T00:00:00Z,7\n", []string{`"Atlantis": "" # the id of a configured place`}, "",
		},
		"no time": {"bcp,trucks\nPL-18-MEDYKA,7\n", []string{`time: "" # no column has times of a known layout`}, ""},
	} {
		text, err := source.Propose(strings.NewReader(c.file), "/mine", book.Named)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, part := range c.has {
			if !bytes.Contains(text, []byte(part)) {
				t.Errorf("%s: %q is not in\n%s", name, part, text)
			}
		}
		m, err := source.ParseMapping("m.yaml", text)
		if (err == nil) != (c.want != "") {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
		if err != nil {
			continue
		}
		r, err := source.NewReader(strings.NewReader(c.file), []source.Mapping{m}, vocabulary(t), func(id string) *time.Location { return book.Place(id).Zone }, today)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, err := range r.Events() {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := r.Tally().String(); got != c.want {
			t.Errorf("%s: %s\n%s", name, got, text)
		}
	}
}

// utf16 is a text in UTF-16 whose second byte is the higher one, without a mark.
func utf16(text string) string {
	encoded, _ := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().String(text)
	return encoded
}

// A program writes UTF-16 and leaves the byte order mark out, so that each name has a zero behind each letter.
func TestUnmarkedUTF16IsNamed(t *testing.T) {
	file := utf16("place,time,trucks\nPL-18-MEDYKA,2026-07-01T02:00:00Z,7\n")
	other := []byte(file)
	for i := 0; i < len(other); i += 2 {
		other[i], other[i+1] = other[i+1], other[i]
	}
	cut := utf16("вантажівки;час\nвантажівки;7\n")
	for text, want := range map[string]string{
		file:              "this looks like UTF-16 without a byte order mark; say encoding: utf-16le in a mapping, or save it as UTF-8",
		string(other):     "this looks like UTF-16 without a byte order mark; say encoding: utf-16be in a mapping, or save it as UTF-8",
		cut:               "say encoding: utf-16le in a mapping",
		"\xff\xfe" + file: "",
		"place,time,trucks\n\x00\x00,\x00\x00\x00\n": "",
	} {
		r, err := source.NewReader(strings.NewReader(text), []source.Mapping{mapping(t, counts)}, vocabulary(t), zoneOf, today)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, source.ErrNoMapping)) {
			t.Errorf("%q: got %v, %v, want %s", text, r, err, want)
		}
	}
	same(t, readAll(t, strings.NewReader(file), mapping(t, counts+"encoding: utf-16le\n")), []string{"01T02:00 PL-18-MEDYKA queue.observed vehicles=7 wait=unknown age=unknown"})
	if err := func() error {
		for _, err := range source.NewEvents(strings.NewReader(utf16(`{"specversion":"1.0"}`)), nil, nil).Lines() {
			return err
		}
		return nil
	}(); err == nil || !strings.Contains(err.Error(), "this looks like UTF-16") {
		t.Errorf("events: got %v", err)
	}
}

// Offices of Serbia, Croatia, Slovakia and Hungary write a point behind the year, or blanks between the parts of a date.
func TestProposalKnowsTheDatesOfNeighbours(t *testing.T) {
	for text, want := range map[string]string{
		"16.11.2025. 05:00":            "%d.%m.%Y. %H:%M",
		"6.1.2025. 5:00:01":            "%d.%m.%Y. %H:%M:%S",
		"16. 11. 2025. 05:00":          "%d. %m. %Y. %H:%M",
		"16. 11. 2025 5:00":            "%d. %m. %Y %H:%M",
		"2025. 11. 16. 05:00":          "%Y. %m. %d. %H:%M",
		"2025.11.16. 5:00":             "%Y.%m.%d. %H:%M",
		"2025.11.16 05:00:00":          "%Y.%m.%d %H:%M:%S",
		"16.11.2025, 05:00":            "%d.%m.%Y, %H:%M",
		"2025.\u00a011.\u00a016. 5:00": "%Y. %m. %d. %H:%M", // blanks that do not end a line
	} {
		file := "bcp;time;trucks\nPL-18-MEDYKA;" + text + ";7\n"
		proposed, err := source.Propose(strings.NewReader(file), "/mine", func(name string) (string, bool) { return name, name == "PL-18-MEDYKA" })
		if err != nil {
			t.Fatal(err)
		}
		if line := fmt.Sprintf("time_layout: %q\n", want); !bytes.Contains(proposed, []byte(line)) {
			t.Errorf("%q: %q is not in\n%s", text, line, proposed)
			continue
		}
		if got := readAll(t, strings.NewReader(file), mapping(t, string(proposed))); len(got) != 1 || !strings.Contains(got[0], "PL-18-MEDYKA queue.observed vehicles=7") {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestNoProposalForWhatIsNoTable(t *testing.T) {
	for file, want := range map[string]string{
		"":                 "the file is empty",
		"<r><a>1</a></r>":  "XML: no element repeats",
		"[1, 2]":           "is no object of JSON",
		"time,place\n":     "the file has a header and no line that can be read",
		"one column\n1\n":  "no character separates the lines into columns",
		"PK\x03\x04 sheet": "this is a zip or XLSX file",
		`{"specversion":"1.0","id":"1","source":"/gate","type":"dwell.truck.arrived.v1","time":"2026-07-01T00:00:00Z","data":{"bcp":"PL-18-MEDYKA"}}`: "these are CloudEvents, and need no mapping: dwell import events FILE",
		`[{"specversion":"1.0","id":"1","source":"/gate","type":"gate.in","time":"2026-07-01T00:00:00Z","data":{"list":[{"a":1}]}}]`:                  `these are CloudEvents of other types, such as "gate.in"; a mapping of events (ingest/README.md) says what they mean: dwell import events --map MAPPING FILE`,
	} {
		if _, err := source.Propose(strings.NewReader(file), "/mine", func(string) (string, bool) { return "", false }); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", file, err, want)
		}
	}
}

// FuzzPropose checks that whatever the file is, there is a proposal or an error, and nothing panics.
func FuzzPropose(f *testing.F) {
	f.Add([]byte("place;time;trucks\nA;24.07.2026 06:16;1 200,5\n"))
	f.Add([]byte("\xff\xfea\x00,\x00b\x00\n\x00"))
	v, err := event.NewVocabulary([]string{"A"}, []string{"customs"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		text, err := source.Propose(bytes.NewReader(data), "/mine", func(name string) (string, bool) { return name, name == "A" })
		if err != nil {
			return
		}
		m, err := source.ParseMapping("m.yaml", text)
		if err != nil {
			return
		}
		r, err := source.NewReader(bytes.NewReader(data), []source.Mapping{m}, v, zoneOf, today)
		if err != nil {
			return
		}
		for _, err := range r.Events() {
			var bad *source.LineError
			if err != nil && !errors.As(err, &bad) {
				t.Fatal(err)
			}
		}
		if n := r.Tally(); n.Lines != n.Taken+n.Duplicates+n.AllRefused() {
			t.Fatal(n)
		}
	})
}

// A sheet has a title of two rows, and dates that are written once for several rows.
func TestProposalFindsTheHeaderOfASheet(t *testing.T) {
	day := time.Date(2026, 7, 24, 0, 0, 0, 0, time.UTC)
	rows := [][]any{{"Queues of July", nil, nil, nil, "page 1"}, {"by the duty officer"}, {"Place", "Day", "Hour", "Trucks", "Buses"}}
	for i := range 8 {
		rows = append(rows, []any{"PL-18-MEDYKA", day, float64(i) / 8, 10 + i, i})
	}
	rows[4][1] = nil
	file := workbook(t, rows)
	text, err := source.Propose(bytes.NewReader(file), "/mine", func(name string) (string, bool) { return name, name == "PL-18-MEDYKA" })
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"sheet: \"Queue\" # of Sheet1, Queue\n", "skip: 2 # rows of a title above the header\n", `time: ["Day", "Hour"]`, "time_layout: \"excel\"", `  - {queue: buses, columns: {vehicles: "Buses"}}`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}
