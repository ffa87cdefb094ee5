package engine

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dwell/ingest/event"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// followed computes the time that the watermark follows, from the latest event of every source in every block.
type followed struct {
	blocks map[int64]map[string]int64
	latest int64
}

func newFollowed() *followed { return &followed{map[int64]map[string]int64{}, never} }

func (f *followed) take(offset int64, e *event.Event) {
	block := offset / blockOffsets
	if f.blocks[block] == nil {
		f.blocks[block] = map[string]int64{}
	}
	f.blocks[block][string(e.Source)] = max(f.blocks[block][string(e.Source)], e.Time)
	if e.AppendTime {
		f.latest = max(f.latest, e.Time)
		return
	}
	sources := map[string]int64{}
	for _, b := range []int64{block - 1, block} {
		for source, at := range f.blocks[b] {
			sources[source] = max(sources[source], at)
		}
	}
	var times []int64
	for _, at := range sources {
		times = append(times, at)
	}
	slices.Sort(times)
	f.latest = max(f.latest, times[max(0, len(times)-2)])
}

// Whatever the sources, their times and the offsets: the watermark follows the second latest, never goes back, and is the same after
// a recovery from any progress.
func TestWatermarkFollowsTheSecondLatestSource(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names, far := rapid.IntRange(1, 6).Draw(t, "sources"), rapid.SampledFrom([]int{1, 3, 300, 4_000, 12_000}).Draw(t, "largest gap")
		is, want := lead{latest: never}, newFollowed()
		offset := rapid.Int64Range(0, 30_000).Draw(t, "first offset")
		for range rapid.IntRange(1, 200).Draw(t, "events") {
			e := event.Event{
				Source: fmt.Appendf(nil, "/post/%d", rapid.IntRange(1, names).Draw(t, "source")), Time: start + rapid.Int64Range(0, 50).Draw(t, "time"),
				AppendTime: rapid.IntRange(0, 9).Draw(t, "appended by the broker") == 0,
			}
			before := is.latest
			is.advance(offset, &e)
			want.take(offset, &e)
			if is.latest != want.latest || is.latest < before {
				t.Fatalf("after offset %d the watermark follows %d, before %d, want %d", offset, is.latest, before, want.latest)
			}
			if rapid.IntRange(0, 5).Draw(t, "recovers") == 0 {
				recovered := lead{latest: is.latest}
				for i, l := range is.sources.Leading {
					if l.Latest != 0 {
						recovered.sources.Restore(is.sources.BlockOf(i), l)
					}
				}
				if recovered != is {
					t.Fatalf("recovered %+v, was %+v", recovered, is)
				}
			}
			offset += int64(rapid.IntRange(1, far).Draw(t, "gap"))
		}
	})
}

// from is an event of a source, a time after the start.
func from(source string, truck int, after time.Duration) event.Event {
	e := truckAt(event.TruckArrived, fmt.Sprint("T", truck), after.Hours())
	e.Source = []byte(source)
	return e
}

// watermarks are the times after the start that the watermark follows, after each event of a log.
func watermarks(log []event.Event) (after []time.Duration) {
	s := New(testConfig(fails{}))
	for i := range log {
		s.Apply(int64(i), &log[i], Found{})
		after = append(after, time.Duration(s.latest-start)*time.Millisecond)
	}
	return after
}

type fails struct{}

func (fails) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// Two thousand trucks of four posts are inside when a fifth one, whose clock says 2099, reports forty of its own.
func TestOneClockThatIsAheadLapsesNoTruck(t *testing.T) {
	cfg := testConfig(t)
	for _, c := range []struct {
		what       string
		appendTime bool
		lapsed     int64
	}{
		{"its records have times of their own", false, 0},
		{"the broker gave records of 2099 their times, which it cannot", true, 2000},
	} {
		var log []event.Event
		for i := range 2000 {
			log = append(log, from(fmt.Sprint("/post/", i%4), i, time.Duration(i)*time.Second))
		}
		ahead := time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC).Sub(time.UnixMilli(start))
		for i := range 40 {
			log = append(log, from("/post/ahead", 10_000+i, ahead+time.Duration(i)*time.Second))
		}
		for i := range log {
			log[i].AppendTime = c.appendTime
		}
		r := newRun(cfg)
		f, err := r.work(log, len(log))
		if err != nil {
			t.Fatal(err)
		}
		var lapsed int64
		for _, row := range f.windows {
			if row.Key.Grain == window.Day && row.Key.Measure == window.Lapsed {
				lapsed += row.N
			}
		}
		inside := 0
		for _, row := range f.visits {
			if row.Lapsed == visit.None && row.State.Departed == visit.None {
				inside++
			}
		}
		if lapsed != c.lapsed || inside != len(log)-int(c.lapsed) {
			t.Errorf("%s: %d trucks have lapsed and %d are inside", c.what, lapsed, inside)
		}
	}
}

func TestLoneSourceIsBelieved(t *testing.T) {
	got := watermarks([]event.Event{from("/post", 1, 0), from("/post", 2, time.Hour), from("/post", 3, 50*time.Hour), from("/post", 4, 2*time.Hour)})
	if want := []time.Duration{0, time.Hour, 50 * time.Hour, 50 * time.Hour}; !slices.Equal(got, want) {
		t.Errorf("the watermark follows %v, want %v", got, want)
	}
}

func TestTwoSourcesThatTakeTurnsMoveTheWatermarkTogether(t *testing.T) {
	got := watermarks([]event.Event{
		from("/a", 1, time.Hour), from("/b", 2, 2*time.Hour), from("/a", 3, 3*time.Hour), from("/a", 4, 5*time.Hour), from("/b", 5, 4*time.Hour), from("/b", 6, 6*time.Hour),
	})
	if want := []time.Duration{time.Hour, time.Hour, 2 * time.Hour, 2 * time.Hour, 4 * time.Hour, 5 * time.Hour}; !slices.Equal(got, want) {
		t.Errorf("the watermark follows %v, want %v", got, want)
	}
}

// A closing in 2098 changes the trucks of 2099, though the watermark is in 2026.
func TestClosingAheadOfTheWatermarkChangesNetTimes(t *testing.T) {
	cfg := testConfig(t)
	open, closed := from("/ahead", 0, 101*time.Hour), from("/ahead", 0, 100*time.Hour)
	open.Type, closed.Type = event.BCPOpened, event.BCPClosed
	for _, e := range []*event.Event{&open, &closed} {
		e.Subject, e.Direction = []byte(cfg.Vocabulary.BCPName(1)), event.NoDirection
	}
	departed := from("/ahead", 3, 102*time.Hour)
	departed.Type = event.TruckDeparted
	log := []event.Event{from("/a", 1, 0), from("/b", 2, 0), from("/ahead", 3, 99*time.Hour), departed, closed, open}
	r := newRun(cfg)
	if _, err := r.work(log, 4); err != nil {
		t.Fatal(err)
	}
	f, err := r.work(log, 2)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.visits) != 1 || f.visits[0].ID != "T3" || f.visits[0].State.CrossingClosed != time.Hour.Milliseconds() {
		t.Errorf("of a crossing of three hours one was closed; the rows of the flush are %+v", f.visits)
	}
}
