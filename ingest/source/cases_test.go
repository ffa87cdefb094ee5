package source_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"

	"dwell/ingest/source"
)

func mapping(t testing.TB, text string) source.Mapping {
	t.Helper()
	m, err := source.ParseMapping("m.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const counts = "source: /x\ncolumns: {bcp: place, time: time, vehicles: trucks}\n"

// A slip of a typist's finger costs its line; a field of several lines is read as it is written.
func TestUnclosedQuoteCostsItsLine(t *testing.T) {
	header := "time,place,trucks,note\n"
	line := func(minute int, note string) string {
		return fmt.Sprintf("2026-07-01T00:%02d:00Z,PL-18-MEDYKA,%d,%s\n", minute, minute, note)
	}
	read := func(minute int) string {
		return fmt.Sprintf("01T00:%02d PL-18-MEDYKA queue.observed vehicles=%d wait=unknown age=unknown", minute, minute)
	}
	unclosed := func(n int) string {
		return fmt.Sprintf("line %d: a quote is not closed, or is inside a field without being doubled", n)
	}
	bare := "line 3: bare \" in non-quoted-field"
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"in the middle":  {line(0, "ok") + line(1, `"unclosed`) + line(2, "ok"), []string{read(0), unclosed(3), read(2)}},
		"at the end":     {line(0, "ok") + line(1, `"unclosed`), []string{read(0), unclosed(3)}},
		"without an end": {line(0, "ok") + strings.TrimSuffix(line(1, `"unclosed`), "\n"), []string{read(0), unclosed(3)}},
		"twice":          {line(0, `"a`) + line(1, `b"`) + line(2, `"c`), []string{unclosed(2), bare, unclosed(4)}},
		"on each line":   {strings.Repeat("\"\n", 3) + line(2, "ok"), []string{unclosed(2), unclosed(3), unclosed(4), read(2)}},
		"inside":         {line(0, "ok") + line(1, `2" pipe`) + line(2, "ok"), []string{read(0), bare, read(2)}},
		"before a good quote": {
			line(0, "ok") + line(1, `"unclosed`) + line(2, `"good"`) + line(3, "ok"), []string{read(0), unclosed(3), read(2), read(3)},
		},
		"a note of three lines": {line(0, "\"first\n\nthird\"") + line(1, "ok"), []string{read(0), read(1)}},
	} {
		if got := readAll(t, strings.NewReader(header+c.file), mapping(t, counts)); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", name, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
	}
}

func readAll(t testing.TB, file io.Reader, m source.Mapping) []string {
	t.Helper()
	return read(t, file, []source.Mapping{m})
}

// Clocks in Warsaw were set back from 03:00 to 02:00 on 25 October 2026, and forward from 02:00 to 03:00 on 29 March.
func TestLocalTimesAcrossAClockChange(t *testing.T) {
	m := counts + "time_layout: \"2006-01-02 15:04\"\ntime_zone: "
	for name, c := range map[string]struct {
		times []string
		want  []string
	}{
		"in order": {
			[]string{"2026-10-25 01:30", "2026-10-25 02:00", "2026-10-25 02:30", "2026-10-25 02:00", "2026-10-25 02:30", "2026-10-25 03:00"},
			[]string{"24T23:30", "25T00:00", "25T00:30", "25T01:00", "25T01:30", "25T02:00"},
		},
		"newest first": {
			[]string{"2026-10-25 03:00", "2026-10-25 02:30", "2026-10-25 02:30", "2026-10-25 01:30"},
			[]string{"25T02:00", "25T01:30", "25T00:30", "24T23:30"},
		},
		"nothing after":  {[]string{"2026-10-25 01:30", "2026-10-25 02:30", "2026-10-25 02:30"}, []string{"24T23:30", "25T00:30", "25T01:30"}},
		"nothing before": {[]string{"2026-10-25 02:30", "2026-10-25 02:30", "2026-10-25 03:30"}, []string{"25T00:30", "25T01:30", "25T02:30"}},
		"one pass only": {
			[]string{"2026-10-25 01:30", "2026-10-25 02:30", "2026-10-25 03:30"},
			[]string{"24T23:30", `line 3: time: "2026-10-25 02:30" is there twice`, "25T02:30"},
		},
		"nothing else": {[]string{"2026-10-25 02:30", "2026-10-25 02:30"}, []string{`line 2: time: "2026-10-25 02:30" is there twice`, `line 3: time: "2026-10-25 02:30" is there twice`}},
		"without order": {
			[]string{"2026-10-25 01:30", "2026-10-25 02:30", "2026-10-25 02:10", "2026-10-25 02:30", "2026-10-25 02:10", "2026-10-25 03:30"},
			[]string{"24T23:30", "line 3", "line 4", "line 5", "line 6", "25T02:30"},
		},
		"set forward": {
			[]string{"2026-03-29 01:30", "2026-03-29 02:30", "2026-03-29 03:30"},
			[]string{"29T00:30", `line 3: time: "2026-03-29 02:30" does not exist in Europe/Warsaw, where clocks were set forward`, "29T01:30"},
		},
	} {
		for _, zone := range []string{"Europe/Warsaw", "place"} {
			var file strings.Builder
			file.WriteString("time,place,trucks\n")
			for i, at := range c.times {
				fmt.Fprintf(&file, "%s,PL-18-MEDYKA,%d\n", at, i)
			}
			readings, err := source.NewReader(strings.NewReader(file.String()), []source.Mapping{mapping(t, m+zone)}, vocabulary(t), func(id string) *time.Location {
				if id != "PL-18-MEDYKA" {
					t.Errorf("the zone of %q is asked for", id)
				}
				return zoneOf("")
			}, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for e, err := range readings.Events() {
				if err != nil {
					got = append(got, err.Error())
					continue
				}
				got = append(got, time.UnixMilli(e.Time).UTC().Format("02T15:04"))
			}
			if !slices.EqualFunc(got, c.want, strings.HasPrefix) {
				t.Errorf("%s, zone %s:\n got %s\nwant %s", name, zone, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
			}
			addUp(t, readings.Tally(), int64(len(c.times)))
		}
	}
}

func addUp(t *testing.T, tally *source.Tally, lines int64) {
	t.Helper()
	if sum := tally.Taken + tally.Duplicates + tally.AllRefused(); tally.Lines != lines || sum != lines {
		t.Errorf("%d lines: %+v", lines, tally)
	}
}

// Several classes of vehicles have a line each for a place and a minute: the last one must not replace the others in silence.
func TestTwoReadingsOfOnePlaceAndTime(t *testing.T) {
	file := "time,place,trucks\n2026-07-01T00:00:00Z,PL-18-MEDYKA,10\n2026-07-01T00:00:00Z,PL-18-MEDYKA,10\n2026-07-01T03:00:00+03:00,PL-18-MEDYKA,4\n" +
		"\n2026-07-01T00:00:00Z,PL-06-ZOSIN,4\n"
	r, err := source.NewReader(strings.NewReader(file), []source.Mapping{mapping(t, counts)}, vocabulary(t), zoneOf, today)
	if err != nil {
		t.Fatal(err)
	}
	var faults []string
	for _, err := range r.Events() {
		if err != nil {
			faults = append(faults, err.Error())
		}
	}
	want := []string{`line 4: line 2 has other figures of "PL-18-MEDYKA" at 2026-07-01T00:00:00Z; two readings of one place and time are two queues (columns.queue), or one is wrong`}
	if !slices.Equal(faults, want) {
		t.Errorf("got %q, want %q", faults, want)
	}
	if got := r.Tally().String(); got != "4 lines: 2 readings, 1 duplicate, 1 refused (1 conflicting_reading); 1 empty or comment line" || r.Tally().Skipped != 1 {
		t.Errorf("%s, %d skipped", got, r.Tally().Skipped)
	}
	addUp(t, r.Tally(), 4)
}

func TestColumnsAreFoundByName(t *testing.T) {
	for header, want := range map[string]string{
		"Time, place ,TRUCKS":       "",
		"time,place,trucks,trucks":  `mapping "m.yaml" does not fit the header "time,place,trucks,trucks": column "trucks" is there twice; give them different names in the header, or say header: false and skip: 1, and name the columns by their numbers, such as 3 or 4`,
		"time,place,trucks,n,n":     "",
		"time,place,truks":          `column "trucks" is missing (the nearest is "truks")`,
		"times,places":              `column "place" is missing (the nearest is "places"), column "time" is missing (the nearest is "times"), column "trucks" is missing`,
		"{\"time\":1}":              `column "place" is missing (the nearest is "time"), column "trucks" is missing`,
		"PK\x03\x04":                "this is a zip or XLSX file that is damaged",
		"\xd7\xe0\xf1,place,trucks": "it is not UTF-8; name the encoding in the mapping",
	} {
		_, err := source.NewReader(strings.NewReader(header+"\n"), []source.Mapping{mapping(t, counts)}, vocabulary(t), zoneOf, today)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\n got %v\nwant %s", header, err, want)
		}
	}
}

// A spreadsheet of an office: Windows-1251 or a byte order mark, semicolons, decimal commas, blanks in thousands, words for nothing.
func TestSpreadsheetOfAnOffice(t *testing.T) {
	m := mapping(t, `
source: /excel
separator: ";"
time_layout: "%d.%m.%Y %H:%M"
time_zone: Europe/Kyiv
wait_unit: 1m
decimal: ",."
thousands: " "
words: {unknown: ["-", "NULL", н/д], yes: [закритий], no: [відкритий]}
columns: {bcp: пункт, time: [Дата, Час], vehicles: Черга, wait: "Очікування, хв", closed: Стан}
bcps: {"Медика": PL-18-MEDYKA}
`)
	file := strings.ReplaceAll(`Пункт;Дата;Час;Черга;"Очікування, хв";Стан
Медика;24.07.2026;06:16;1200;12.5;відкритий
Медика;24.07.2026;07:16;1200;12,5;Відкритий
Медика;24.07.2026;08:16;1~200;-;
Медика;24.07.2026;09:16;1200,0;null;закритий
Медика;24.07.2026;10:16;Н/Д;12;закритий
Медика;24.07.2026;11:16;1 20;12;закритий
Медика;24.07.2026;12:16;7,5;12;закритий
Медика;24.07.2026;13:16;1 200 000;1 000,5;закритий
`, "~", "\u00a0")
	want := []string{
		"24T03:16 PL-18-MEDYKA queue.observed vehicles=1200 wait=750 age=unknown",
		"24T04:16 PL-18-MEDYKA queue.observed vehicles=1200 wait=750 age=unknown",
		"24T05:16 PL-18-MEDYKA queue.observed vehicles=1200 wait=unknown age=unknown",
		"24T06:16 PL-18-MEDYKA queue.observed vehicles=1200 wait=unknown age=unknown",
		"24T07:16 PL-18-MEDYKA queue.observed vehicles=unknown wait=720 age=unknown",
		`line 7: Черга: "1 20" is not a number of vehicles`,
		`line 8: Черга: "7,5" is not a number of vehicles`,
		"24T10:16 PL-18-MEDYKA queue.observed vehicles=1200000 wait=60030 age=unknown",
		"24T06:16 PL-18-MEDYKA bcp.closed",
	}
	encoded := func(e encoding.Encoding) []byte {
		b, err := e.NewEncoder().Bytes([]byte(file))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	cyrillic := m
	cyrillic.Encoding = charmap.Windows1251
	koi := m
	koi.Encoding = charmap.KOI8U
	var zipped, packed bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := io.WriteString(w, file); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	z, err := zstd.NewWriter(&packed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(z, file); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file []byte
		m    source.Mapping
	}{
		"UTF-8":                        {[]byte(file), m},
		"UTF-8 with a byte order mark": {[]byte("\ufeff" + file), m},
		"UTF-16, little endian":        {encoded(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)), m},
		"UTF-16, big endian":           {encoded(unicode.UTF16(unicode.BigEndian, unicode.UseBOM)), m},
		"Windows-1251":                 {encoded(charmap.Windows1251), cyrillic},
		"KOI8-U":                       {encoded(charmap.KOI8U), koi},
		"gzip":                         {zipped.Bytes(), m},
		"zstd":                         {packed.Bytes(), m},
		"zstd, behind a frame to skip": {append([]byte("\x5a\x2a\x4d\x18\x03\x00\x00\x00pzs"), packed.Bytes()...), m},
	} {
		if got := readAll(t, bytes.NewReader(c.file), c.m); !slices.Equal(got, want) {
			t.Errorf("%s:\n got %s\nwant %s", name, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	}
}

// Hours with a fraction are seconds that floating point has a little below the whole.
func TestFractionsOfAnHourAreWholeSeconds(t *testing.T) {
	m := mapping(t, "source: /x\ncolumns: {bcp: place, time: time, wait: hours}\nwait_unit: 1h\n")
	for tenths := range 481 {
		got := readAll(t, strings.NewReader(fmt.Sprintf("time,place,hours\n2026-07-01T00:00:00Z,PL-18-MEDYKA,%d.%d\n", tenths/10, tenths%10)), m)
		if want := fmt.Sprintf("01T00:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=%d age=unknown", tenths*360); len(got) != 1 || got[0] != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// What closed and opened follows from the times. In the order of its lines, the middle one of a file with the newest first would be
// a closing without an end.
func TestClosingsFollowTimesAndNotLines(t *testing.T) {
	m := mapping(t, "source: /x\ncolumns: {bcp: place, time: time, vehicles: trucks, closed: closed}\n")
	lines := []string{
		"2026-07-01T01:00:00Z,PL-18-MEDYKA,1,0\n", "2026-07-01T02:00:00Z,PL-18-MEDYKA,2,1\n", "2026-07-01T03:00:00Z,PL-18-MEDYKA,3,1\n",
		"2026-07-01T04:00:00Z,PL-18-MEDYKA,4,0\n", "2026-07-01T02:00:00Z,PL-06-ZOSIN,5,1\n",
	}
	want := []string{"01T02:00 PL-06-ZOSIN bcp.closed", "01T02:00 PL-18-MEDYKA bcp.closed", "01T04:00 PL-18-MEDYKA bcp.opened"}
	for name, order := range map[string][]int{"oldest first": {0, 1, 2, 3, 4}, "newest first": {3, 2, 4, 1, 0}, "without order": {2, 0, 4, 3, 1}} {
		file := "time,place,trucks,closed\n"
		for _, i := range order {
			file += lines[i]
		}
		got := slices.DeleteFunc(readAll(t, strings.NewReader(file), m), func(s string) bool { return strings.Contains(s, "queue.observed") })
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n got %s\nwant %s", name, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	}
}

// A file of one place has no column of it.
func TestFileOfOnePlace(t *testing.T) {
	text := "source: /one\nbcp: PL-18-MEDYKA\ncolumns: {time: checkpoint_time, wait: wait_time, vehicles: vehicles_in_queue}\ntime_layout: \"%Y-%m-%d %H:%M:%S\"\ntime_zone: place\nwait_unit: 1s\n"
	m := mapping(t, text)
	got := readAll(t, strings.NewReader("checkpoint_time,wait_time,vehicles_in_queue\n2025-06-13 10:02:32,13020,66\n"), m)
	if want := []string{"13T08:02 PL-18-MEDYKA queue.observed vehicles=66 wait=13020 age=unknown"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	elsewhere := mapping(t, strings.Replace(text, "PL-18-MEDYKA", "ES-IRUN", 1))
	if _, err := source.NewReader(strings.NewReader("checkpoint_time,wait_time,vehicles_in_queue\n"), []source.Mapping{elsewhere}, vocabulary(t), zoneOf, today); err == nil ||
		!strings.Contains(err.Error(), `bcp "ES-IRUN" is not in the configured places`) {
		t.Error(err)
	}
}

func TestTimesOfManyLayouts(t *testing.T) {
	for layout, text := range map[string]string{
		"":                          "2026-07-01T08:00:00+02:00",
		"epoch_s":                   "1782885600",
		"epoch_ms":                  "1782885600000",
		"02.01.2006 15:04":          "01.07.2026 08:00",
		"%m/%d/%Y %I:%M %p":         "07/01/2026 08:00 AM",
		"%d %b %y, %H:%M":           "01 Jul 26, 08:00",
		"2006-01-02T15:04:05Z07:00": "2026-07-01T06:00:00Z",
		"%Y-%m-%d %H:%M:%S %z":      "2026-07-01 07:00:00 +0100",
	} {
		m := mapping(t, counts+"time_zone: Europe/Warsaw\ntime_layout: \""+layout+"\"\n")
		got := readAll(t, strings.NewReader("time,place,trucks\n\""+text+"\",PL-18-MEDYKA,1\n"), m)
		if want := []string{"01T06:00 PL-18-MEDYKA queue.observed vehicles=1 wait=unknown age=unknown"}; !slices.Equal(got, want) {
			t.Errorf("%q %q: got %q", layout, text, got)
		}
	}
}

func TestErrorsShowTheBeginningOfALongValue(t *testing.T) {
	got := readAll(t, strings.NewReader("time,place,trucks\n2026-07-01T00:00:00Z,PL-18-MEDYKA,"+strings.Repeat("ї", 100_000)+"\n"), mapping(t, counts))
	if len(got) != 1 || len(got[0]) > 300 || !strings.HasPrefix(got[0], `line 2: trucks: "їїї`) || !strings.HasSuffix(got[0], `ї..." is not a number of vehicles; a word for unknown belongs in words.unknown`) {
		t.Errorf("%.400q", got)
	}
}

// Whatever the bytes, each line is counted once, and lines that are well-formed are read whatever surrounds them.
func TestLinesAddUp(t *testing.T) {
	m := []source.Mapping{mapping(t, counts)}
	v := vocabulary(t)
	rapid.Check(t, func(t *rapid.T) {
		good := map[int64]bool{}
		n := 0
		var file strings.Builder
		file.WriteString("time,place,trucks\n")
		for range rapid.IntRange(0, 40).Draw(t, "lines") {
			n++
			switch rapid.IntRange(0, 4).Draw(t, "kind") {
			case 0:
				file.WriteString(rapid.SampledFrom([]string{`a,"b,c`, "1,2", "x,y,z", "1,2,3,4", "\xff,1,2", `a"b,c,d`, `2026-07-01T00:00:00Z,PL-18-MEDYKA,"x`}).Draw(t, "slip"))
			default:
				at := int64(rapid.IntRange(0, 50).Draw(t, "minute"))
				good[at] = true
				fmt.Fprintf(&file, "%s,PL-18-MEDYKA,%d", time.Unix(1782864000+60*at, 0).UTC().Format(time.RFC3339), at)
			}
			file.WriteString(rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "end"))
		}
		r, err := source.NewReader(strings.NewReader(file.String()), m, v, zoneOf, today)
		if err != nil {
			t.Fatal(err)
		}
		got, refused := map[int64]bool{}, 0
		for e, err := range r.Events() {
			if err != nil {
				refused++
				continue
			}
			got[e.Vehicles] = true
		}
		tally := r.Tally()
		if int(tally.Lines) != n || tally.Taken+tally.Duplicates+tally.AllRefused() != tally.Lines || int(tally.AllRefused()) != refused || int(tally.Taken) != len(good) {
			t.Errorf("%d lines, %d good: %+v\n%s", n, len(good), tally, &file)
		}
		if !maps.Equal(got, good) {
			t.Errorf("got %v, want %v\n%s", got, good, &file)
		}
	})
}

// Whatever is wrong with a line, the refusal has its bytes as UTF-8, without those of its neighbours.
func TestRefusalHasTheBytesOfItsLine(t *testing.T) {
	long := strings.Repeat("x", 1<<20+1)
	file := strings.Join([]string{
		"time,place,trucks", "2025-10-26 02:30,PL-18-MEDYKA,1", "2025-10-25 01:30,PL-18-MEDYKA,2", "2025-10-25 01:30,PL-18-MEDYKA,3",
		`2025-10-25 01:30,"PL-18-MEDYKA,4`, "2025-10-25 05:30,PL-18-MEDYKA,5", "2025-10-25 06:30,PL-18-MEDYKA,5,6", "\xff", long, "then,\"a\nb\",-",
		"2025-10-26 02:40,PL-06-ZOSIN,1",
	}, "\r\n")
	r, err := source.NewReader(strings.NewReader(file), []source.Mapping{mapping(t, counts+"time_layout: \"2006-01-02 15:04\"\ntime_zone: Europe/Warsaw\n")}, vocabulary(t), zoneOf, today)
	if err != nil {
		t.Fatal(err)
	}
	got := map[int]string{}
	for _, err := range r.Events() {
		var bad *source.LineError
		if errors.As(err, &bad) {
			got[bad.Line] = string(bad.Bytes)
		}
	}
	want := map[int]string{
		2: "2025-10-26 02:30,PL-18-MEDYKA,1",
		4: "2025-10-25 01:30,PL-18-MEDYKA,3", 5: `2025-10-25 01:30,"PL-18-MEDYKA,4`, 7: "2025-10-25 06:30,PL-18-MEDYKA,5,6", 8: "\xff",
		9: long[:64<<10], 10: "then,\"a\nb\",-", 12: "2025-10-26 02:40,PL-06-ZOSIN,1",
	}
	if !maps.Equal(got, want) {
		for line := range 13 {
			if got[line] != want[line] {
				t.Errorf("line %d has the bytes %.100q, want %.100q", line, got[line], want[line])
			}
		}
	}
}

// A file is larger than what is read at once, and reading on overwrites what was read.
func TestRefusalsOfALargeFileHaveTheirBytes(t *testing.T) {
	want := map[int]string{2: "2025-10-26 02:30,PL-18-MEDYKA,1"}
	lines := []string{"time,place,trucks", want[2]}
	for i := range 1000 {
		bad := fmt.Sprintf(`2025-10-25 01:30,"PL-06-ZOSIN,%d`, i)
		lines = append(lines, bad, fmt.Sprintf("2025-10-%02d %02d:%02d,PL-06-DOROHUSK,%d", 1+i/500, i/60%24, i%60, i))
		want[len(lines)-1] = bad
	}
	r, err := source.NewReader(strings.NewReader(strings.Join(lines, "\n")), []source.Mapping{mapping(t, counts+"time_layout: \"2006-01-02 15:04\"\ntime_zone: Europe/Warsaw\n")}, vocabulary(t), zoneOf, today)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range r.Events() {
		var bad *source.LineError
		if errors.As(err, &bad) && string(bad.Bytes) != want[bad.Line] {
			t.Fatalf("line %d has the bytes %q, want %q", bad.Line, bad.Bytes, want[bad.Line])
		}
	}
}

// A number of another unit than the mapping says gives a line that names what the mapping says, and what would fit.
func TestRefusalNamesTheUnitOfTheMapping(t *testing.T) {
	const head = "source: /x\nbcp: PL-18-MEDYKA\ntime_zone: UTC\ncolumns: {time: at, wait: wait, age: age}\n"
	for _, c := range []struct{ mapping, line, want string }{
		{"time_layout: epoch_ms\nwait_unit: 1m\nage_unit: 1s\n", "1782885600,1,1", `at: "1782885600" is before 1990, or after 2104 by time_layout: epoch_ms; by epoch_s it is 2026-07-01`},
		{"time_layout: epoch_s\nwait_unit: 1m\nage_unit: 1s\n", "1782885600000,1,1", `at: "1782885600000" is before 1990, or after 2104 by time_layout: epoch_s; by epoch_ms it is 2026-07-01`},
		{"time_layout: excel\nwait_unit: 1m\nage_unit: 1s\n", "4,1,1", `at: "4" is before 1990, or after 2104 by time_layout: excel`},
		{"time_layout: epoch_s\nwait_unit: 1m\nage_unit: 1s\n", "1782885600,2:21,1", `wait: "2:21" is not a length of time; for hours and minutes, say wait_unit: h:mm`},
		{"time_layout: epoch_s\nwait_unit: h:mm\nage_unit: h:mm\n", "1782885600,2:21,90", `age: "90" is not a length of time such as 1:30 (age_unit: h:mm)`},
		{"time_layout: epoch_s\nwait_unit: h:mm\nage_unit: 1s\n", "1782885600,soon,1", `wait: "soon" is not a length of time; a word for unknown belongs in words.unknown`},
	} {
		same(t, readAll(t, strings.NewReader("at,wait,age\n"+c.line+"\n"), mapping(t, head+c.mapping)), []string{"line 2: " + c.want})
	}
}
