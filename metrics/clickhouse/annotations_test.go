package clickhouse

import (
	"reflect"
	"testing"
	"time"

	"dwell/ingest/annotation"
)

// Three annotations are written, one of them is changed and one is removed. The tables have the last versions, and those before.
func TestTheLastVersionOfAnAnnotationHolds(t *testing.T) {
	s := open(t, fresh(t), vocabulary(t))
	noon := time.Date(2026, 3, 21, 12, 0, 0, 0, time.UTC)
	version := func(id string, from, written time.Time) annotation.Version {
		return annotation.Version{
			Annotation: annotation.Annotation{ID: id, Kind: annotation.Closure, Place: "TORKHAM", From: from, Text: "a 'protest' ?\\", Author: "Ahmad"}, Written: written,
		}
	}
	closed, holiday, fault := version("closed", noon, noon), version("holiday", noon.Add(-time.Hour), noon), version("fault", noon.Add(time.Hour), noon)
	holiday.Kind, holiday.Place = annotation.Holiday, ""
	if got, err := s.Annotations(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("%+v, %v before the first", got, err)
	}
	write := func(all ...annotation.Version) {
		t.Helper()
		if err := s.WriteAnnotations(t.Context(), all); err != nil {
			t.Fatal(err)
		}
	}
	write(closed, holiday, fault)
	write(closed, holiday, fault) // as after an answer that was lost
	ended, gone := closed, fault
	ended.Until, ended.Written, ended.Author = noon.Add(2*time.Hour+time.Millisecond), noon.Add(time.Millisecond), "Zahra"
	gone.Removed, gone.Written, gone.Author = true, noon.Add(time.Second), "Omar"
	write(ended, gone)
	write()
	if err := s.conn.Exec(t.Context(), "OPTIMIZE TABLE annotations FINAL"); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Annotations(t.Context()); err != nil || !reflect.DeepEqual(got, []annotation.Version{holiday, ended, gone}) {
		t.Errorf("%+v, %v, want\n%+v", got, err, []annotation.Version{holiday, ended, gone})
	}
	if got, err := s.Annotation(t.Context(), "fault"); err != nil || *got != gone {
		t.Errorf("%+v, %v, want %+v", got, err, gone)
	}
	if got, err := s.Annotation(t.Context(), "none"); err != nil || got != nil {
		t.Errorf("%+v, %v, want none", got, err)
	}
	if got := s.text(t, "SELECT id, author, removed FROM annotations ORDER BY id, written"); got != "closed\tAhmad\t0\nclosed\tZahra\t0\nfault\tAhmad\t0\nfault\tOmar\t1\nholiday\tAhmad\t0\n" {
		t.Errorf("the versions are\n%s", got)
	}
}
