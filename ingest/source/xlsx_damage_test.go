package source_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"dwell/ingest/source"
)

// sheetXML is an XLSX file with these rows, below a header, and this string table; "" is none.
func sheetXML(t testing.TB, rows io.Reader, table io.Reader) []byte {
	t.Helper()
	const start, relations = `<?xml version="1.0"?>`, `http://schemas.openxmlformats.org/officeDocument/2006/relationships`
	parts := map[string]io.Reader{
		"[Content_Types].xml": strings.NewReader(start + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>`),
		"_rels/.rels":         strings.NewReader(start + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="` + relations + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`),
		"xl/workbook.xml":     strings.NewReader(start + `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="` + relations + `"><sheets><sheet name="Queue" sheetId="1" r:id="rId1"/></sheets></workbook>`),
		"xl/_rels/workbook.xml.rels": strings.NewReader(start + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="` + relations + `/worksheet" Target="/xl/worksheets/sheet1.xml"/>` +
			`<Relationship Id="rId2" Type="` + relations + `/sharedStrings" Target="sharedStrings.xml"/></Relationships>`),
		"xl/worksheets/sheet1.xml": io.MultiReader(strings.NewReader(start+`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">`+"\n<sheetData>\n"+text(1, "place", "time", "trucks", "note")), rows),
	}
	if table != nil {
		parts["xl/sharedStrings.xml"] = table
	}
	return zipped(t, parts)
}

// text is a row of texts.
func text(number int, cells ...string) string {
	row := fmt.Sprintf(`<row r="%d">`, number)
	for i, s := range cells {
		row += fmt.Sprintf(`<c r="%c%d" t="inlineStr"><is><t>%s</t></is></c>`, 'A'+i, number, s)
	}
	return row + "</row>\n"
}

// trucks is a row with a count whose cell is given.
func trucks(number int, cell string) string {
	row := text(number, "PL-18-MEDYKA", fmt.Sprintf("2026-07-01T%02d:00:00Z", number))
	return strings.Replace(row, "</row>", cell+"</row>", 1)
}

const (
	sheetCounts = "source: /office\ncolumns: {bcp: place, time: time, vehicles: trucks}\nwords: {unknown: [\"#N/A\"]}\n"
	sheetEnd    = "</sheetData></worksheet>"
	tableStart  = `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">`
	noStrings   = tableStart + "</sst>"
)

// A sheet that was cut within a valid zip file, or has a fault in the middle, says so behind its last row.
func TestFaultInASheetEndsItWithAnError(t *testing.T) {
	for name, c := range map[string]struct{ rows, want string }{
		"cut in a row":       {trucks(3, "<c><v>3</v>")[:100], "unexpected EOF"},
		"cut behind a row":   {"", "unexpected EOF"},
		"cut behind rows":    {"</sheetData>", "unexpected EOF"},
		"control byte":       {trucks(3, "<c><v>\x013</v></c>") + sheetEnd, "illegal character code U+0001"},
		"unknown entity":     {trucks(3, "<c><v>&bogus;</v></c>") + sheetEnd, "invalid character entity &bogus;"},
		"wrong closing tag":  {trucks(3, "<c><v>3</c></v>") + sheetEnd, "element <v> closed by </c>"},
		"document type":      {"<!DOCTYPE l>" + sheetEnd, "it has a document type"},
		"row below its own":  {trucks(2, "<c><v>3</v></c>") + sheetEnd, `the number of the next row, "2", is not between 3 and 1048576`},
		"row below the last": {`<row r="1048577"/>` + sheetEnd, `the number of the next row, "1048577", is not between 3 and 1048576`},
		"elements too deep":  {strings.Repeat("<row>", 200), "elements lie deeper than 100"},
		"text too long":      {"<!--" + strings.Repeat("x", 2<<20) + "-->" + sheetEnd, "a text has more than 1048576 bytes"},
	} {
		file := sheetXML(t, strings.NewReader(trucks(2, "<c><v>7</v></c>")+c.rows), nil)
		got := readAll(t, bytes.NewReader(file), mapping(t, sheetCounts))
		if len(got) != 2 || got[0] != "01T02:00 PL-18-MEDYKA queue.observed vehicles=7 wait=unknown age=unknown" ||
			!strings.HasPrefix(got[1], "readings: XLSX: behind row 2: ") || !strings.Contains(got[1], c.want) || !strings.HasSuffix(got[1], "; the rest is not read") {
			t.Errorf("%s: got %q, want %s", name, got, c.want)
		}
	}
}

