package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dwell/cmd/dwell/app"
)

// desk is where somebody imports files beside a dwell that serves.
type desk struct {
	*testing.T
	s     *app.System
	dir   string
	dwell func(status int, args ...string) string
}

func TestImports(t *testing.T) {
	s := serveForTest(t, "afghanistan", time.Now)
	for _, story := range []struct {
		name string
		of   func(*desk)
	}{{"known and undone", readingsAreUndone}, {"events undone", eventsAreUndone}, {"closings across files", closingsFollowFromAllFiles}, {"corrected", correctedFileNamesWhatItLeftOut}, {"renumbered", renumberedFileCountsOnceAgain}, {"inserted", insertedRowsAreNamedWhereTheirNumberIsTheSubject}} {
		t.Run(story.name, func(t *testing.T) { story.of(&desk{t, s, t.TempDir(), beside(t, s.Config)}) })
	}
}

// file writes a file, and returns its path.
func (d *desk) file(name, text string) string {
	d.Helper()
	path := filepath.Join(d.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		d.Fatal(err)
	}
	return path
}

// says runs a command, which must print the text.
func (d *desk) says(want string, args ...string) {
	d.Helper()
	if got := d.dwell(0, args...); !strings.Contains(got, want) {
		d.Errorf("dwell %s prints\n%swant %q in it", strings.Join(args[:2], " "), got, want)
	}
}

// has are the rows of a query of one text column, once everything in Kafka is counted.
func (d *desk) has(query string, want ...string) {
	d.Helper()
	if err := d.s.CaughtUp(d.Context(), func(int64) {}); err != nil {
		d.Fatal(err)
	}
	if got := textsOf(d.Context(), d.T, d.s, query); !slices.Equal(got, want) {
		d.Errorf("there are %q, want %q", got, want)
	}
}

