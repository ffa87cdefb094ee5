package annotation

import (
	"reflect"
	"strings"
	"testing"
)

const holidays = `kind,place,from,until,text,author
holiday,,2026-03-21,2026-03-22,Nowruz,
closure,TORKHAM,2026-04-01T08:00:00+04:30,,"protest, all lanes",Zahra
strike,TORKHAM,2026-04-01,,strike,
closure,KHYBER,2026-04-01,,protest,
holiday,HAIRATAN
holiday,,2026-03-20T19:30:00Z,2026-03-22,Nowruz,Omar
`

// A file of holidays is entered, and entered again: the second time changes nothing. Its rows add up.
func TestTheSameFileAgainChangesNothing(t *testing.T) {
	places, noon := border(t), utc("2026-05-01T12:00:00Z")
	rows, err := ReadFile("holidays.CSV", []byte("\uFEFF"+holidays))
	if err != nil || len(rows) != 6 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	first := EnterAll(rows, nil, places, "Ahmad", noon)
	if want := map[Outcome]int{Added: 2, Known: 1, Refused: 3}; !reflect.DeepEqual(first.Counts, want) || len(first.Versions) != 2 {
		t.Errorf("%v, %d versions, want %v", first.Counts, len(first.Versions), want)
	}
	if want := []string{
		`line 4: kind: "strike" is not supported; use one of process_change closure instrument_fault holiday`,
		`line 5: place: "KHYBER" is not in the places file; use one of TORKHAM, HAIRATAN, or leave it out for all`,
		"line 6: it has 2 cells, and the first line has 6",
	}; !reflect.DeepEqual(first.Refusals, want) {
		t.Errorf("refused are\n%s\nwant\n%s", strings.Join(first.Refusals, "\n"), strings.Join(want, "\n"))
	}
	if a, b := first.Versions[0], first.Versions[1]; a.Author != "Ahmad" || b.Author != "Zahra" || b.Text != "protest, all lanes" || !b.From.Equal(utc("2026-04-01T03:30:00Z")) {
		t.Errorf("%+v and %+v", a, b)
	}
	again := EnterAll(rows, first.Versions, places, "Ahmad", noon)
	if want := map[Outcome]int{Known: 3, Refused: 3}; !reflect.DeepEqual(again.Counts, want) || len(again.Versions) != 0 {
		t.Errorf("again: %v, %d versions, want %v", again.Counts, len(again.Versions), want)
	}
}

// Of two rows with one id that disagree only one can hold, and each import would change the annotation twice.
func TestAnIDStandsForOneAnnotationInAFile(t *testing.T) {
	file := `
annotations:
  - {id: eid, kind: holiday, from: 2026-03-20, until: 2026-03-23, text: Eid}
  - {id: eid, kind: holiday, from: 2026-03-21, until: 2026-03-24, text: Eid}
  - {id: eid, kind: holiday, from: 2026-03-20, until: 2026-03-23, text: Eid, author: Zahra}
`
	rows, err := ReadFile("eid.yaml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	got := EnterAll(rows, nil, border(t), "Ahmad", utc("2026-05-01T12:00:00Z"))
	if want := map[Outcome]int{Added: 1, Known: 1, Refused: 1}; !reflect.DeepEqual(got.Counts, want) {
		t.Errorf("%v, want %v", got.Counts, want)
	}
	if want := []string{`annotation 2: id: "eid" is in annotation 1 too, which says otherwise; give each its own id`}; !reflect.DeepEqual(got.Refusals, want) {
		t.Errorf("%q, want %q", got.Refusals, want)
	}
	moved, err := ReadFile("eid.yml", []byte(strings.Replace(file, "2026-03-20, until: 2026-03-23, text: Eid}", "2026-03-21, until: 2026-03-24, text: Eid}", 1)))
	if err != nil {
		t.Fatal(err)
	}
	changed := EnterAll(moved[:2], got.Versions, border(t), "Omar", utc("2026-05-02T12:00:00Z"))
	if want := map[Outcome]int{Changed: 1, Known: 1}; !reflect.DeepEqual(changed.Counts, want) || changed.Versions[0].Author != "Omar" {
		t.Errorf("%v, %+v, want %v", changed.Counts, changed.Versions, want)
	}
}

func TestAFileThatCannotBeReadToItsEndHasNoRows(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a.txt", holidays, `"a.txt" is neither a CSV file nor a YAML file; let its name end in .csv or .yaml`},
		{"a.csv", "", "the first line is not that of the columns: EOF"},
		{"a.csv", "kind;place;from\n", `column "kind;place;from" is not supported, or there twice; use each of author, from, id, kind, place, text, until once at most, with commas between them`},
		{"a.csv", "kind,from,kind\n", `column "kind" is not supported, or there twice; use each of author, from, id, kind, place, text, until once at most, with commas between them`},
		{"a.csv", "kind,from\n", `column "text" is missing`},
		{"a.csv", "kind,from,text\nholiday,2026-03-21,\"Nowruz\n", "parse error on line 2, column 28: extraneous or missing"},
		{"a.yaml", "annotations:\n  - {kind: holiday, bcp: TORKHAM}\n", `unknown field "bcp"`},
		{"a.csv", strings.Repeat("x", 1<<20+1), "it has 1048577 bytes, more than 1048576; divide it into several"},
	} {
		if rows, err := ReadFile(c.name, []byte(c.text)); len(rows) > 0 || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %d rows, %v, want %q", c.name, len(rows), err, c.want)
		}
	}
}
