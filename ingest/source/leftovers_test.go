package source_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"dwell/ingest/source"
)

// What stands above the values of a table: a separator for Excel, a title, or nothing at all.
func TestWhatStandsAboveTheValues(t *testing.T) {
	const byName, byNumber = "source: /x\ncolumns: {bcp: place, time: time, vehicles: trucks}\n", "source: /x\nheader: false\ncolumns: {bcp: 2, time: [1], vehicles: 3}\n"
	const header, line = "time,place,trucks\n", "2026-07-01T00:00:00Z,PL-18-MEDYKA,7\n"
	read := "01T00:00 PL-18-MEDYKA queue.observed vehicles=7 wait=unknown age=unknown"
	semicolons := strings.NewReplacer(",", ";")
	for name, c := range map[string]struct {
		file, mapping string
		want          []string
	}{
		"a separator":                {"sep=;\r\n" + semicolons.Replace(header+line+"x;y\n"), byName, []string{read, "line 4: 2 fields instead of 3"}},
		"a separator and a title":    {"SEP=;\n" + "Queue\n" + semicolons.Replace(header+line), "skip: 1\n" + byName, []string{read}},
		"a title, a date, and blank": {"Queue \"today\"\n1 July\n\n" + header + line + "x,y\n", "skip: 3\n" + byName, []string{read, "line 6: 2 fields instead of 3"}},
		"no header":                  {line + "x,y\n", byNumber, []string{read, "line 2: 2 fields instead of 3"}},
		"a title and no header":      {"Queue\n" + line, "skip: 1\n" + byNumber, []string{read}},
		"more than the file has":     {header + line, "skip: 7\n" + byName, []string{`readings: header: the file has none`}},
		"a column too many":          {line, strings.Replace(byNumber, "vehicles: 3", "vehicles: 4", 1), []string{`readings: mapping "m.yaml" does not fit the header "1,2,3": column "4" is missing (the nearest is "1")`}},
	} {
		got, _ := tally(t, c.file, c.mapping)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", name, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
	}
	sheet := workbook(t, [][]any{{"Queue of July"}, {"2026-07-01T00:00:00Z", "PL-18-MEDYKA", 7}, {"2026-07-01T01:00:00Z", "PL-18-MEDYKA", 7, "x"}})
	got := readAll(t, bytes.NewReader(sheet), mapping(t, "sheet: Queue\nskip: 1\n"+byNumber))
	if want := []string{read, "row 3: 4 cells instead of 3"}; !slices.Equal(got, want) {
		t.Errorf("a sheet:\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
	id := func(name string) (string, bool) { return name, name == "PL-18-MEDYKA" }
	for file, want := range map[string]string{line + line: "header: false", "sep=;\n" + semicolons.Replace(header+line): `time: "time"`, "a#b," + header + "1," + line: `bcp: "place"`} {
		text, err := source.Propose(strings.NewReader(file), "/mine", id)
		if err != nil || !strings.Contains(string(text), want) || strings.Contains(string(text), "comment") {
			t.Errorf("%s: %v\n%s", file, err, text)
		}
	}
}