func textsOf(ctx context.Context, t *testing.T, s *app.System, query string) (all []string) {
	t.Helper()
	rows, err := s.Store.Conn().Query(ctx, query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

const (
	mondayMap = "source: /post/queue\ncolumns: {bcp: post, time: at, vehicles: trucks}\ntime_layout: 2006-01-02 15:04\ntime_zone: UTC\n"
	monday    = "post,at,trucks\nAF-NAN-TORKHAM,2026-01-05 09:00,12\nAF-NAN-TORKHAM,2026-01-05 10:00,13\n"
)

// The readings of Monday are imported, and again after the file has grown. Another file says otherwise of one of them, and was wrong.
func readingsAreUndone(d *desk) {
	mapping := d.file("map.yaml", mondayMap)
	imported := func(want, file, text string) {
		d.Helper()
		d.says(want, "import", "readings", d.file(file, text), "--map", mapping)
	}
	const readings = "SELECT concat(formatDateTime(time, '%H:%i'), ' ', toString(vehicles), ' ', toString(edition)) FROM queue_readings ORDER BY time"
	const grown = monday + "AF-NAN-TORKHAM,2026-01-05 11:00,14\n"
	imported(": import 1, 2 lines: 2 readings, 0 refused\n", "monday.csv", monday)
	imported(": nothing, as import 1 has this file: 2 lines: 0 readings, 2 duplicates, 0 refused\n", "monday.csv", monday)
	imported(": import 3, 3 lines: 1 reading, 2 duplicates, 0 refused\n", "monday.csv", grown)
	imported(": import 4, 1 line: 0 readings, 1 replaced, 0 refused\n", "corrected.csv", "post,at,trucks\nAF-NAN-TORKHAM,2026-01-05 09:00,2\n")
	d.has(readings, "09:00 2 1", "10:00 13 0", "11:00 14 0")
	d.has("SELECT toString(uniqExact(id, edition)) FROM events", "5") // three readings, a retraction and what replaces it
	d.has("SELECT toString(count()) FROM ineffective_retractions", "0")
	imported(": import 5, 4 lines: 1 reading, 3 duplicates, 0 refused\n", "monday.csv", grown+"AF-NAN-TORKHAM,2026-01-05 12:00,15\n")
	d.has(readings, "09:00 2 1", "10:00 13 0", "11:00 14 0", "12:00 15 0") // what grows does not bring back what was replaced

	list := d.dwell(0, "imports", "list")
	var states []string
	for line := range strings.Lines(list) {
		if f := strings.Fields(line); len(f) == 13 && f[0] != "IMPORT" {
			states = append(states, strings.Join(slices.Concat(f[:1], f[2:10]), " "))
		}
	}
	if want := []string{
		"5 standing readings 4 1 0 3 0 monday.csv", "4 standing readings 1 0 1 0 0 corrected.csv",
		"3 standing readings 3 1 0 2 0 monday.csv", "1 standing readings 2 2 0 0 0 monday.csv",
	}; !slices.Equal(states, want) {
		d.Errorf("the imports are %q, want %q\nin\n%s", states, want, list)
	}

	d.says("import 4 of corrected.csv is undone: events retracted: 1", "imports", "undo", "4")
	d.has(readings, "09:00 12 2", "10:00 13 0", "11:00 14 0", "12:00 15 0")
	d.says(" events retracted: 0", "imports", "undo", "1") // the others contain it
	d.says(" events retracted: 1", "imports", "undo", "5")
	d.says(" events retracted: 3", "imports", "undo", "3")
	d.has(readings)
	if got := d.dwell(1, "imports", "undo", "3"); !strings.Contains(got, "import 3 is undone already") {
		d.Error(got)
	}
	if got := d.dwell(1, "imports", "undo", "70"); !strings.Contains(got, "there is no import 70") {
		d.Error(got)
	}
	// The right file comes after it, under the same ids.
	imported(" 3 lines: 3 readings, 0 refused\n", "monday.csv", grown)
	d.has(readings, "09:00 12 3", "10:00 13 1", "11:00 14 1")
}

// A file has events of another border's trucks. Without it, the right ones can come.
func eventsAreUndone(d *desk) {
	line := func(id, typ, at string) string {
		return fmt.Sprintf(`{"specversion":"1.0","id":"%s","source":"/post","type":"dwell.%s.v1","subject":"T1","time":"2026-01-05T%s:00Z","data":{"bcp":"AF-NAN-TORKHAM","direction":"inbound"}}`+"\n", id, typ, at)
	}
	const visits = "SELECT concat(visit, ' ', status, ' ', toString(crossing_time)) FROM latest_visits"
	wrong := d.file("events.jsonl", line("1", "truck.arrived", "08:00")+line("2", "truck.departed", "09:00")+line("1", "truck.arrived", "08:00"))
	d.says(": import 11, 3 lines: 2 events, 1 duplicate, 0 refused\n", "import", "events", wrong)
	d.has(visits, "T1 departed 3600")
	d.says(" events retracted: 2", "imports", "undo", "11")
	d.has("SELECT concat(visit, ' ', status) FROM visits FINAL", "T1 void")
	right := d.file("events.jsonl", line("1", "truck.arrived", "08:30")+line("2", "truck.departed", "09:00")+line("2", "truck.departed", "09:10"))
	got := d.dwell(1, "import", "events", right)
	if want := ": import 13, 3 lines: 2 events, 1 refused (1 conflicting_event)\n"; !strings.Contains(got, want) {
		d.Errorf("prints\n%swant %q in it", got, want)
	}
	d.has(visits, "T1 departed 1800")
	d.has("SELECT concat(reason, ' ', toString(number)) FROM dead_letters", "conflicting_event 3")
}

// The post pauses at nine in the evening of the first day, and the file of the next day begins when it is at work again.
func closingsFollowFromAllFiles(d *desk) {
	const (
		header = "time,place,trucks,paused\n"
		day1   = header + "2026-01-05T20:00:00Z,AF-NAN-TORKHAM,5,0\n2026-01-05T21:00:00Z,AF-NAN-TORKHAM,5,1\n"
		day2   = header + "2026-01-05T22:00:00Z,AF-NAN-TORKHAM,6,0\n2026-01-05T23:00:00Z,AF-NAN-TORKHAM,7,0\n"
	)
	files := map[string]string{"day1.csv": day1, "day2.csv": day2, "between.csv": header + "2026-01-05T21:30:00Z,AF-NAN-TORKHAM,6,0\n"}
	openings := func(source string) string {
		return "SELECT DISTINCT concat(type, formatDateTime(time, ' %H:%i')) FROM openings FINAL WHERE source = '" + source + "' AND type != 'event.retracted'" +
			" AND (source, id, edition) NOT IN (SELECT retracted_source, retracted_id, retracted_edition FROM openings FINAL) ORDER BY time"
	}
	for source, order := range map[string][]string{"/in/order": {"day1.csv", "day2.csv"}, "/out/of/order": {"day2.csv", "day1.csv"}} {
		mapping := d.file("flap.yaml", "source: "+source+"\ncolumns: {bcp: place, time: time, vehicles: trucks, closed: paused}\n")
		bring := func(name string) (number string) {
			d.Helper()
			out := d.dwell(0, "import", "readings", d.file(name, files[name]), "--map", mapping)
			_, rest, _ := strings.Cut(out, name+": import ")
			number, _, _ = strings.Cut(rest, ",")
			return number
		}
		for _, name := range order {
			bring(name)
		}
		d.has(openings(source), "bcp.closed 21:00", "bcp.opened 22:00")
		between := bring("between.csv") // the place was open by then, so the next day opens nothing
		d.has(openings(source), "bcp.closed 21:00", "bcp.opened 21:30")
		d.says("closings and openings changed: 2", "imports", "undo", between)
		d.has(openings(source), "bcp.closed 21:00", "bcp.opened 22:00")
	}
}

// book is the mapping of a book of trucks with numbered rows, and a function that imports one and returns the number of the import.
func (d *desk) book(name string) (mapping string, bring func(rows string) (number, printed string)) {
	mapping = d.file(name+".yaml", "source: /"+name+"\nbcp: AF-NAN-TORKHAM\ndirection: inbound\ncolumns: {id: row, subject: visit}\ntime_layout: 2006-01-02 15:04\ntime_zone: UTC\n"+
		"events:\n  - {columns: {time: came}, values: {type: truck.arrived}}\n  - {columns: {time: went}, values: {type: truck.departed}}\n")
	return mapping, func(rows string) (number, printed string) {
		d.Helper()
		out := d.dwell(0, "import", "events", d.file(name+".csv", "row,visit,came,went\n"+rows), "--map", mapping)
		_, rest, _ := strings.Cut(out, name+".csv: import ")
		number, _, _ = strings.Cut(rest, ",")
		return number, out
	}
}

// A clerk corrects a book: a plate, a time, a departure that was another truck's, and a truck that was there twice. What the book does not say
// any more is named, until the imports that said it are undone.
func correctedFileNamesWhatItLeftOut(d *desk) {
	_, bring := d.book("book")
	want := func(printed, line string) {
		d.Helper()
		if !strings.Contains(printed, "missing     ") || !strings.Contains(printed, line) {
			d.Errorf("prints\n%swant %q in it", printed, line)
		}
	}
	silent := func(printed string) {
		d.Helper()
		if strings.Contains(printed, "not in this file") {
			d.Errorf("prints\n%swant nothing of what is not in the file", printed)
		}
	}
	const visits = "SELECT visit || ' ' || status FROM latest_visits WHERE visit LIKE 'K%' AND arrived IS NOT NULL ORDER BY visit"
	const rest = "3,K3,2026-01-06 08:00,2026-01-06 09:00\n4,K4,2026-01-06 08:00,2026-01-06 09:00\n"
	first, printed := bring("1,K1,2026-01-06 08:00,2026-01-06 09:00\n2,K2,2026-01-06 08:00,2026-01-06 09:00\n" + rest)
	silent(printed)
	// The plate of row 1 was wrong, and the truck of row 2 is still inside.
	second, printed := bring("1,K9,2026-01-06 08:00,2026-01-06 09:00\n2,K2,2026-01-06 08:10,\n" + rest)
	want(printed, "3 events of import "+first+" are not in this file any more; if it corrects that one, dwell imports undo "+first+" takes them back")
	d.has(visits, "K1 departed", "K2 departed", "K3 departed", "K4 departed", "K9 departed")
	d.says("events retracted: 3", "imports", "undo", first)
	d.has(visits, "K2 inside", "K3 departed", "K4 departed", "K9 departed")
	// Row 2 is the last one again, once without undoing: both imports say it.
	third, printed := bring("1,K9,2026-01-06 08:00,2026-01-06 09:00\n2,K2,2026-01-06 08:10,\n" + rest + "5,K5,2026-01-06 10:00,\n")
	silent(printed)
	_, printed = bring(rest + "5,K5,2026-01-06 10:00,\n2,K2,2026-01-06 08:10,\n")
	want(printed, "2 events of import "+third+" are not in this file any more; if it corrects that one, dwell imports undo "+second+" and dwell imports undo "+third+" take them back")
	d.says("events retracted: 0", "imports", "undo", second)
	d.says("events retracted: 2", "imports", "undo", third)
	d.has(visits, "K2 inside", "K3 departed", "K4 departed", "K5 inside")
	// The book of the next day has the same name.
	_, printed = bring("5,K5,2026-01-06 10:00,2026-01-06 11:00\n6,K6,2026-01-07 08:00,2026-01-07 09:00\n")
	silent(printed)
	d.has(visits, "K2 inside", "K3 departed", "K4 departed", "K5 departed", "K6 departed")
}

// A clerk deletes the second row of a book, and the spreadsheet numbers the rows below anew. Each of those trucks has two arrivals then, until the
// first import is undone.
func renumberedFileCountsOnceAgain(d *desk) {
	mapping, bring := d.book("numbered")
	const of = "SELECT concat(subject, ' ', toString(uniqExact(id))) FROM events WHERE source = '/numbered' AND type = 'truck.arrived'" +
		" AND (subject, id, edition) NOT IN (SELECT subject, retracted_id, retracted_edition FROM events WHERE type = 'event.retracted') GROUP BY subject ORDER BY subject"
	first, printed := bring("1,N1,2026-01-06 08:00,2026-01-06 09:00\n2,N2,2026-01-06 08:00,2026-01-06 09:00\n3,N3,2026-01-06 08:00,2026-01-06 09:00\n4,N4,2026-01-06 08:00,\n")
	if strings.Contains(printed, "counts twice") {
		d.Errorf("the first import prints\n%s", printed)
	}
	second, printed := bring("1,N1,2026-01-06 08:00,2026-01-06 09:00\n2,N3,2026-01-06 08:00,2026-01-06 09:00\n3,N4,2026-01-06 08:00,2026-01-06 10:00\n4,N5,2026-01-06 10:00,\n")
	if want := "warning     3 events of this file are in import " + first + " too, under other ids, so each counts twice; if the records of the file were numbered anew, dwell imports undo " +
		first + " takes back those of the old numbers\n"; !strings.Contains(printed, want) {
		d.Errorf("prints\n%swant %q in it", printed, want)
	}
	d.has(of, "N1 1", "N2 1", "N3 2", "N4 2", "N5 1")
	d.says("events retracted: 5", "imports", "undo", first)
	d.has(of, "N1 1", "N3 1", "N4 1", "N5 1")
	// The next row has the time of another one, and is another truck. Then one event has another number once more.
	_, printed = bring("5,N6,2026-01-06 10:00,\n")
	if strings.Contains(printed, "counts twice") {
		d.Errorf("a new row prints\n%s", printed)
	}
	// A file of another name, by the same mapping.
	printed = d.dwell(0, "import", "events", d.file("numbered_v2.csv", "row,visit,came,went\n7,N5,2026-01-06 10:00,\n"), "--map", mapping)
	if want := "1 event of this file is in import " + second + " too, under another id, so it counts twice; if"; !strings.Contains(printed, want) {
		d.Errorf("prints\n%swant %q in it", printed, want)
	}
}

// The subject of a book is the number of the row. A clerk inserts a row at the top, and the trucks of all the others change their visits.
func insertedRowsAreNamedWhereTheirNumberIsTheSubject(d *desk) {
	mapping := d.file("inserted.yaml", "source: /inserted\nbcp: AF-NAN-TORKHAM\ndirection: inbound\ncolumns: {id: row, subject: row}\ntime_layout: 2006-01-02 15:04\ntime_zone: UTC\n"+
		"events:\n  - {columns: {time: came}, values: {type: truck.arrived}}\n  - {columns: {time: went}, values: {type: truck.departed}}\n")
	book := func(trucks ...int) string {
		rows := "row,plate,came,went\n"
		for i, truck := range trucks {
			rows += fmt.Sprintf("%d,LU %d,2026-01-06 0%d:00,2026-01-06 0%[3]d:30\n", i+1, truck, truck)
		}
		return d.dwell(0, "import", "events", d.file("inserted.csv", rows), "--map", mapping)
	}
	const warning = `warning     columns.subject: "row" numbers the records of the file 1, 2, 3, which is no identity: each visit below a record that is inserted or deleted ` +
		"becomes another one; name what a visit has by itself: the number of its pass, which all of its records have, or columns such as [plate, came]"
	first := book(2, 3, 4, 5, 6)
	if !strings.Contains(first, warning+"\n") {
		d.Errorf("the first import prints\n%swant %q in it", first, warning)
	}
	second := book(1, 2, 3, 4, 5, 6)
	_, rest, _ := strings.Cut(second, "inserted.csv: import ")
	number, _, _ := strings.Cut(rest, ",")
	if want := warning + "; 10 replaced what earlier imports say of these numbers, which dwell imports undo " + number + " takes back\n"; !strings.Contains(second, want) {
		d.Errorf("the second import prints\n%swant %q in it", second, want)
	}
	d.says("inserted.csv", "imports", "undo", number)
	d.has("SELECT concat(subject, ' ', toString(time)) FROM events WHERE source = '/inserted' AND type = 'truck.arrived' AND subject IN ('1', '6')"+
		" AND (subject, id, edition) NOT IN (SELECT subject, retracted_id, retracted_edition FROM events WHERE type = 'event.retracted') ORDER BY subject",
		"1 2026-01-06 02:00:00.000")
}
