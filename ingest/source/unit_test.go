package source_test

import (
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
	if want := `columns.wait: "wait" has its unit in "wait.@unit", which the mapping does not use; make a reading for each unit, such as {only: {"wait.@unit": [min]}, wait_unit: 1m}`; err == nil || !strings.Contains(err.Error(), want) {
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
	if got, want := r.PassedOver(), `wait.@unit "days" (1)`; got != want {
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
		want := fmt.Sprintf("columns.wait: %q has its unit in %q, which the mapping does not use; make a reading for each unit, such as {only: {%[2]q: [min]}, wait_unit: 1m}", c.wait, c.unit)
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
