package source_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	_ "time/tzdata"

	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/ingest/source"
)

// today is after every reading of the files.
var today = time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)

// zoneOf is the zone of all places.
func zoneOf(string) *time.Location {
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		panic(err)
	}
	return warsaw
}

func vocabulary(t testing.TB) *event.Vocabulary {
	t.Helper()
	b, err := place.Load("poland-ukraine")
	if err != nil {
		t.Fatal(err)
	}
	v, err := b.Vocabulary()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func shipped(t testing.TB) []source.Mapping {
	t.Helper()
	all, err := source.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// read returns every event of a file, and every error, as a line of text.
func read(t testing.TB, file io.Reader, mappings []source.Mapping) (lines []string) {
	t.Helper()
	r, err := source.NewReader(file, mappings, vocabulary(t), zoneOf, today)
	if err != nil {
		t.Fatal(err)
	}
	return described(t, r)
}

func described(t testing.TB, r *source.Reader) (lines []string) {
	t.Helper()
	return describedBy(t, r, vocabulary(t))
}

func describedBy(t testing.TB, r *source.Reader, v *event.Vocabulary) (lines []string) {
	t.Helper()
	number := func(n int64) string {
		if n == event.Unknown {
			return "unknown"
		}
		return fmt.Sprint(n)
	}
	for e, err := range r.Events() {
		if err != nil {
			lines = append(lines, err.Error())
			continue
		}
		s := fmt.Sprintf("%s %s %s", time.UnixMilli(e.Time).UTC().Format("02T15:04"), v.BCPName(e.BCP), e.Type)
		if e.Type == event.QueueObserved {
			s += fmt.Sprintf(" vehicles=%s wait=%s age=%s", number(e.Vehicles), number(e.WaitSeconds), number(e.AgeSeconds))
			for _, more := range []struct {
				key, value string
			}{
				{"direction", e.Direction.String()}, {"queue", string(e.Queue)}, {"lanes", number(e.LanesOpen)}, {"rate", number(e.ServiceRate)}, {"state", e.State.String()},
			} {
				if more.value != "" && more.value != "unknown" {
					s += " " + more.key + "=" + more.value
				}
			}
		}
		lines = append(lines, s)
	}
	return lines
}

func TestEachLineGivesAReadingOrAReason(t *testing.T) {
	data, err := os.ReadFile("testdata/queues.csv")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"01T06:00 PL-06-DOROHUSK queue.observed vehicles=1200 wait=unknown age=1200",
		"01T06:00 PL-06-ZOSIN queue.observed vehicles=0 wait=unknown age=60",
		"01T06:00 PL-18-MALHOWICE queue.observed vehicles=unknown wait=unknown age=600",
		"01T06:00 PL-18-MEDYKA queue.observed vehicles=7 wait=unknown age=0",
		`line 6: crossing_id: "atlantis" is not in the mapping's bcps`,
		"01T10:00 PL-06-DOROHUSK queue.observed vehicles=1190 wait=unknown age=21600",
		"01T14:00 PL-06-DOROHUSK queue.observed vehicles=1250 wait=unknown age=60",
		`line 9: trucks_waiting: "-3" is not a number of vehicles`,
		"line 10: 4 fields instead of 11",
		"01T14:00 PL-18-MEDYKA queue.observed vehicles=5 wait=unknown age=30",
		"01T10:00 PL-06-DOROHUSK bcp.closed",
		"01T14:00 PL-06-DOROHUSK bcp.opened",
	}
	for name, file := range map[string]io.Reader{
		"whole": bytes.NewReader(data), "byte by byte": iotest.OneByteReader(bytes.NewReader(data)),
		"with a byte order mark": io.MultiReader(strings.NewReader("\ufeff"), bytes.NewReader(data)),
		"with Windows line ends": bytes.NewReader(bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n"))),
	} {
		if got := read(t, file, shipped(t)); !slices.Equal(got, want) {
			t.Errorf("%s:\n got %s\nwant %s", name, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	}
}

func TestReadingAFileTwiceGivesTheSameIDs(t *testing.T) {
	ids := func() (all []string) {
		f, err := os.Open("testdata/queues.csv")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		r, err := source.NewReader(f, shipped(t), vocabulary(t), zoneOf, today)
		if err != nil {
			t.Fatal(err)
		}
		for e, err := range r.Events() {
			if err == nil {
				all = append(all, string(e.Source)+" "+string(e.ID))
			}
		}
		return all
	}
	first, second := ids(), ids()
	if !slices.Equal(first, second) || first[0] != "/dpsu.gov.ua/truck-queues dorohusk/2026-07-01T06:00:00Z" {
		t.Errorf("first %q, second %q", first, second)
	}
	slices.Sort(first)
	if n := len(slices.Compact(first)); n != len(second) {
		t.Errorf("%d ids for %d events", n, len(second))
	}
}

// The real file is not part of the project.
func TestRealReadings(t *testing.T) {
	f, err := os.Open("../../../shared/data/pl-ua-truck-queues-2026.csv")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the file of real readings is not beside the repository")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	v := vocabulary(t)
	r, err := source.NewReader(f, shipped(t), v, zoneOf, today)
	if err != nil {
		t.Fatal(err)
	}
	decoder := event.NewDecoder(v, 5*time.Minute)
	ids := map[string]bool{}
	var n, unknown, zero, stale int
	var message []byte
	for e, err := range r.Events() {
		if err != nil {
			t.Fatal(err)
		}
		message = event.AppendStructured(message[:0], v, e)
		var again event.Event
		if no := decoder.Decode(&event.Record{Key: e.Subject, Value: message, Time: e.Time}, &again); no != nil {
			t.Fatalf("%s: %v", message, no)
		}
		n++
		ids[string(e.ID)] = true
		switch e.Vehicles {
		case event.Unknown:
			unknown++
		case 0:
			zero++
		}
		if e.AgeSeconds > 3600 {
			stale++
		}
	}
	if n != 2125 || len(ids) != 2125 || unknown != 10 || zero != 401 || stale != 462 {
		t.Errorf("%d readings, %d ids, %d unknown, %d zeros, %d older than an hour", n, len(ids), unknown, zero, stale)
	}
}

const waits = `
source: /town/waits
separator: ";"
columns: {bcp: post, time: at, wait: minutes}
time_layout: 2006-01-02 15:04
time_zone: Europe/Warsaw
wait_unit: 1m
direction: outbound
`

func TestOwnMapping(t *testing.T) {
	m, err := source.ParseMapping("waits.yaml", []byte(waits))
	if err != nil {
		t.Fatal(err)
	}
	got := read(t, strings.NewReader("post;at;minutes;remark\nPL-18-MEDYKA;2026-07-01 08:00;90;\nPL-18-MEDYKA;2026-07-01 09:00;;none\n"+
		"PL-18-MEDYKA;yesterday;1;\nPL-99-NONE;2026-07-01 09:00;1;\nPL-18-MEDYKA;2026-07-01 09:00;long;\nPL-18-MEDYKA;2026-10-01 02:01;1;\n"), append(shipped(t), m))
	want := []string{
		"01T06:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=5400 age=unknown direction=outbound",
		"01T07:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=unknown age=unknown direction=outbound",
		`line 4: at: "yesterday" is not a time of the layout "2006-01-02 15:04" (time_layout)`,
		`line 5: post: "PL-99-NONE" is not the id of a configured place (PL-06-DOROHUSK, PL-06-ZOSIN, PL-06-DOLHOBYCZOW, PL-06-HREBENNE, PL-18-BUDOMIERZ, PL-18-KORCZOWA, PL-18-MEDYKA, PL-18-MALHOWICE and 1 more); give its id in the mapping's bcps`,
		`line 6: minutes: "long" is not a length of time; a word for unknown belongs in words.unknown`,
		`line 7: at: "2026-10-01 02:01" is in the future`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

func TestHeaderWithoutMappingIsAnError(t *testing.T) {
	for file, want := range map[string]string{
		"time,place,trucks\n1,2,3\n": `no mapping fits the header "time,place,trucks" (tried cascade-gateway-peace-arch.yaml, `,
		"":                           "the file is empty",
		strings.Repeat("x", 100_000): "is longer than",
	} {
		if _, err := source.NewReader(strings.NewReader(file), shipped(t), vocabulary(t), zoneOf, today); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestMappingForOtherPlacesIsRefused(t *testing.T) {
	header := "scraped_at,crossing_id,trucks_waiting,closure_flag,parse_miss_flag,reading_age_seconds\n"
	vocabularyOf := func(ids ...string) *event.Vocabulary {
		v, err := event.NewVocabulary(ids, []string{"customs"})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	all := shipped(t)
	dpsu := all[slices.IndexFunc(all, func(m source.Mapping) bool { return m.Name == "dpsu-truck-queues.yaml" })]
	own := dpsu
	own.Places = ""
	for _, c := range []struct {
		mapping source.Mapping
		voc     *event.Vocabulary
		want    string
	}{
		{dpsu, vocabularyOf("AF-NAN-TORKHAM"), `mapping "dpsu-truck-queues.yaml" belongs to the places "poland-ukraine", not to the configured ones; use --places poland-ukraine`},
		{own, vocabularyOf("AF-NAN-TORKHAM"), `none of its bcps, such as "PL-06-DOLHOBYCZOW", is in the configured places`},
		{own, vocabularyOf("AF-NAN-TORKHAM", "PL-18-MEDYKA"), ""},
	} {
		_, err := source.NewReader(strings.NewReader(header), []source.Mapping{c.mapping}, c.voc, zoneOf, today)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

func TestShippedMappingsBelongToShippedPlaces(t *testing.T) {
	for _, m := range shipped(t) {
		if m.Places == "" && len(m.BCPs) == 0 {
			continue // the file has the ids
		}
		b, err := place.Load(m.Places)
		if err != nil {
			t.Fatalf("%s: %v", m.Name, err)
		}
		for name, id := range m.BCPs {
			if b.Place(id) == nil {
				t.Errorf("%s: %q is %q, which places %q lack", m.Name, name, id, m.Places)
			}
		}
	}
}

// A mistyped number or date is refused with its line, not first where the events are decoded.
func TestReaderRefusesWhatNoEventCanHave(t *testing.T) {
	header := "scraped_at,crossing_id,trucks_waiting,closure_flag,parse_miss_flag,reading_age_seconds\n"
	for _, c := range []struct{ line, want string }{
		{"2026-07-01T06:00:00Z,medyka,9999999999,0,0,0", "01T06:00 PL-18-MEDYKA queue.observed vehicles=9999999999 wait=unknown age=0"},
		{"2026-07-01T06:00:00Z,medyka,10000000000,0,0,0", `line 2: trucks_waiting: "10000000000" is not a number of vehicles`},
		{"1990-01-01T00:00:00Z,medyka,7,0,0,0", "01T00:00 PL-18-MEDYKA queue.observed vehicles=7 wait=unknown age=0"},
		{"1990-01-01T00:00:00+02:00,medyka,7,0,0,0", `line 2: scraped_at: "1990-01-01T00:00:00+02:00" is before 1990, or after 2104`},
	} {
		if got := read(t, strings.NewReader(header+c.line), shipped(t)); len(got) != 1 || !strings.HasPrefix(got[0], c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.line, got, c.want)
		}
	}
}

// A file ends in an error while a reading of the hour that is there twice waits for the next one of its place: each line read is in the sum.
func TestReadErrorLosesNoLineThatWaits(t *testing.T) {
	broken := errors.New("the disk is gone")
	file := "time,place,trucks\n2025-10-26 01:30,PL-18-MEDYKA,1\n2025-10-26 02:30,PL-18-MEDYKA,2\n2025-10-26 02:30,PL-18-MEDYKA,3\n"
	m := mapping(t, counts+"time_layout: \"2006-01-02 15:04\"\ntime_zone: Europe/Warsaw\n")
	r, err := source.NewReader(io.MultiReader(strings.NewReader(file), iotest.ErrReader(broken)), []source.Mapping{m}, vocabulary(t), zoneOf, today)
	if err != nil {
		t.Fatal(err)
	}
	var last error
	for _, err := range r.Lines() {
		last = err
	}
	if got := r.Tally(); !errors.Is(last, broken) || got.Lines != 3 || got.Taken+got.Duplicates+got.AllRefused() != got.Lines {
		t.Errorf("%s; %v", got, last)
	}
}

func TestReadErrorIsReported(t *testing.T) {
	broken := errors.New("the disk is gone")
	header := "scraped_at,crossing_id,trucks_waiting,closure_flag,parse_miss_flag,reading_age_seconds\n"
	r, err := source.NewReader(io.MultiReader(strings.NewReader(header), iotest.ErrReader(broken)), shipped(t), vocabulary(t), zoneOf, today)
	if err != nil {
		t.Fatal(err)
	}
	var last error
	for _, err := range r.Events() {
		last = err
	}
	if !errors.Is(last, broken) {
		t.Errorf("got %v", last)
	}
}

func TestMappingErrorsNameKeyAndValue(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"/town/waits", "''", `m.yaml: source: "" is empty`},
		{"bcp: post, ", "", `columns.bcp: "" is empty`},
		{"time: at, ", "", `columns.time: "" is empty`},
		{", wait: minutes", "", `columns.vehicles: "" is empty`},
		{`";"`, `";;"`, `separator: ";;"`},
		{`";"`, "\";\"\ncomment: \"2\"", `comment: "2" is not one character, or has a meaning of its own`},
		{"Europe/Warsaw", "Warsaw", `time_zone: "Warsaw"`},
		{"1m", "often", `wait_unit: "often"`},
		{"outbound", "out", `direction: "out"`},
		{"/town/waits", `"/town\0waits"`, `source: "/town\x00waits" has a zero byte or more than 256 bytes`},
		{"/town/waits", strings.Repeat("t", 257), `ttt" has a zero byte or more than 256 bytes`},
		{"wait_unit", "wait_unitz", `m.yaml:7: unknown field "wait_unitz"`},
		{"wait: minutes", "wait: [minutes]", `m.yaml:4: `},
	} {
		text := strings.Replace(waits, c.old, c.new, 1)
		if text == waits {
			t.Fatalf("%q is not in the mapping", c.old)
		}
		if _, err := source.ParseMapping("m.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s instead of %s:\n got %v\nwant %s", c.new, c.old, err, c.want)
		}
	}
}

// FuzzReader checks that each line of any file is an event that decodes or an error, and that nothing panics.
func FuzzReader(f *testing.F) {
	data, err := os.ReadFile("testdata/queues.csv")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	v, maps := vocabulary(f), shipped(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := source.NewReader(bytes.NewReader(data), maps, v, zoneOf, today)
		if err != nil {
			return
		}
		decoder := event.NewDecoder(v, 0)
		for e, err := range r.Events() {
			if err != nil {
				continue
			}
			message := event.AppendStructured(nil, v, e)
			var again event.Event
			if no := decoder.Decode(&event.Record{Key: e.Subject, Value: message, Time: e.Time}, &again); no != nil {
				t.Fatalf("%s: %v", message, no)
			}
		}
	})
}

// FuzzParseMapping checks that any mapping is refused with an error or can be used.
func FuzzParseMapping(f *testing.F) {
	f.Add([]byte(waits))
	v := vocabulary(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := source.ParseMapping("m.yaml", data)
		if err != nil {
			return
		}
		r, err := source.NewReader(strings.NewReader("time,bcp,vehicles\n2026-01-05T08:00:00Z,A,1\n"), []source.Mapping{m}, v, zoneOf, today)
		if err != nil {
			return
		}
		for _, err := range r.Events() {
			if err != nil && err.Error() == "" {
				t.Fatal("a line is refused without a reason")
			}
		}
	})
}

// A service writes its own time, and whose clock that is. What is missing is named with the way out.
func TestTimeWithoutAnOffsetIsNamed(t *testing.T) {
	for text, want := range map[string]string{
		"2026-07-01T02:00:00": `line 2: time: "2026-07-01T02:00:00" is a time without its offset from UTC; say time_layout: "2006-01-02T15:04:05", and in time_zone the zone of its clocks`,
		"2026-07-01 02:00":    `line 2: time: "2026-07-01 02:00" is a time without its offset from UTC; say time_layout: "2006-01-02 15:04", and in time_zone the zone of its clocks`,
		"1 July":              `line 2: time: "1 July" is not a time such as "2026-07-01T08:00:00+02:00"; say time_layout, and time_zone`,
	} {
		got := readAll(t, strings.NewReader("place,time,trucks\nPL-18-MEDYKA,"+text+",7\n"), mapping(t, counts))
		if !slices.Equal(got, []string{want}) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