// A cell has what the office sees in it, or its row is refused with the cell's name. What the mapping does not name may be anything.
func TestCellWithoutAValueIsNamed(t *testing.T) {
	table := tableStart + `<si><t>1</t></si><si><r><t>1</t></r><rPh><t>one</t></rPh><r><t>_x0032_</t></r></si></sst>`
	for cell, want := range map[string]string{
		`<c><v>7</v></c>`:                              "7",
		`<c><f>A1+B1</f><v>7</v></c>`:                  "7",
		`<c><v>1.2E1</v></c>`:                          "12",
		`<c><v>1.2e+1</v></c>`:                         "12",
		`<c t="n"/>`:                                   "unknown",
		`<c t="s"><v>1</v></c>`:                        "12",
		`<c t="str"><f>A1</f><v></v></c>`:              "unknown",
		`<c t="str"><f>A1</f><v>9</v></c>`:             "9",
		`<c t="e"><v>#N/A</v></c>`:                     "unknown",
		`<c r="E2" t="e"><v>#REF!</v></c>`:             "row 2: 5 cells instead of 4",
		`<c r="D2" t="e"><v>#REF!</v></c>`:             "unknown",
		`<c r="D2"><v>2</v></c><c r="C2"><v>4</v></c>`: "4",
		`<c t="b"><v>0</v></c>`:                        `row 2: trucks: "false" is not a number of vehicles; a word for unknown belongs in words.unknown`,
		`<c t="b"><v>1</v></c>`:                        `row 2: trucks: "true" is not a number of vehicles; a word for unknown belongs in words.unknown`,
		`<c t="b"><v>7</v></c>`:                        `row 2: trucks: cell C2 is "7" and not TRUE or FALSE`,
		`<c t="s"><v>2</v></c>`:                        `row 2: trucks: cell C2 names string "2", and the file has 2 strings`,
		`<c t="s"><v>-1</v></c>`:                       `row 2: trucks: cell C2 names string "-1", and the file has 2 strings`,
		`<c t="s"><v></v></c>`:                         `row 2: trucks: cell C2 names string "", and the file has 2 strings`,
		`<c t="str"><f>A1</f><v/></c>`:                 "unknown",
		`<c><f>A1+B1</f><v/></c>`:                      `row 2: trucks: cell C2 is a formula without a stored value; open the file in a spreadsheet program and save it`,
		`<c t="n"><f>A1+B1</f><v> </v></c>`:            `row 2: trucks: cell C2 is a formula without a stored value; open the file in a spreadsheet program and save it`,
		`<c><f>A1+B1</f></c>`:                          `row 2: trucks: cell C2 is a formula without a stored value; open the file in a spreadsheet program and save it`,
		`<c t="e"><v>#REF!</v></c>`:                    `row 2: trucks: cell C2 has the error "#REF!"; a word for unknown belongs in words.unknown`,
		`<c t="x"><v>1</v></c>`:                        `row 2: trucks: cell C2 has the type "x", which is not supported`,
		`<c r="C2"><v>1</v></c><c r="C2"><v>2</v></c>`: `row 2: its cell "C2" is there twice`,
		`<c><v>1</v><v>2</v></c>`:                      `row 2: trucks: cell C2 has two values`,
		`<c r="C3"><v>1</v></c>`:                       `row 2: its cell "C3" is not in this row`,
		`<c r="ZZZZZ2"><v>1</v></c>`:                   `row 2: its cell "ZZZZZ2" is not in this row`,
	} {
		if !strings.HasPrefix(want, "row ") {
			want = "01T02:00 PL-18-MEDYKA queue.observed vehicles=" + want + " wait=unknown age=unknown"
		}
		file := sheetXML(t, strings.NewReader(trucks(2, cell)+trucks(4, "<c><v>8</v></c>")+sheetEnd), strings.NewReader(table))
		got := readAll(t, bytes.NewReader(file), mapping(t, sheetCounts))
		if want := []string{want, "01T04:00 PL-18-MEDYKA queue.observed vehicles=8 wait=unknown age=unknown"}; !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", cell, got, want)
		}
	}
	file := sheetXML(t, strings.NewReader(trucks(2, `<c t="s"><v>0</v></c>`)+sheetEnd), nil)
	got := readAll(t, bytes.NewReader(file), mapping(t, sheetCounts))
	if want := []string{`row 2: trucks: cell C2 names string "0", and the file has 0 strings`}; !slices.Equal(got, want) {
		t.Errorf("without a string table: got %q", got)
	}
}

