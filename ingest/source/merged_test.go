package source_test

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"dwell/ingest/source"
)

// mergedSheet is an XLSX file with these rows below the header place, time, trucks, note, and these merged cells.
func mergedSheet(t testing.TB, rows string, areas ...string) io.Reader {
	t.Helper()
	rows += "</sheetData><mergeCells>"
	for _, area := range areas {
		rows += fmt.Sprintf(`<mergeCell ref=%q/>`, area)
	}
	return bytes.NewReader(sheetXML(t, strings.NewReader(rows+"</mergeCells></worksheet>"), nil))
}

// row is a row of texts, of which "" is a cell without a value.
func row(number int, cells ...string) string {
	return strings.ReplaceAll(text(number, cells...), "<is><t></t></is>", "")
}

const mergedCounts = "source: /office\ncolumns: {bcp: place, time: time, vehicles: trucks, state: note}\nwords: {unknown: [none]}\n"

// An office writes the name of a place once, and merges its cell over all of the hours below.
func TestMergedCellIsReadInEachOfItsRows(t *testing.T) {
	at := func(hour int) string { return fmt.Sprintf("2026-07-01T%02d:00:00Z", hour) }
	says := func(hour int, place string, figures string) string {
		return fmt.Sprintf("01T%02d:00 %s queue.observed %s", hour, place, figures)
	}
	const medyka, dorohusk = "PL-18-MEDYKA", "PL-06-DOROHUSK"
	seven := "vehicles=7 wait=unknown age=unknown"
	for name, c := range map[string]struct {
		rows  string
		areas []string
		want  []string
	}{
		"the place": {
			row(2, medyka, at(2), "7") + row(3, "", at(3), "7") + row(4, dorohusk, at(4), "7") + row(6, "", at(6), "7"),
			[]string{"A4:A6", "A2:A3"},
			[]string{says(2, medyka, seven), says(3, medyka, seven), says(4, dorohusk, seven), says(6, dorohusk, seven)},
		},
		"a row without a value of its own": {
			row(2, medyka, at(2), "7") + row(3, "", "", ""),
			[]string{"A2:A3", "B2:B3", "C2:C3"},
			[]string{says(2, medyka, seven)},
		},
		"one count of two rows": {
			row(2, medyka, at(2), "7") + row(3, medyka, at(3), ""),
			[]string{"C2:C3"},
			[]string{
				"row 2: trucks: cell C2 lies in the merged cells C2:C3, whose one number may be that of all of them together; unmerge them, and give each cell its own",
				"row 3: trucks: cell C3 lies in the merged cells C2:C3, whose one number may be that of all of them together; unmerge them, and give each cell its own",
			},
		},
		"a word of two rows": {
			row(2, medyka, at(2), "none") + row(3, medyka, at(3), ""),
			[]string{"C2:C3"},
			[]string{says(2, medyka, "vehicles=unknown wait=unknown age=unknown"), says(3, medyka, "vehicles=unknown wait=unknown age=unknown")},
		},
		"a word of two columns": {
			row(2, medyka, at(2), "none", ""),
			[]string{"C2:D2"},
			[]string{says(2, medyka, "vehicles=unknown wait=unknown age=unknown")},
		},
		"a number of two columns": {
			row(2, medyka, at(2), "7", "") + row(3, medyka, at(3), "7"),
			[]string{"C2:D2"},
			[]string{
				"row 2: trucks: cell C2 lies in the merged cells C2:D2, whose one number may be that of all of them together; unmerge them, and give each cell its own",
				says(3, medyka, seven),
			},
		},
		"a value under the one that is shown": {
			row(2, medyka, at(2), "7") + row(3, dorohusk, at(3), "7"),
			[]string{"A2:A3"},
			[]string{says(2, medyka, seven), `row 3: place: cell A3 lies in the merged cells A2:A3, which show "PL-18-MEDYKA", and has "PL-06-DOROHUSK"; unmerge them`},
		},
		"areas that overlap": {
			row(2, medyka, at(2), "7") + row(3, "", at(3), "7"),
			[]string{"A2:A3", "A3:A4"},
			[]string{says(2, medyka, seven), "row 3: place: cell A3 lies in the merged cells A3:A4, which overlap with A2:A3"},
		},
		"the header": {
			row(2, "", at(2), "7"),
			[]string{"A1:A2"},
			[]string{"row 2: place is empty"},
		},
		"a column that is not used": {
			row(2, medyka, at(2), "7", "", "9") + row(3, medyka, at(3), "7"),
			[]string{"E2:E9", "F2:H7"},
			[]string{"row 2: 5 cells instead of 4", says(3, medyka, seven)},
		},
		"an error": {
			strings.Replace(row(2, "x", at(2), "7"), `t="inlineStr"><is><t>x</t></is>`, `t="e"><v>#REF!</v>`, 1) + row(3, "", at(3), "7"),
			[]string{"A2:A3"},
			[]string{
				`row 2: place: cell A2 has the error "#REF!"; a word for unknown belongs in words.unknown`,
				`row 3: place: cell A3 has the error "#REF!"; a word for unknown belongs in words.unknown`,
			},
		},
	} {
		if got := readAll(t, mergedSheet(t, c.rows, c.areas...), mapping(t, mergedCounts)); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", name, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
	}
}

