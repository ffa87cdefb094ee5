package source_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"dwell/ingest/source"
)

// workbook is an XLSX file with notes in its first sheet, and the rows in its second one.
func workbook(t testing.TB, rows [][]any) []byte {
	t.Helper()
	book := excelize.NewFile()
	if _, err := book.NewSheet("Queue"); err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		if err != nil {
			t.Fatal(err)
		}
		if err := book.SetSheetRow("Queue", cell, &row); err != nil {
			t.Fatal(err)
		}
	}
	if err := book.SetCellValue("Sheet1", "A1", "see the next sheet"); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := book.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// An office keeps its counts in a spreadsheet: dates are dates, a wait is a time, numbers are exact, and a sheet has a name.
func TestWorkbookOfAnOffice(t *testing.T) {
	at := func(hour, minute int) time.Time { return time.Date(2026, 7, 24, hour, minute, 0, 0, time.UTC) }
	day := at(0, 0)
	file := workbook(t, [][]any{
		{"Place", "When", "Trucks", "Wait", "Closed", "Note"},
		{"PL-18-MEDYKA", at(6, 16), 1200, 1.5 / 24, false, "rain"},
		{"PL-18-MEDYKA", at(7, 16), 12.5},
		{},
		{"PL-18-MEDYKA", at(8, 16), nil, "#N/A", true},
		{"PL-18-MEDYKA", "yesterday", 3},
		{"PL-18-MEDYKA", at(9, 16), 3, 0, 0, "", "more"},
		{"PL-18-MEDYKA", at(10, 17), 3e6},
	})
	m := `
source: /office
sheet: queue
columns: {bcp: place, time: when, vehicles: trucks, wait: wait, closed: closed}
time_layout: excel
time_zone: Europe/Warsaw
wait_unit: 24h
words: {unknown: ["#N/A"]}
`
	want := []string{
		"24T04:16 PL-18-MEDYKA queue.observed vehicles=1200 wait=5400 age=unknown",
		`row 3: Trucks: "12.5" is not a number of vehicles`,
		"24T06:16 PL-18-MEDYKA queue.observed vehicles=unknown wait=unknown age=unknown",
		`row 6: When: "yesterday" is not the date of a cell (time_layout: excel)`,
		"row 7: 7 cells instead of 6",
		"24T08:17 PL-18-MEDYKA queue.observed vehicles=3000000 wait=unknown age=unknown",
		"24T06:16 PL-18-MEDYKA bcp.closed",
		"24T08:17 PL-18-MEDYKA bcp.opened",
	}
	for i, line := range want { // columns are named as the mapping names them
		want[i] = strings.NewReplacer("Trucks:", "trucks:", "When:", "when:").Replace(line)
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(file); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"as it is": file, "packed": packed.Bytes()} {
		r, err := source.NewReader(bytes.NewReader(data), []source.Mapping{mapping(t, m)}, vocabulary(t), zoneOf, today)
		if err != nil {
			t.Fatal(err)
		}
		if got := described(t, r); !slices.Equal(got, want) {
			t.Errorf("%s:\n got %s\nwant %s", name, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
		if got := r.Tally().String(); got != "6 rows: 3 readings, 3 refused (2 invalid_field, 1 unreadable_line); 1 empty or comment line; 2 closings and openings" {
			t.Error(got)
		}
	}
	for text, want := range map[string]string{
		strings.Replace(m, "sheet: queue", "sheet: queues", 1):   `sheet "queues" is missing (the nearest is "Queue")`,
		strings.Replace(m, "sheet: queue\n", "", 1):              `does not fit the header "see the next sheet": column "place" is missing`,
		strings.Replace(m, "time_zone: Europe/Warsaw", "", 1):    "",
		strings.Replace(m, "time: when", "time: [day, hour]", 1): `column "day" is missing`,
	} {
		parsed, err := source.ParseMapping("m.yaml", []byte(text))
		if want == "" {
			if err == nil || !strings.Contains(err.Error(), `times as "excel" have no zone`) {
				t.Errorf("a mapping without a zone: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := source.NewReader(bytes.NewReader(file), []source.Mapping{parsed}, vocabulary(t), zoneOf, today); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	apart := workbook(t, [][]any{{"day", "hour", "trucks"}, {day, 0.25, 4}, {day, 0.5, 5}})
	got := readAll(t, bytes.NewReader(apart), mapping(t, "source: /x\nsheet: Queue\nbcp: PL-18-MEDYKA\ncolumns: {time: [day, hour], vehicles: trucks}\ntime_layout: excel\ntime_zone: place\n"))
	if want := []string{"24T04:00 PL-18-MEDYKA queue.observed vehicles=4 wait=unknown age=unknown", "24T10:00 PL-18-MEDYKA queue.observed vehicles=5 wait=unknown age=unknown"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// zipped is a zip file of these parts.
func zipped(t testing.TB, parts map[string]io.Reader) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, part := range parts {
		to, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(to, part); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// saying is a zip file with a sheet of 8 MiB that says to have another size.
func saying(t testing.TB, size uint64) []byte {
	t.Helper()
	var packed, out bytes.Buffer
	f, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(f, io.LimitReader(&endless{text: " "}, 8<<20)); err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(&out)
	to, err := w.CreateRaw(&zip.FileHeader{Name: "xl/worksheets/sheet1.xml", Method: zip.Deflate, CompressedSize64: uint64(packed.Len()), UncompressedSize64: size})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := to.Write(packed.Bytes()); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A workbook of some kilobytes can take gigabytes when it is unpacked.
func TestHostileWorkbooksAreRefused(t *testing.T) {
	good := workbook(t, [][]any{{"a"}})
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"no workbook":          {zipped(t, map[string]io.Reader{"a.txt": strings.NewReader("x")}), "this is a zip, but not an XLSX file that can be read"},
		"cut off":              {good[:len(good)/2], "this is a zip or XLSX file that is damaged"},
		"gigabytes of blanks":  {saying(t, 300<<20), "has more than 268435456 bytes when it is unpacked"},
		"sizes that are a lie": {saying(t, 10), `the XLSX file is damaged: part "xl/worksheets/sheet1.xml": zip: not a valid zip file`},
		"with a password":      {[]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "an XLSX file with a password"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := source.NewReader(bytes.NewReader(c.file), []source.Mapping{mapping(t, counts)}, vocabulary(t), zoneOf, today)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 50<<20 {
			t.Errorf("%s: %d MiB were allocated", name, took>>20)
		}
	}
}

// FuzzWorkbook checks that whatever the file is, its sum is right, and nothing panics.
func FuzzWorkbook(f *testing.F) {
	f.Add(workbook(f, [][]any{{"place", "time", "trucks"}, {"PL-18-MEDYKA", "2026-07-01T00:00:00Z", 7}}))
	rows := row(2, "PL-18-MEDYKA", "2026-07-01T02:00:00Z", "7") + row(3, "", "2026-07-01T03:00:00Z", "") + "</sheetData><mergeCells>"
	f.Add(sheetXML(f, strings.NewReader(rows+`<mergeCell ref="A2:A3"/><mergeCell ref="C2:D3"/></mergeCells></worksheet>`), nil))
	v := vocabulary(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := source.NewReader(bytes.NewReader(data), []source.Mapping{mapping(t, "sheet: Queue\n"+counts)}, v, zoneOf, today)
		if err != nil {
			return
		}
		for _, err := range r.Events() {
			if err != nil && err.Error() == "" {
				t.Fatal("a row is refused without a reason")
			}
		}
		addUp(t, r.Tally(), r.Tally().Lines)
	})
}

// A duty officer writes some of the hours as plain numbers, or as texts. Such an hour is no time of day of a sheet, where it would be days.
func TestHourThatIsNoTimeCellIsRefused(t *testing.T) {
	day := time.Date(2026, 7, 20, 0, 0, 0, 0, time.UTC)
	noon := day.Add(12 * time.Hour)
	file := workbook(t, [][]any{
		{"day", "hour", "trucks"},
		{day, 0, 1},
		{day, 0.25, 2},
		{day, 6, 3},
		{day, "14.00", 4},
		{day, "14:00", 5},
		{day, -0.25, 6},
		{day, 1, 7},
		{day, nil, 8},
		{nil, 0.5, 9},
		{noon, 0.5, 10},
		{noon, 0, 11},
		{"20.7.", 0.5, 12},
		{day, 0.75, 13},
	})
	noTime := func(row, cell string) string {
		return `row ` + row + `: day and hour: "46223 ` + cell + `" has "` + cell + `" instead of a time of day, which is a number from 0 to less than 1 in a cell of a sheet; ` +
			`give the cells the format of a time, or save the sheet as CSV and say a time_layout such as "%d.%m.%Y %H"`
	}
	m := "source: /x\nsheet: Queue\nbcp: PL-18-MEDYKA\ncolumns: {time: [day, hour], vehicles: trucks}\ntime_layout: excel\ntime_zone: UTC\n"
	same(t, readAll(t, bytes.NewReader(file), mapping(t, m)), []string{
		"20T00:00 PL-18-MEDYKA queue.observed vehicles=1 wait=unknown age=unknown",
		"20T06:00 PL-18-MEDYKA queue.observed vehicles=2 wait=unknown age=unknown",
		noTime("4", "6"),
		noTime("5", "14.00"),
		noTime("6", "14:00"),
		noTime("7", "-0.25"),
		noTime("8", "1"),
		`row 9: hour is empty beside day, "46223"`,
		`row 10: day is empty beside hour, "0.5"`,
		`row 11: day and hour: "46223.5 0.5" has two times of day, as its date has one, too; name the column of the date alone`,
		`row 12: day and hour: "46223.5 0" has two times of day, as its date has one, too; name the column of the date alone`,
		`row 13: day and hour: "20.7. 0.5" is not the date of a cell (time_layout: excel)`,
		"20T18:00 PL-18-MEDYKA queue.observed vehicles=13 wait=unknown age=unknown",
	})
	m = strings.NewReplacer("sheet: Queue\n", "", "time: [day, hour]", "time: [day, hour, minutes]").Replace(m)
	same(t, readAll(t, strings.NewReader("day,hour,minutes,trucks\n46223,0.25,0.01041666667,1\n46223,0.75,0.75,2\n46223,14,0.5,3\n"), mapping(t, m)), []string{
		"20T06:15 PL-18-MEDYKA queue.observed vehicles=1 wait=unknown age=unknown",
		strings.ReplaceAll(noTime("3", "0.75"), "row 3: day and hour: \"46223 0.75\"", `line 3: day and hour and minutes: "46223 0.75 0.75"`),
		strings.ReplaceAll(noTime("4", "14"), "row 4: day and hour: \"46223 14\"", `line 4: day and hour and minutes: "46223 14 0.5"`),
	})
}
