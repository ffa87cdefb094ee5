package source

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"dwell/ingest/event"
)

func TestEachLineIsARecordOrAnErrorWithItsNumber(t *testing.T) {
	voc, err := event.NewVocabulary([]string{"TORKHAM"}, []string{"customs"})
	if err != nil {
		t.Fatal(err)
	}
	line := func(id, typ, at, data string) string {
		return `{"specversion":"1.0","id":"` + id + `","source":"/post","type":"dwell.` + typ + `.v1","subject":"` + data + `","time":"` + at + `","data":{"bcp":"TORKHAM","direction":"inbound"}}`
	}
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	file := "\ufeff" + strings.Join([]string{ // an editor has marked its byte order
		line("1", "truck.arrived", "2026-01-05T08:00:00Z", "T1"),
		"",
		"no event",
		line("2", "truck.arrived", "2026-01-05T13:00:00Z", "T2"), // after now
		strings.Replace(line("3", "bcp.closed", "2026-01-05T09:00:00Z", "TORKHAM"), `,"direction":"inbound"`, "", 1),
	}, "\n")
	type read struct {
		key  string
		at   string
		all  bool
		line int
	}
	var got []read
	for r, err := range NewEvents(strings.NewReader(file), event.NewDecoder(voc, MaxSkew), func() time.Time { return now }).Lines() {
		var bad *LineError
		if errors.As(err, &bad) {
			got = append(got, read{line: bad.Line})
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, read{string(r.Event.Subject), time.UnixMilli(r.Recorded).UTC().Format(time.TimeOnly), r.Event.OfPlace(), 0})
	}
	want := []read{{"T1", "08:00:00", false, 0}, {line: 3}, {line: 4}, {"TORKHAM", "09:00:00", true, 0}}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: %+v, not %+v", i, got[i], want[i])
		}
	}
}

// A file is larger than what is read at once, and one of its lines is as large as a message may be.
func TestEventsOfALargeFileHaveTheirLines(t *testing.T) {
	voc, err := event.NewVocabulary([]string{"TORKHAM"}, []string{"customs"})
	if err != nil {
		t.Fatal(err)
	}
	line := func(i, length int) string {
		head := fmt.Sprintf(`{"specversion":"1.0","id":"1","source":"/post","type":"dwell.truck.arrived.v1","subject":"T%d","time":"2026-01-05T08:00:00Z","data":{"bcp":"TORKHAM","direction":"inbound","note":"`, i)
		return head + strings.Repeat("x", length-len(head)-3) + `"}}`
	}
	var lines []string
	for i := range 5000 {
		lines = append(lines, line(i, 400))
	}
	lines[2500] = line(2500, event.MaxMessage)
	i := 0
	for l, err := range NewEvents(strings.NewReader(strings.Join(lines, "\r\n")), event.NewDecoder(voc, MaxSkew), time.Now).Lines() {
		if err != nil {
			t.Fatal(err)
		}
		if string(l.Message) != lines[i] || string(l.Event.Subject) != fmt.Sprintf("T%d", i) {
			t.Fatalf("line %d has the subject %q and %.200q", i+1, l.Event.Subject, l.Message)
		}
		i++
	}
	if i != len(lines) {
		t.Fatalf("%d events, want %d", i, len(lines))
	}
}

// A post writes into a pipe all day, each event as it happens.
func TestEventsOfAPipeAreReadAsTimeGoesOn(t *testing.T) {
	voc, err := event.NewVocabulary([]string{"TORKHAM"}, []string{"customs"})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	post, pipe := io.Pipe()
	go func() {
		for hour := 8; hour < 12; hour++ {
			at := time.Date(2026, 1, 5, hour, 0, 0, 0, time.UTC)
			_, _ = fmt.Fprintf(pipe, `{"specversion":"1.0","id":"%d","source":"/post","type":"dwell.truck.arrived.v1","subject":"T1","time":%q,"data":{"bcp":"TORKHAM","direction":"inbound"}}`+"\n",
				hour, at.Format(time.RFC3339))
		}
		_ = pipe.Close()
	}()
	hour := 8
	for r, err := range NewEvents(post, event.NewDecoder(voc, MaxSkew), func() time.Time { return now }).Lines() {
		if want := time.Date(2026, 1, 5, hour, 0, 0, 0, time.UTC).UnixMilli(); err != nil || r.Recorded != want {
			t.Errorf("the event of %d:00 is recorded at %v, %v", hour, time.UnixMilli(r.Recorded).UTC(), err)
		}
		hour, now = hour+1, now.Add(time.Hour)
	}
}

