package clickhouse

import (
	"reflect"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/usual"
)

// What was learned and seen at a time of the program's clock, which may be long before that of ClickHouse, is read back, also once its parts were merged.
func TestWhatIsUsualIsReadBack(t *testing.T) {
	s := open(t, fresh(t), vocabulary(t))
	trucks := usual.Series{BCP: 1, Direction: event.Inbound, Measure: usual.Inside}
	queue := usual.Series{BCP: 2, Measure: usual.Wait, Source: "camera", Queue: "lorries"}
	begin := time.Date(2024, 1, 8, 6, 0, 0, 0, time.UTC)
	before := &usual.Learned{At: begin, Weeks: map[usual.Series]*usual.Week{trucks: {Spread: 3}, queue: {Spread: 60.5}}}
	before.Weeks[trucks].Hours[0] = usual.Hour{P25: 1, Median: 2.5, P75: 4, Weeks: 8}
	before.Weeks[trucks].Hours[167] = usual.Hour{Weeks: 3}
	before.Weeks[queue].Hours[5] = usual.Hour{Median: 900, Weeks: 4}
	after := &usual.Learned{At: begin.AddDate(0, 0, 1), Weeks: map[usual.Series]*usual.Week{trucks: {Spread: 5}}}
	after.Weeks[trucks].Hours[0] = usual.Hour{P25: 7, Median: 8, P75: 9, Weeks: 8}

	x, median, deviation := 40.0, 8.0, 4.5
	looks := []map[usual.Series]usual.Looked{
		{trucks: {Seen: usual.Seen{At: begin}}, queue: {Seen: usual.Seen{At: begin, X: &x}}},
		{trucks: {
			Seen:  usual.Seen{At: begin.Add(usual.Every), X: &x, Median: &median, Deviation: &deviation, Over: true},
			Spike: usual.Spike{Since: begin, Turning: begin.Add(usual.Every), Known: begin.Add(usual.Every)},
		}},
	}
	for _, l := range []*usual.Learned{before, after} {
		if err := s.WriteUsual(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range looks {
		if err := s.WriteDeviations(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	for _, table := range []string{"usual", "deviations"} {
		if err := s.conn.Exec(t.Context(), "OPTIMIZE TABLE "+table+" FINAL"); err != nil {
			t.Fatal(err)
		}
	}
	for until, want := range map[time.Duration][2]time.Time{
		-time.Hour: {}, time.Hour: {begin, begin}, 25 * time.Hour: {begin, begin.AddDate(0, 0, 1)},
	} {
		first, last, err := s.UsualLearned(t.Context(), begin.Add(until))
		if err != nil || !first.Equal(want[0]) || !last.Equal(want[1]) {
			t.Errorf("until %v it was learned from %v to %v, %v, want %v", until, first, last, err, want)
		}
	}
	for _, want := range []*usual.Learned{before, after} {
		got, err := s.Usual(t.Context(), want.At)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
	}
	got, err := s.Deviations(t.Context(), begin, begin.Add(time.Hour))
	if want := map[usual.Series]usual.Looked{trucks: looks[1][trucks], queue: looks[0][queue]}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the last looks are %+v, %v, want %+v", got, err, want)
	}
}