// A program wrote the sums below the table as formulas without values. The mapping passes over that row, so nobody misses them.
func TestRowThatIsPassedOverMayLackValues(t *testing.T) {
	const sum = `<c><f>SUM(C2:C3)</f><v/></c>`
	file := sheetXML(t, strings.NewReader(trucks(2, "<c><v>7</v></c>")+strings.Replace(trucks(3, sum), "PL-18-MEDYKA", "Sum", 1)+sheetEnd), nil)
	reading := "01T02:00 PL-18-MEDYKA queue.observed vehicles=7 wait=unknown age=unknown"
	refused := "row 3: trucks: cell C3 is a formula without a stored value; open the file in a spreadsheet program and save it"
	for filter, want := range map[string]struct {
		lines []string
		tally string
	}{
		"except: {place: sum}":          {[]string{reading}, "1 row: 1 reading, 0 refused; 1 reading not selected by only or except"},
		"only: {place: PL-18-MEDYKA}":   {[]string{reading}, "1 row: 1 reading, 0 refused; 1 reading not selected by only or except"},
		"except: {place: PL-06-ZOSIN}":  {[]string{reading, refused}, "2 rows: 1 reading, 1 refused (1 invalid_field)"},
		"only: {trucks: [7, 8]}":        {[]string{reading, refused}, "2 rows: 1 reading, 1 refused (1 invalid_field)"},
		"except: {note: x, place: Sum}": {[]string{reading}, "1 row: 1 reading, 0 refused; 1 reading not selected by only or except"},
	} {
		r, err := source.NewReader(bytes.NewReader(file), []source.Mapping{mapping(t, sheetCounts+filter+"\n")}, vocabulary(t), zoneOf, today)
		if err != nil {
			t.Fatal(err)
		}
		same(t, described(t, r), want.lines)
		if got := r.Tally().String(); got != want.tally {
			t.Errorf("%s: got %s, want %s", filter, got, want.tally)
		}
	}
}

// A row has the trucks and, as a formula without a value, all vehicles. The trucks are read.
func TestCellWithoutAValueCostsItsReading(t *testing.T) {
	const m = `
source: /office
columns: {bcp: place, time: time}
readings:
  - {queue: trucks, columns: {vehicles: trucks}}
  - {queue: all, columns: {vehicles: note}}
  - {queue: buses, columns: {vehicles: note}, only: {place: PL-06-ZOSIN}}
`
	file := sheetXML(t, strings.NewReader(trucks(2, "<c><v>7</v></c><c><f>C2+1</f><v/></c>")+trucks(3, "<c><f>1+1</f></c><c><v>9</v></c>")+sheetEnd), nil)
	got := readAll(t, bytes.NewReader(file), mapping(t, m))
	same(t, got, []string{
		"01T02:00 PL-18-MEDYKA queue.observed vehicles=7 wait=unknown age=unknown queue=trucks",
		"row 2: note: cell D2 is a formula without a stored value; open the file in a spreadsheet program and save it",
		"row 3: trucks: cell C3 is a formula without a stored value; open the file in a spreadsheet program and save it",
		"01T03:00 PL-18-MEDYKA queue.observed vehicles=9 wait=unknown age=unknown queue=all",
	})
}

