package clickhouse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/imports"
	"dwell/ingest/source"
)

// importLog is what the log has, as those who count it see it: a retraction takes back what it names, whichever came first.
type importLog struct {
	t         *testing.T
	decoder   *event.Decoder
	appended  map[string]string // by source, id and edition
	retracted map[string]bool
}

func newImportLog(t *testing.T, voc *event.Vocabulary) *importLog {
	return &importLog{t, event.NewDecoder(voc, source.MaxSkew), map[string]string{}, map[string]bool{}}
}

func (l *importLog) Write(_ context.Context, records ...event.Record) error {
	for i := range records {
		var e event.Event
		if why := l.decoder.Decode(&records[i], &e); why != nil {
			l.t.Errorf("the log gets %s: %v", records[i].Value, why)
			continue
		}
		if records[i].AllPartitions() != e.OfPlace() {
			l.t.Errorf("%s is in all partitions: %v", records[i].Value, records[i].AllPartitions())
		}
		if e.Type == event.EventRetracted {
			l.retracted[fmt.Sprintf("%s %s %d", e.RetractedSource, e.RetractedID, e.RetractedEdition)] = true
			continue
		}
		key, says := fmt.Sprintf("%s %s %d", e.Source, e.ID, e.Edition), fmt.Sprintf("%d %v %d", e.Time, e.Type, e.Vehicles)
		if was, again := l.appended[key]; again && was != says {
			l.t.Errorf("%s is %q, and again %q", key, was, says)
		}
		l.appended[key] = says
	}
	return nil
}

// standing are the events that count, in order.
func (l *importLog) standing() (all []string) {
	for key, says := range l.appended {
		if !l.retracted[key] {
			all = append(all, says)
		}
	}
	slices.Sort(all)
	return all
}

var errKilled = errors.New("killed")

// mortal is a table and a log of a process that is killed before one of its writes, or in the midst of one to the log.
type mortal struct {
	imports.Table
	log  *importLog
	left int // writes; below zero there is no end
	said bool
}

func (m *mortal) dies() bool {
	if m.left > 0 {
		m.left--
	}
	return m.left == 0
}

func (m *mortal) WriteEntries(ctx context.Context, entries []imports.Entry) error {
	if m.dies() {
		return errKilled
	}
	m.said = m.said || len(entries) > 0
	return m.Table.WriteEntries(ctx, entries)
}

func (m *mortal) WriteImport(ctx context.Context, i *imports.Import) error {
	if m.dies() {
		return errKilled
	}
	return m.Table.WriteImport(ctx, i)
}

func (m *mortal) Write(ctx context.Context, records ...event.Record) error {
	if m.dies() {
		return errors.Join(errKilled, m.log.Write(ctx, records[:len(records)/2]...))
	}
	return m.log.Write(ctx, records...)
}

// Imports says at once that who was killed is not at work.
func (m *mortal) Imports(ctx context.Context) ([]imports.Import, error) {
	all, err := m.Table.Imports(ctx)
	for i := range all {
		all[i].Alive = false
	}
	return all, err
}

// saying is what a line says of a reading.
type saying struct {
	vehicles int64
	closed   bool
}

// sayingOf is something about a reading that was first said by an import, and is contained in others.
type sayingOf struct {
	says  saying
	first uint32
	in    map[uint32]bool
}

// world is what imports have said of the readings of one source, by their minutes.
type world map[int64][]*sayingOf

func (w world) say(number uint32, file map[int64]saying) {
	for at, says := range file {
		known := false
		for _, s := range w[at] {
			if s.says == says && len(s.in) > 0 {
				s.in[number], known = true, true
			}
		}
		if !known {
			w[at] = append(w[at], &sayingOf{says, number, map[uint32]bool{number: true}})
		}
	}
}

func (w world) undo(number uint32) {
	for _, all := range w {
		for _, s := range all {
			delete(s.in, number)
		}
	}
}

// standing are the events that follow.
func (w world) standing() (all []string) {
	closed := false
	for _, at := range slices.Sorted(maps.Keys(w)) {
		var last *sayingOf
		for _, s := range w[at] {
			if len(s.in) > 0 && (last == nil || s.first > last.first) {
				last = s
			}
		}
		if last == nil {
			continue
		}
		all = append(all, fmt.Sprintf("%d %v %d", at*minute, event.QueueObserved, last.says.vehicles))
		if last.says.closed != closed {
			closed = last.says.closed
			all = append(all, fmt.Sprintf("%d %v %d", at*minute, source.ChangeType(closed), event.Unknown))
		}
	}
	slices.Sort(all)
	return all
}

