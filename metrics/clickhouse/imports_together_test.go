package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"dwell/ingest/event"
	"dwell/ingest/imports"
	"dwell/ingest/source"
)

// Six clerks import their files in the same moment. Each gets a number of its own and none fails, and no two are at work at once.
func TestImportsThatBeginTogetherHaveTheirOwnNumbers(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	var working atomic.Int32
	var mu sync.Mutex
	numbers := map[uint32]bool{}
	var together sync.WaitGroup
	begin := make(chan struct{})
	l := newImportLog(t, voc)
	for clerk := range 6 {
		together.Go(func() {
			tally := &source.Tally{Refused: map[event.Reason]int64{}}
			about := &imports.Import{Kind: imports.OfReadings, File: fmt.Sprint(clerk), FileHash: fmt.Sprint(clerk)}
			lines := linesOf(voc, fmt.Sprint("/clerk/", clerk), map[int64]saying{30_000_000: {vehicles: 1}}, tally)
			im := &imports.Importer{Table: s, Log: l, Vocabulary: voc}
			<-begin
			err := im.Import(t.Context(), about, func(yield func(source.Line, error) bool) {
				if n := working.Add(1); n != 1 {
					t.Errorf("%d imports are at work at once", n)
				}
				lines(yield)
				working.Add(-1)
			}, tally, nil)
			mu.Lock()
			defer mu.Unlock()
			if err != nil || numbers[about.Number] {
				t.Errorf("import %d: %v", about.Number, err)
			}
			numbers[about.Number] = true
		})
	}
	close(begin)
	together.Wait()
	if got := slices.Sorted(maps.Keys(numbers)); !slices.Equal(got, []uint32{1, 2, 3, 4, 5, 6}) {
		t.Errorf("the numbers are %d", got)
	}
}

// An undoing is killed before each of its writes in turn. The same command completes it, says all that was taken back, and a third one says
// that it is done.
func TestKilledUndoingIsCompletedByTheSameCommand(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	for left := 1; ; left++ {
		l := newImportLog(t, voc)
		file := map[int64]saying{}
		for at := int64(30_000_000); at < 30_000_010; at++ {
			file[at] = saying{vehicles: at % 7}
		}
		tally := &source.Tally{Refused: map[event.Reason]int64{}}
		about := &imports.Import{Kind: imports.OfReadings, FileHash: fmt.Sprint(left)}
		im := &imports.Importer{Table: &mortal{Table: s, log: l, left: -1}, Log: l, Vocabulary: voc}
		if err := im.Import(t.Context(), about, linesOf(voc, fmt.Sprint("/post/", left), file, tally), tally, nil); err != nil {
			t.Fatal(err)
		}
		m := &mortal{Table: s, log: l, left: left}
		_, err := (&imports.Importer{Table: m, Log: m, Vocabulary: voc}).Undo(t.Context(), about.Number)
		if err == nil {
			if left < 4 {
				t.Errorf("an undoing has %d writes", left-1)
			}
			return
		}
		if !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		undone, err := im.Undo(t.Context(), about.Number)
		if err != nil || undone.Retracted != int64(len(file)) || len(l.standing()) != 0 {
			t.Errorf("killed before write %d: %+v, %v, and %d events stand", left, undone, err, len(l.standing()))
		}
		if _, err := im.Undo(t.Context(), about.Number); err == nil || !strings.Contains(err.Error(), "is undone already") {
			t.Errorf("killed before write %d, and completed: %v", left, err)
		}
	}
}

// ailing is a table that fails once, before it writes entries.
type ailing struct {
	imports.Table
	failed bool
}

func (a *ailing) WriteEntries(ctx context.Context, entries []imports.Entry) error {
	if !a.failed {
		a.failed = true
		return errAway
	}
	return a.Table.WriteEntries(ctx, entries)
}