func TestReadErrorEndsTheFile(t *testing.T) {
	voc, err := event.NewVocabulary([]string{"TORKHAM"}, []string{"customs"})
	if err != nil {
		t.Fatal(err)
	}
	gone := errors.New("input/output error")
	var last error
	for _, err := range NewEvents(failing{gone}, event.NewDecoder(voc, MaxSkew), time.Now).Lines() {
		last = err
	}
	if !errors.Is(last, gone) {
		t.Errorf("%v", last)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// A packed file of 1 MB may have a line of 1 GB: it costs its line, and no more memory than another.
func TestLineOfAnyLengthTakesNoMemory(t *testing.T) {
	voc, err := event.NewVocabulary([]string{"TORKHAM"}, []string{"customs"})
	if err != nil {
		t.Fatal(err)
	}
	good := `{"specversion":"1.0","id":"1","source":"/post","type":"dwell.truck.arrived.v1","subject":"T1","time":"2026-01-05T08:00:00Z","data":{"bcp":"TORKHAM","direction":"inbound"}}`
	const length = 64 << 20
	file := io.MultiReader(strings.NewReader(good+"\n"), io.LimitReader(blanks{}, length), strings.NewReader("x\n"+good))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	events := NewEvents(file, event.NewDecoder(voc, MaxSkew), time.Now)
	var got []string
	for r, err := range events.Lines() {
		if err != nil {
			got = append(got, err.Error())
			continue
		}
		got = append(got, string(r.Event.Subject))
	}
	runtime.ReadMemStats(&after)
	if want := []string{"T1", "line 2: too_large: message", "T1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if tally := events.Tally().String(); tally != "3 lines: 2 events, 1 refused (1 too_large)" {
		t.Error(tally)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > length/4 {
		t.Errorf("%d MiB were allocated", took>>20)
	}
}

// blanks is a file of blanks without an end.
type blanks struct{}

func (blanks) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// A message has members beside those that CloudEvents knows, in names that differ from them in case or in letters that fold to the same. A
// file has it as Kafka has it: names are exact, and unknown members mean nothing.
func TestMembersOfAnotherCaseAreUnknown(t *testing.T) {
	voc, err := event.NewVocabulary([]string{"TORKHAM"}, []string{"customs"})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	const message = `{"specversion":"1.0","id":"1","source":"/post","type":"dwell.truck.arrived.v1","subject":"T1","time":"2026-01-05T08:00:00Z","data":{"bcp":"TORKHAM","direction":"inbound"}`
	for _, more := range []string{
		`"Subject":"T2"`, `"SUBJECT":7`, "\"\u017fubject\":\"T2\"", `"Time":"2020-01-05T08:00:00Z"`, `"TIME":1`, `"RecordedTime":"2020-01-05T08:00:00Z"`, `"RECORDEDTIME":"2020-01-05T08:00:00Z"`, `"Data":[]`,
	} {
		q := NewEvents(strings.NewReader(message+","+more+"}"), event.NewDecoder(voc, MaxSkew), func() time.Time { return now })
		for l, err := range q.Lines() {
			if err != nil || string(l.Event.Subject) != "T1" || time.UnixMilli(l.Recorded).UTC().Hour() != 8 {
				t.Errorf("with %s: %v", more, err)
			}
		}
	}
}

// An export may be one document: a list of events. What is no event in it costs itself.
func TestListOfEvents(t *testing.T) {
	voc, err := event.NewVocabulary([]string{"TORKHAM"}, []string{"customs"})
	if err != nil {
		t.Fatal(err)
	}
	arrived := func(id string) string {
		return `{"specversion":"1.0", "id":"` + id + `", "source":"/post", "type":"dwell.truck.arrived.v1",
			"subject":"T` + id + `", "time":"2026-01-05T08:00:00Z", "data":{"bcp":"TORKHAM", "direction":"inbound"}}`
	}
	for file, want := range map[string][]string{
		" [" + arrived("1") + ",\n" + arrived("2") + "]\n":                           {"1", "2"},
		"\ufeff[" + arrived("1") + `, 7, {"id": }, {"id":"3"},` + arrived("4") + "]": {"1", "object 2: not_json", "object 3: not_json", "object 4: not_cloudevent: specversion", "4"},
		"[" + arrived("1") + "," + arrived("2")[:50]:                                 {"1", "JSON: the file ends in object 2; it was cut off"},
		"[]": nil,
	} {
		var got []string
		events := NewEvents(strings.NewReader(file), event.NewDecoder(voc, MaxSkew), time.Now)
		for l, err := range events.Lines() {
			if err != nil {
				got = append(got, err.Error())
				continue
			}
			got = append(got, string(l.Event.ID))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%.20s: got %q, want %q", file, got, want)
		}
		if tally := events.Tally(); tally.Lines != tally.Taken+tally.AllRefused() {
			t.Errorf("%.20s: %s", file, tally)
		}
	}
}
