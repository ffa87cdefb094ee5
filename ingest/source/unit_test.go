package source_test

import (
	"slices"
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
