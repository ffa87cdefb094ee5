package source_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"dwell/ingest/source"
)

// styled is a cell with a value and the code of a format; "" is that of a number, and "18" and so on are formats by their numbers.
type styled struct {
	value  any
	format string
}

// styledBook is an XLSX file whose sheets have these rows. A sheet whose name begins with a point is hidden.
func styledBook(t testing.TB, sheets map[string][][]styled, order ...string) []byte {
	t.Helper()
	book := excelize.NewFile()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	numbers := map[string]int{"18": 18, "20": 20, "46": 46, "14": 14}
	for i, name := range order {
		if i == 0 {
			check(book.SetSheetName("Sheet1", strings.TrimPrefix(name, ".")))
		} else {
			_, err := book.NewSheet(strings.TrimPrefix(name, "."))
			check(err)
		}
		for r, row := range sheets[name] {
			for c, cell := range row {
				at, err := excelize.CoordinatesToCellName(c+1, r+1)
				check(err)
				check(book.SetCellValue(strings.TrimPrefix(name, "."), at, cell.value))
				if cell.format == "" {
					continue
				}
				style := &excelize.Style{NumFmt: numbers[cell.format]}
				if style.NumFmt == 0 {
					style.CustomNumFmt = &cell.format
				}
				id, err := book.NewStyle(style)
				check(err)
				check(book.SetCellStyle(strings.TrimPrefix(name, "."), at, at, id))
			}
		}
	}
	for i, name := range order {
		if strings.HasPrefix(name, ".") {
			book.SetActiveSheet(len(order) - 1 - i)
			check(book.SetSheetVisible(strings.TrimPrefix(name, "."), false))
		}
	}
	var out bytes.Buffer
	check(book.Write(&out))
	return out.Bytes()
}