// A header of two rows has the names that are one row high above, in merged cells. A title over all columns names none of them.
func TestHeaderOfTwoRowsHasTheNamesAboveIt(t *testing.T) {
	rows := row(2, "Place", "Time", "Queue", "") + row(3, "", "", "Lorries", "State") + row(4, "PL-18-MEDYKA", "2026-07-01T02:00:00Z", "7", "open")
	m := "source: /office\nskip: 2\ncolumns: {bcp: place, time: time, vehicles: lorries, state: state}\n"
	got := readAll(t, mergedSheet(t, rows, "A2:A3", "B2:B3", "C2:D2", "A1:D1"), mapping(t, m))
	if want := []string{"01T02:00 PL-18-MEDYKA queue.observed vehicles=7 wait=unknown age=unknown state=open"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	headless := "source: /office\nskip: 1\nheader: false\ncolumns: {bcp: \"1\", time: \"2\", vehicles: \"3\"}\n"
	rows = row(2, "PL-18-MEDYKA", "2026-07-01T02:00:00Z", "7") + row(3, "", "2026-07-01T03:00:00Z", "8")
	got = readAll(t, mergedSheet(t, rows, "A2:A3", "B2:C2"), mapping(t, headless))
	if want := []string{
		"row 2: 3: cell C2 lies in the merged cells B2:C2, which show \"2026-07-01T02:00:00Z\", and has \"7\"; unmerge them",
		"01T03:00 PL-18-MEDYKA queue.observed vehicles=8 wait=unknown age=unknown",
	}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Merged cells that cannot be known are not guessed: the sheet is refused as a whole.
func TestMergedCellsThatCannotBeReadRefuseTheSheet(t *testing.T) {
	rows := trucks(2, "<c><v>7</v></c>")
	for end, want := range map[string]string{
		`</sheetData><mergeCells><mergeCell ref="A2:"/></mergeCells></worksheet>`:                                      `sheet "Queue": its merged cells cannot be read: "A2:" is no area`,
		`</sheetData><mergeCells><mergeCell ref="A3:A2"/></mergeCells></worksheet>`:                                    `sheet "Queue": its merged cells cannot be read: "A3:A2" is no area`,
		`</sheetData><mergeCells><mergeCell ref="A2:A3"/>`:                                                             `sheet "Queue": its merged cells cannot be read: XML syntax error`,
		`</sheetData><mergeCells>` + strings.Repeat(`<mergeCell ref="A2:A3"/>`, 100_001) + `</mergeCells></worksheet>`: `sheet "Queue": its merged cells cannot be read: there are more than 100000; save the sheet as CSV`,
	} {
		file := sheetXML(t, strings.NewReader(rows+end), nil)
		_, err := source.NewReader(bytes.NewReader(file), []source.Mapping{mapping(t, sheetCounts)}, vocabulary(t), zoneOf, today)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// A record that is two rows high has one count.
func TestCountOfARecordThatIsTwoRowsHigh(t *testing.T) {
	rows := row(2, "PL-18-MEDYKA", "2026-07-01T02:00:00Z", "7") + `<row r="3"><c r="D3" t="inlineStr"><is><t>x</t></is></c></row>`
	got := readAll(t, mergedSheet(t, rows, "A2:A3", "B2:B3", "C2:C3"), mapping(t, sheetCounts))
	if want := []string{"01T02:00 PL-18-MEDYKA queue.observed vehicles=7 wait=unknown age=unknown"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