// A byte that changed on the way makes 9 trucks of 4.
func TestDamagedPartsAreRefused(t *testing.T) {
	sheet := func(table string) []byte {
		return sheetXML(t, strings.NewReader(trucks(2, "<c><v>4</v></c>")+sheetEnd), strings.NewReader(table))
	}
	var stored, twice bytes.Buffer
	in, err := zip.NewReader(bytes.NewReader(sheet(noStrings)), int64(len(sheet(noStrings))))
	if err != nil {
		t.Fatal(err)
	}
	w, more := zip.NewWriter(&stored), zip.NewWriter(&twice)
	for _, part := range in.File {
		if err := more.Copy(part); err != nil {
			t.Fatal(err)
		}
		from, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(from)
		if err != nil {
			t.Fatal(err)
		}
		to, err := w.CreateRaw(&zip.FileHeader{Name: part.Name, CRC32: crc32.ChecksumIEEE(text), CompressedSize64: uint64(len(text)), UncompressedSize64: uint64(len(text))})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := to.Write(bytes.Replace(text, []byte("<v>4</v>"), []byte("<v>9</v>"), 1)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := more.Create("XL/Workbook.xml"); err != nil || w.Close() != nil || more.Close() != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"another byte":       {stored.Bytes(), `the XLSX file is damaged: part "xl/worksheets/sheet1.xml": zip: checksum error`},
		"a part twice":       {twice.Bytes(), `the XLSX file is damaged: it has the part "XL/Workbook.xml" twice`},
		"a table that ends":  {sheet(tableStart + "<si><t>1</t></si><si>"), "the string table, behind string 1: XML syntax error on line 1: unexpected EOF"},
		"strings in strings": {sheet(tableStart + strings.Repeat("<si>", 200)), "the string table, behind string 0: elements lie deeper than 100"},
	} {
		_, err := source.NewReader(bytes.NewReader(c.file), []source.Mapping{mapping(t, sheetCounts)}, vocabulary(t), zoneOf, today)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

// A file of some kilobytes can hold millions of strings and cells.
func TestWorkbookOfMillionsOfElementsIsRefused(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 5 million elements twice")
	}
	many := func(text string) io.Reader { return io.LimitReader(&endless{text: text}, int64(len(text))*5_000_001) }
	for name, file := range map[string][]byte{
		"strings": sheetXML(t, strings.NewReader(sheetEnd), io.MultiReader(strings.NewReader(tableStart), many("<si/>"))),
		"cells":   sheetXML(t, io.MultiReader(strings.NewReader(`<row r="2">`), many("<c/>")), nil),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var fault string
		r, err := source.NewReader(bytes.NewReader(file), []source.Mapping{mapping(t, sheetCounts)}, vocabulary(t), zoneOf, today)
		if err != nil {
			fault = err.Error()
		} else {
			fault = strings.Join(described(t, r), "\n")
		}
		runtime.ReadMemStats(&after)
		if !strings.Contains(fault, "it has more than 5000000 elements; save the sheet as CSV") {
			t.Errorf("%s: got %q", name, fault)
		}
		t.Logf("%s: a file of %d kB allocated %d MiB", name, len(file)>>10, (after.TotalAlloc-before.TotalAlloc)>>20)
	}
}