// Files of a source come in any parts and any order, with and without other files between, some say otherwise, some are undone, and
// the process is killed before any write, or in the midst of one. What counts is what the standing imports say last, and the closings and
// openings that follow from it.
func TestAnyImportsInAnyOrderGiveWhatTheyHaveSaidLast(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	for _, seed := range []uint64{0, 1, 2, 3, 20} { // these find each of the faults that were tried
		random := rand.New(rand.NewPCG(1, seed))
		l, w := newImportLog(t, voc), world{}
		name := fmt.Sprintf("/source/%d", seed)
		var done []uint32
		// run does one thing, and is killed at some write, or not.
		run := func(left int, about *imports.Import, file map[int64]saying) {
			m := &mortal{Table: s, log: l, left: left}
			im := &imports.Importer{Table: m, Log: m, Vocabulary: voc}
			var err error
			if about.Kind == imports.Undoing {
				var undone *imports.Import
				if undone, err = im.Undo(t.Context(), about.Of); undone == nil && !errors.Is(err, errKilled) {
					t.Fatal(err)
				}
			} else {
				tally := &source.Tally{Refused: map[event.Reason]int64{}}
				err = im.Import(t.Context(), about, linesOf(voc, name, file, tally), tally, func(bad *source.LineError) error { return bad })
			}
			if err != nil && !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			if m.said && about.Kind != imports.Undoing {
				w.say(about.Number, file)
				done = append(done, about.Number)
			}
		}
		whole := map[int64]saying{}
		for at := int64(30_000_000); at < 30_000_012; at++ {
			whole[at] = saying{at % 7, random.IntN(3) == 0}
		}
		for range 2 + random.IntN(6) {
			left := -1
			if random.IntN(3) == 0 {
				left = 1 + random.IntN(8)
			}
			if len(done) > 0 && random.IntN(4) == 0 {
				number := done[random.IntN(len(done))]
				all, err := s.Imports(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if !imports.Undone(all, number) {
					run(left, &imports.Import{Kind: imports.Undoing, Of: number}, nil)
					if all, err = s.Imports(t.Context()); err == nil && imports.Undone(all, number) {
						w.undo(number)
					}
				}
				continue
			}
			file := map[int64]saying{}
			for at, says := range whole {
				if random.IntN(3) > 0 {
					if random.IntN(8) == 0 {
						says = saying{100 + random.Int64N(3), random.IntN(2) == 0}
					}
					file[at] = says
				}
			}
			run(left, &imports.Import{Kind: imports.OfReadings, FileHash: fmt.Sprint(file)}, file)
		}
		run(-1, &imports.Import{Kind: imports.OfReadings}, nil) // completes what was killed
		if got, want := l.standing(), w.standing(); !slices.Equal(got, want) {
			t.Fatalf("seed %d: there are\n%q, want\n%q", seed, got, want)
		}
	}
}

// linesOf are the lines of a file in any order.
func linesOf(voc *event.Vocabulary, from string, file map[int64]saying, tally *source.Tally) func(func(source.Line, error) bool) {
	bcp := voc.BCPs()[1]
	return func(yield func(source.Line, error) bool) {
		n := 0
		for at, says := range file {
			n++
			tally.Lines++
			tally.Taken++
			e := event.Event{
				Type: event.QueueObserved, ID: fmt.Appendf(nil, "p/%d", at), Source: []byte(from), Subject: []byte(voc.BCPName(bcp)), BCP: bcp,
				Time: at * minute, Recorded: at * minute, Observation: event.NoObservation(),
			}
			e.Vehicles = says.vehicles
			closed := source.No
			if says.closed {
				closed = source.Yes
			}
			if !yield(source.Line{Number: n, Event: &e, Recorded: e.Time, Closed: closed}, nil) {
				return
			}
		}
	}
}

// One process imports while another one begins: the second one waits.
func TestOneImportIsAtWorkAtATime(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	l := newImportLog(t, voc)
	inside := make(chan struct{})
	waited := make(chan string, 100)
	order := make(chan string, 2)
	importing := func(name string, during func(), waiting func(*imports.Import)) error {
		im := &imports.Importer{Table: s, Log: l, Vocabulary: voc, Waiting: waiting}
		tally := &source.Tally{Refused: map[event.Reason]int64{}}
		return im.Import(t.Context(), &imports.Import{Kind: imports.OfEvents, File: name}, func(func(source.Line, error) bool) {
			during()
			order <- name
		}, tally, nil)
	}
	first := make(chan error)
	go func() {
		first <- importing("first", func() {
			close(inside)
			select {
			case <-waited:
			case <-time.After(20 * time.Second):
				t.Error("nobody waits")
			}
		}, nil)
	}()
	<-inside
	second := importing("second", func() {}, func(other *imports.Import) { waited <- fmt.Sprint(other.Number, other.File) })
	if err := cmp.Or(<-first, second); err != nil {
		t.Fatal(err)
	}
	if a, b := <-order, <-order; a != "first" || b != "second" {
		t.Errorf("%s was at work before %s", a, b)
	}
}