// An office formats its waits as hours and minutes, so a cell that shows 1:30 has a sixteenth of a day. By the unit of the other cells it
// was some seconds.
func TestWaitOfACellThatShowsHoursAndMinutes(t *testing.T) {
	const of = "source: /x\nbcp: PL-18-MEDYKA\ncolumns: {time: time, vehicles: trucks, wait: wait}\nwait_unit: 1m\ndecimal: \",.\"\n"
	at := time.Date(2026, 7, 1, 2, 0, 0, 0, time.UTC).Format(time.RFC3339)
	for name, c := range map[string]struct {
		trucks, wait styled
		want         string
	}{
		"h:mm":                 {styled{7, ""}, styled{0.0625, "20"}, "vehicles=7 wait=5400"},
		"h:mm of a place":      {styled{7, ""}, styled{0.0625, `[$-409]h:mm\ "h";@`}, "vehicles=7 wait=5400"},
		"[h]:mm":               {styled{7, ""}, styled{1.0625, "[h]:mm"}, "vehicles=7 wait=91800"},
		"[h]:mm:ss":            {styled{7, ""}, styled{1.125, "46"}, "vehicles=7 wait=97200"},
		"[mm]:ss":              {styled{7, ""}, styled{0.0625, "[mm]:ss"}, "vehicles=7 wait=5400"},
		"minutes":              {styled{7, ""}, styled{90, `0 "min, sharp"`}, "vehicles=7 wait=5400"},
		"minutes in red":       {styled{7, ""}, styled{90, `[Red]0\h`}, "vehicles=7 wait=5400"},
		"three decimals":       {styled{7, ""}, styled{1.125, ""}, "vehicles=7 wait=68"},
		"text":                 {styled{7, ""}, styled{"1,5", ""}, "vehicles=7 wait=90"},
		"text of two meanings": {styled{7, ""}, styled{"1.125", ""}, `row 2: wait: "1.125" is not a length of time: it may be 1125 or have a fraction; say in decimal and thousands which signs are before fractions and between thousands`},
		"a day and more":       {styled{7, ""}, styled{1.0625, "20"}, "row 2: wait: cell C2 shows a time of day, and its value is 1.0625 days; give it the format [h]:mm, or that of a number"},
		"a date":               {styled{7, ""}, styled{46149, `dd.mm.yyyy`}, "row 2: wait: cell C2 has the format of a date and the value 46149; give it the format of a number"},
		"a count of a date":    {styled{46149, "14"}, styled{7, ""}, "row 2: trucks: cell B2 has the format of a date and the value 46149; give it the format of a number"},
		"a count of a time":    {styled{0.5, "18"}, styled{7, ""}, "row 2: trucks: cell B2 has the format of a time and the value 0.5; give it the format of a number"},
	} {
		file := styledBook(t, map[string][][]styled{"Queue": {{{"time", ""}, {"trucks", ""}, {"wait", ""}}, {{at, ""}, c.trucks, c.wait}}}, "Queue")
		got := readAll(t, bytes.NewReader(file), mapping(t, of))
		for i := range got {
			got[i] = strings.TrimSuffix(strings.TrimPrefix(got[i], "01T02:00 PL-18-MEDYKA queue.observed "), " age=unknown")
		}
		if want := []string{c.want}; !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// A proposal finds the cells that show hours and minutes.
func TestProposalOfAWaitThatShowsHoursAndMinutes(t *testing.T) {
	rows := [][]styled{{{"Place", ""}, {"Day", ""}, {"Trucks", ""}, {"Wait", ""}}}
	for i := range 5 {
		rows = append(rows, []styled{{"PL-18-MEDYKA", ""}, {46149 + i, "14"}, {i, ""}, {0.0625, "20"}})
	}
	text, err := source.Propose(bytes.NewReader(styledBook(t, map[string][][]styled{"Queue": rows}, "Queue")), "/mine", func(name string) (string, bool) { return name, name == "PL-18-MEDYKA" })
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`time: "Day"`, `wait: "Wait"`, "wait_unit: h:mm # its cells are lengths of time by their format\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

// An office hides a sheet of lists before the one with its counts. What is read is named, and what is not.
func TestSheetThatIsShownIsRead(t *testing.T) {
	counts := [][]styled{{{"place", ""}, {"time", ""}, {"trucks", ""}}, {{"PL-18-MEDYKA", ""}, {"2026-07-01T02:00:00Z", ""}, {7, ""}}}
	lists := [][]styled{{{"place", ""}, {"time", ""}, {"trucks", ""}}, {{"PL-18-MEDYKA", ""}, {"2026-07-01T02:00:00Z", ""}, {99, ""}}}
	m := "source: /x\ncolumns: {bcp: place, time: time, vehicles: trucks}\n"
	for _, c := range []struct {
		order        []string
		sheet        string
		trucks, says string
	}{
		{[]string{".Lists", "Queue"}, "", "7", `"Queue" is read, and not "Lists" (hidden)`},
		{[]string{"Queue", ".Lists"}, "", "7", `"Queue" is read, and not "Lists" (hidden)`},
		{[]string{".Lists", "Queue"}, "sheet: Lists\n", "99", `"Lists" is read, and not "Queue"`},
		{[]string{"Queue"}, "", "7", ""},
	} {
		file := styledBook(t, map[string][][]styled{"Queue": counts, ".Lists": lists}, c.order...)
		r, err := source.NewReader(bytes.NewReader(file), []source.Mapping{mapping(t, c.sheet+m)}, vocabulary(t), zoneOf, today)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Sheets(); got != c.says {
			t.Errorf("%q: says %s, want %s", c.order, got, c.says)
		}
		if got, want := described(t, r), "01T02:00 PL-18-MEDYKA queue.observed vehicles="+c.trucks+" wait=unknown age=unknown"; !slices.Equal(got, []string{want}) {
			t.Errorf("%q: got %q, want %s", c.order, got, want)
		}
	}
	text, err := source.Propose(bytes.NewReader(styledBook(t, map[string][][]styled{"Queue": counts, ".Lists": append(lists, lists[1], lists[1])}, ".Lists", "Queue")), "/mine",
		func(name string) (string, bool) { return name, name == "PL-18-MEDYKA" })
	if err != nil || !strings.Contains(string(text), "sheet: \"Queue\" # of Lists, Queue\n") {
		t.Errorf("proposes %v\n%s", err, text)
	}
}

// Contents for several versions of a program are not chosen from: what is behind them is not read, and the end says so.
func TestContentsForSeveralVersionsAreRefused(t *testing.T) {
	const open, end = `<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:Choice Requires="x">`, `</mc:Choice></mc:AlternateContent>`
	for name, rows := range map[string]string{
		"a row":   open + trucks(3, "<c><v>3</v></c>") + end,
		"a cell":  trucks(3, open+"<c><v>3</v></c>"+end),
		"a value": trucks(3, "<c>"+open+"<v>3</v>"+end+"</c>"),
	} {
		got := readAll(t, bytes.NewReader(sheetXML(t, strings.NewReader(trucks(2, "<c><v>7</v></c>")+rows+sheetEnd), nil)), mapping(t, sheetCounts))
		want := []string{
			"01T02:00 PL-18-MEDYKA queue.observed vehicles=7 wait=unknown age=unknown",
			"readings: XLSX: behind row 2: it has contents for several versions of a spreadsheet program (AlternateContent); save the sheet anew, or as CSV; the rest is not read",
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