// The tables are away for a moment while an import is undone. The same command again takes each event back once, and says so.
func TestUndoingThatFailedCountsEachEventOnce(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	l := newImportLog(t, voc)
	im := &imports.Importer{Table: s, Log: l, Vocabulary: voc}
	tally := &source.Tally{Refused: map[event.Reason]int64{}}
	about := &imports.Import{Kind: imports.OfReadings, FileHash: "1"}
	if err := im.Import(t.Context(), about, linesOf(voc, "/post", map[int64]saying{28_000_000: {}, 28_000_001: {}}, tally), tally, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := (&imports.Importer{Table: &ailing{Table: s}, Log: l, Vocabulary: voc}).Undo(t.Context(), about.Number); !errors.Is(err, errAway) {
		t.Fatal(err)
	}
	if undone, err := im.Undo(t.Context(), about.Number); err != nil || undone.Retracted != 2 {
		t.Errorf("%+v, %v", undone, err)
	}
}

// A ministry's document says 12 trucks, 14, and 12 again. What holds is what it says last, and of a file that comes again what was said since.
func TestDocumentThatGoesBackIsBelieved(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	for name, story := range map[string]struct {
		latest bool
		want   int64
	}{"a document": {true, 12}, "files": {false, 14}} {
		l := newImportLog(t, voc)
		for _, vehicles := range []int64{12, 14, 12} {
			tally := &source.Tally{Refused: map[event.Reason]int64{}}
			im := &imports.Importer{Table: &mortal{Table: s, log: l, left: -1}, Log: l, Vocabulary: voc, Latest: story.latest}
			about := &imports.Import{Kind: imports.OfReadings, FileHash: fmt.Sprint(name, vehicles)}
			if err := im.Import(t.Context(), about, linesOf(voc, "/"+name, map[int64]saying{30_000_000: {vehicles: vehicles}}, tally), tally, nil); err != nil {
				t.Fatal(err)
			}
		}
		if got := l.standing(); len(got) != 1 || !strings.HasSuffix(got[0], fmt.Sprint(" ", story.want)) {
			t.Errorf("%s: there are %q, want %d vehicles", name, got, story.want)
		}
	}
}

// A file takes back the departure of a truck. To undo it would not bring the departure back, since a retraction is final, so it is refused.
func TestImportWithARetractionIsNotUndone(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	bcp := voc.BCPs()[1]
	l := newImportLog(t, voc)
	im := &imports.Importer{Table: s, Log: l, Vocabulary: voc}
	about := &imports.Import{Kind: imports.OfEvents, FileHash: "1"}
	tally := &source.Tally{Refused: map[event.Reason]int64{}}
	err := im.Import(t.Context(), about, func(yield func(source.Line, error) bool) {
		tally.Lines, tally.Taken = 1, 1
		yield(source.Line{Number: 1, Recorded: 29_000_000 * minute, Event: &event.Event{
			Type: event.EventRetracted, ID: []byte("r1"), Source: []byte("/post"), Subject: []byte("T1"), BCP: bcp, Time: 29_000_000 * minute, Recorded: 29_000_000 * minute,
			RetractedID: []byte("3"), RetractedSource: []byte("/post"), RetractedTime: 28_999_000 * minute, Observation: event.NoObservation(),
		}}, nil)
	}, tally, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := im.Undo(t.Context(), about.Number); err == nil || !strings.Contains(err.Error(), "has 1 retractions, which are final") {
		t.Errorf("undone: %v", err)
	}
	all, err := s.Imports(t.Context())
	if err != nil || imports.Undone(all, about.Number) {
		t.Errorf("a refused undoing is listed: %v", err)
	}
}

// An import of a document fails behind its first line, and is completed by the next, which says again what the log had before it. The same
// document again is known then.
func TestDocumentAfterOneThatFailed(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	l := newImportLog(t, voc)
	errBroken := errors.New("the document broke off")
	read := func(vehicles int64, broken error) *imports.Import {
		t.Helper()
		tally := &source.Tally{Refused: map[event.Reason]int64{}}
		im := &imports.Importer{Table: s, Log: l, Vocabulary: voc, Latest: true}
		about := &imports.Import{Kind: imports.OfReadings, File: "ministry", FileHash: fmt.Sprint(vehicles)}
		lines := linesOf(voc, "/ministry", map[int64]saying{28_000_000: {vehicles: vehicles, closed: vehicles == 14}}, tally)
		err := im.Import(t.Context(), about, func(yield func(source.Line, error) bool) {
			lines(yield)
			if broken != nil {
				yield(source.Line{}, broken)
			}
		}, tally, nil)
		if !errors.Is(err, broken) {
			t.Fatal(err)
		}
		return about
	}
	read(12, nil)
	failed := read(14, errBroken)
	if third := read(12, nil); third.Kind != imports.OfReadings || third.Replaced != 1 {
		t.Errorf("the document that is read after it: %+v", third)
	}
	if fourth := read(12, nil); fourth.Kind != imports.Repeating {
		t.Errorf("the same document again: %+v", fourth)
	}
	all, err := s.Imports(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if one := &all[i]; one.Number == failed.Number && (one.Added != 1 || one.Changes != 1 || !one.Interrupted || one.Ended.IsZero()) {
			t.Errorf("the one that failed: %+v", one)
		}
	}
	if got := l.standing(); len(got) != 1 || !strings.HasSuffix(got[0], " 12") {
		t.Errorf("there are %q", got)
	}
}

// A book of three readings is imported, then a correction of it breaks off behind one of them, and then comes whole without the third. What is
// missing is missing of the first.
func TestMissingIsWhatTheLastWholeImportHad(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	l := newImportLog(t, voc)
	errBroken := errors.New("the file broke off")
	read := func(times int64, broken error) *imports.Import {
		t.Helper()
		file := map[int64]saying{}
		for at := range times {
			file[28_000_000+at] = saying{vehicles: at}
		}
		tally := &source.Tally{Refused: map[event.Reason]int64{}}
		about := &imports.Import{Kind: imports.OfReadings, File: "book.csv", FileHash: fmt.Sprint(times)}
		lines := linesOf(voc, "/book", file, tally)
		err := (&imports.Importer{Table: s, Log: l, Vocabulary: voc}).Import(t.Context(), about, func(yield func(source.Line, error) bool) {
			lines(yield)
			if broken != nil {
				yield(source.Line{}, broken)
			}
		}, tally, nil)
		if !errors.Is(err, broken) {
			t.Fatal(err)
		}
		return about
	}
	first := read(3, nil)
	read(1, errBroken)
	missing, err := imports.FindMissing(t.Context(), s, read(2, nil))
	if err != nil || missing.Number != first.Number || missing.Events != 1 {
		t.Errorf("missing are %+v, %v", missing, err)
	}
}
