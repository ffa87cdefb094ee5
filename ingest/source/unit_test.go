package source_test

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"dwell/ingest/source"
)

// A ministry writes each wait with its unit, minutes or hours.
func TestWaitWithItsUnitBesideIt(t *testing.T) {
	const file = `<r><q at="2026-07-01T02:00:00Z"><wait unit="min">35</wait></q><q at="2026-07-01T03:00:00Z"><wait unit="h">2</wait></q><q at="2026-07-01T04:00:00Z"><wait unit="days">2</wait></q></r>`
	const m = "source: /x\nbcp: PL-18-MEDYKA\npath: r.q\ncolumns: {time: \"@at\", wait: wait}\n"
	_, err := source.NewReader(strings.NewReader(file), []source.Mapping{mapping(t, m+"wait_unit: 1m\n")}, vocabulary(t), zoneOf, today)
	if want := `columns.wait: "wait" has its unit in "wait.@unit", which the mapping does not use; say columns.wait_unit: "wait.@unit", and in wait_units what each word means, such as {min: 1m}`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	const readings = "readings:\n  - {only: {wait.@unit: [min]}, wait_unit: 1m}\n  - {only: {wait.@unit: [h]}, wait_unit: 1h}\n"
	r, err := source.NewReader(strings.NewReader(file), []source.Mapping{mapping(t, m+readings)}, vocabulary(t), zoneOf, today)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := described(t, r), []string{
		"01T02:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=2100 age=unknown",
		"01T03:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=7200 age=unknown",
	}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := r.PassedOver(), `1 element: wait.@unit "days" (1)`; got != want {
		t.Errorf("passed over %s, want %s", got, want)
	}
	object := `{"at":"2026-07-01T02:00:00Z","wait":{"value":35,"unit":"min"}}`
	of := strings.NewReplacer("path: r.q\n", "", "@at", "at", "wait: wait", "wait: wait.value").Replace(m)
	_, err = source.NewReader(strings.NewReader(object), []source.Mapping{mapping(t, of+"wait_unit: 1m\n")}, vocabulary(t), zoneOf, today)
	if want := `columns.wait: "wait.value" has its unit in "wait.unit", which`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	for text, want := range map[string]string{
		m:                                     `wait_unit: "" is empty; say what a one in column "wait" means`,
		m + "readings:\n  - {wait_unit: 5}\n": `readings[0].wait_unit: "5" is not a positive duration such as "1m"`,
		m + "readings:\n  - {wait_unit: 1m}\n  - {queue: x}\n":                                            `wait_unit: "" is empty`,
		strings.Replace(m, "wait: wait", "vehicles: n", 1) + "readings:\n  - {queue: x, wait_unit: 1m}\n": `readings[0].wait_unit: "1m" is there without columns.wait`,
	} {
		if _, err := source.ParseMapping("m.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// The unit of a queue in hours and minutes is its own.
func TestWaitUnitOfOneReading(t *testing.T) {
	m := mapping(t, "source: /x\nbcp: PL-18-MEDYKA\ncolumns: {time: time}\nwait_unit: 1m\nreadings:\n  - {queue: trucks, columns: {wait: trucks}, wait_unit: h:mm}\n  - {queue: buses, columns: {wait: buses}}\n")
	got := readAll(t, strings.NewReader("time,trucks,buses\n2026-07-01T02:00:00Z,1:30,20\n2026-07-01T03:00:00Z,90,20\n"), m)
	if want := []string{
		"01T02:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=5400 age=unknown queue=trucks",
		"01T02:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=1200 age=unknown queue=buses",
		`line 3: trucks: "90" is not a length of time such as 1:30 (wait_unit: h:mm)`,
		"01T03:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=1200 age=unknown queue=buses",
	}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A customs office names the units of its waits in its own language, so that the values tell them: three hours and a quarter were read as three minutes.
func TestUnitBesideAWaitIsFoundByItsValues(t *testing.T) {
	const m = "source: /x\nbcp: PL-18-MEDYKA\ncolumns: {time: at, wait: WAIT}\nwait_unit: 1m\n"
	const at, later = `"at":"2026-07-01T02:00:00Z"`, `"at":"2026-07-01T03:00:00Z"`
	for name, c := range map[string]struct{ path, wait, file, unit string }{
		"an attribute": {"r.q", "wait", `<r><q at="2026-07-01T02:00:00Z"><wait jedinica="h">3.25</wait></q><q at="2026-07-01T03:00:00Z"><wait jedinica="Min.">35</wait></q></r>`, "wait.@jedinica"},
		"an attribute of an element that some have": {
			"r.q", "wait", `<r><q at="2026-07-01T02:00:00Z"><wait/></q><q at="2026-07-01T03:00:00Z"><wait mjera=" сати ">3,25</wait></q></r>`, "wait.@mjera",
		},
		"an attribute beside one":         {"r.q", "@wait", `<r><q at="2026-07-01T02:00:00Z" wait="3" in="ώρα"/></r>`, "@in"},
		"an element beside one in a list": {"r.q", "lane[].wait", `<r><q at="2026-07-01T02:00:00Z"><lane><wait>3</wait><in>saat</in></lane><lane><wait>4</wait><in>dk</in></lane></q></r>`, "lane.in"},
		"an object of its own":            {"", "wait.n", "{" + at + `,"wait":{"n":3,"јединица":"h"}}`, "wait.јединица"},
		"a value beside it":               {"", "wait", "{" + at + `,"wait":3,"in":"год"}`, "in"},
		"a value beside it in a list":     {"", "lanes[].wait", "{" + at + `,"lanes":[{"wait":3,"in":"hours"},{"wait":3,"in":""}]}`, "lanes[].in"},
		"no unit in each":                 {"", "wait", "{" + at + `,"wait":3,"in":"h"}` + "\n{" + later + `,"wait":3,"in":"trucks"}`, ""},
		"the unit of another value":       {"", "wait.n", "{" + at + `,"wait":{"n":3},"open":{"for":"h"}}`, ""},
		"the south":                       {"", "wait", "{" + at + `,"wait":3,"to":"S"}`, ""},
		"no value":                        {"", "wait", "{" + at + `,"wait":3,"in":""}`, ""},
	} {
		text := strings.Replace(m, "WAIT", strconv.Quote(c.wait), 1)
		if c.path != "" {
			text = strings.Replace(text, "time: at", `time: "@at"`, 1) + "path: " + c.path + "\n"
		}
		_, err := source.NewReader(strings.NewReader(c.file), []source.Mapping{mapping(t, text)}, vocabulary(t), zoneOf, today)
		want := fmt.Sprintf("columns.wait: %q has its unit in %q, which the mapping does not use; say columns.wait_unit: %[2]q, and in wait_units what each word means, such as {min: 1m}", c.wait, c.unit)
		if c.unit == "" && err != nil || c.unit != "" && (err == nil || !strings.HasSuffix(err.Error(), want)) {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
	used := strings.Replace(m, "WAIT", "wait", 1) + "only: {in: [min]}\n"
	got := readAll(t, strings.NewReader("{"+at+`,"wait":3,"in":"min"}`), mapping(t, used))
	if want := []string{"01T02:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=180 age=unknown"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A shift writes its short waits in minutes and its long ones in hours, with the unit in a column of its own.
func TestWaitUnitInAColumn(t *testing.T) {
	const m = "source: /x\ncolumns: {bcp: post, time: at, wait: wait, wait_unit: Jedinica}\nwait_units: {min: 1m, H: 1h, sati: h:mm}\ndecimal: \",\"\nwords: {unknown: [\"-\"]}\n"
	got := readAll(t, strings.NewReader("post,at,wait,jedinica\nPL-18-MEDYKA,2026-07-01T02:00:00Z,90,MIN\nPL-18-MEDYKA,2026-07-01T03:00:00Z,\"1,5\",h\n"+
		"PL-18-MEDYKA,2026-07-01T04:00:00Z,1:30,sati\nPL-18-MEDYKA,2026-07-01T05:00:00Z,2,dana\nPL-18-MEDYKA,2026-07-01T06:00:00Z,2,\n"+
		"PL-18-MEDYKA,2026-07-01T07:00:00Z,-,\nPL-18-MEDYKA,2026-07-01T08:00:00Z,PT2H,\nPL-18-MEDYKA,2026-07-01T09:00:00Z,2,kamiona\n"), mapping(t, m))
	same(t, got, []string{
		"01T02:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=5400 age=unknown",
		"01T03:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=5400 age=unknown",
		"01T04:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=5400 age=unknown",
		`line 5: Jedinica: "dana" is not in wait_units; say there what it means, such as {"dana": 24h}`,
		"line 6: Jedinica is empty",
		"01T07:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=unknown age=unknown",
		"01T08:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=7200 age=unknown",
		`line 9: Jedinica: "kamiona" is not in wait_units; say there what it means`,
	})
	of := "source: /x\nbcp: PL-18-MEDYKA\ncolumns: {time: at, wait_unit: in}\nwait_units: {min: 1m, h: 1h}\nreadings:\n  - {queue: trucks, columns: {wait: trucks}}\n  - {queue: buses, columns: {wait: buses}, wait_unit: 1s}\n"
	same(t, readAll(t, strings.NewReader("at,trucks,buses,in\n2026-07-01T02:00:00Z,3,60,h\n"), mapping(t, of)), []string{
		"01T02:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=10800 age=unknown queue=trucks",
		"01T02:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=60 age=unknown queue=buses",
	})
	of = "source: /x\nbcp: PL-18-MEDYKA\npath: r.q\ncolumns: {time: \"@at\", wait: wait, wait_unit: wait.@unit}\nwait_units: {min: 1m, h: 1h}\n"
	file := `<r><q at="2026-07-01T02:00:00Z"><wait unit="min">35</wait></q><q at="2026-07-01T03:00:00Z"><wait unit="h">2</wait></q><q at="2026-07-01T04:00:00Z"/></r>`
	same(t, readAll(t, strings.NewReader(file), mapping(t, of)), []string{
		"01T02:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=2100 age=unknown",
		"01T03:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=7200 age=unknown",
		"01T04:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=unknown age=unknown",
	})
	for text, want := range map[string]string{
		strings.Replace(m, "wait_units: {min: 1m, H: 1h, sati: h:mm}\n", "", 1): `wait_units: "" is empty; say what the words of columns.wait_unit mean`,
		strings.Replace(m, ", wait_unit: Jedinica", "", 1) + "wait_unit: 1m\n":  `wait_units: "3" are there without columns.wait_unit`,
		m + "wait_unit: 1m\n": `wait_unit: "1m" is given beside columns.wait_unit`,
		strings.Replace(m, "wait: wait", "vehicles: wait", 1):       `columns.wait_unit: "Jedinica" is there without columns.wait`,
		strings.Replace(m, "min: 1m", "min: 1m, h: 1m", 1):          "is there twice but for its case, with two meanings",
		strings.Replace(m, "min: 1m", "min: minute", 1):             `wait_units.min: "minute" is not a positive duration`,
		m + "readings: [{columns: {wait_unit: in}, wait_unit: 1m}]": `readings[0].wait_unit: "1m" is given beside columns.wait_unit`,
	} {
		if _, err := source.ParseMapping("m.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// The unit of each wait stands in a column of its own, so that an hour and a half was read as a minute and a half.
func TestUnitInAColumnIsNoticed(t *testing.T) {
	const m = "source: /x\ncolumns: {bcp: post, time: at, wait: wait}\nwait_unit: 1m\n"
	for name, c := range map[string]struct{ file, unit string }{
		"by its values":            {"post,at,wait,јед.\nPL-18-MEDYKA,2026-07-01T02:00:00Z,1.5,h\nPL-18-MEDYKA,2026-07-01T03:00:00Z,45,мин\nPL-18-MEDYKA,2026-07-01T04:00:00Z,,-\n", "јед."},
		"in the last column":       {"post,wait,at,in\nPL-18-MEDYKA,1.5,2026-07-01T02:00:00Z,Sati", "in"},
		"by its name":              {"post,at,wait,Wait unit\nPL-18-MEDYKA,2026-07-01T02:00:00Z,1.5,stundi\n", "Wait unit"},
		"another word beside":      {"post,at,wait,in\nPL-18-MEDYKA,2026-07-01T02:00:00Z,1.5,h\nPL-18-MEDYKA,2026-07-01T03:00:00Z,45,north\n", ""},
		"a unit of another column": {"post,at,wait,unit\nPL-18-MEDYKA,2026-07-01T02:00:00Z,1.5,third brigade\n", ""},
	} {
		_, err := source.NewReader(strings.NewReader(c.file), []source.Mapping{mapping(t, m)}, vocabulary(t), zoneOf, today)
		want := fmt.Sprintf("columns.wait: \"wait\" has its unit in %q, which the mapping does not use; say columns.wait_unit: %[1]q", c.unit)
		if c.unit == "" && err != nil || c.unit != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
	rows := [][]any{{"post", "at", "wait", "in"}, {"PL-18-MEDYKA", "2026-07-01T02:00:00Z", 1.5, "h"}, {"PL-18-MEDYKA", "2026-07-01T03:00:00Z", 45, "min"}}
	file := workbook(t, rows)
	_, err := source.NewReader(bytes.NewReader(file), []source.Mapping{mapping(t, m+"sheet: Queue\n")}, vocabulary(t), zoneOf, today)
	if want := `columns.wait: "wait" has its unit in "in"`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	of := strings.Replace(m, "wait: wait}\nwait_unit: 1m", "wait: wait, wait_unit: in}\nwait_units: {h: 1h, min: 1m}\nsheet: Queue", 1)
	same(t, readAll(t, bytes.NewReader(file), mapping(t, of)), []string{
		"01T02:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=5400 age=unknown",
		"01T03:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=2700 age=unknown",
	})
	age := strings.NewReplacer("wait: wait", "vehicles: trucks, age: wait", "wait_unit", "age_unit").Replace(m)
	_, err = source.NewReader(strings.NewReader("post,at,trucks,wait,in\nPL-18-MEDYKA,2026-07-01T02:00:00Z,1,5,h\n"), []source.Mapping{mapping(t, age)}, vocabulary(t), zoneOf, today)
	if want := `columns.age: "wait" has its unit in "in", which the mapping does not use; say age_unit for one of its words, and take the records with that one alone, such as only: {"in": [min]}`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}
