package annotation

import (
	"strings"
	"testing"
	"time"

	"dwell/ingest/place"
)

// border has two BCPs in one time zone; with a third one, there are two zones.
func border(t testing.TB, more ...string) []place.Place {
	t.Helper()
	text := `
places:
  - {id: TORKHAM, names: {en: Torkham}, time_zone: Asia/Kabul}
  - {id: HAIRATAN, names: {en: Hairatan}, time_zone: Asia/Kabul}
`
	book, err := place.Parse("places.yaml", []byte(text+strings.Join(more, "")))
	if err != nil {
		t.Fatal(err)
	}
	return book.Places
}

const medyka = "  - {id: MEDYKA, names: {en: Medyka}, time_zone: Europe/Warsaw}\n"

func utc(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

func TestADayBeginsAtMidnightOfThePlace(t *testing.T) {
	want := Annotation{Kind: Holiday, Place: "TORKHAM", From: utc("2026-03-20T19:30:00Z"), Until: utc("2026-03-21T19:30:00Z"), Text: "نوروز", Author: "Ahmad"}
	got, err := Parse(Fields{Kind: " holiday", Place: "TORKHAM", From: "2026-03-21", Until: "2026-03-22 ", Text: "نوروز\n", Author: "Ahmad"}, border(t, medyka))
	want.ID = got.ID
	if err != nil || got != want || !idForm.MatchString(got.ID) {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	for _, at := range []string{"", "HAIRATAN"} {
		all, err := Parse(Fields{Kind: "holiday", Place: at, From: "2026-03-21", Text: "Nowruz", Author: "Ahmad"}, border(t))
		if err != nil || !all.From.Equal(want.From) || !all.Until.IsZero() {
			t.Errorf("at %q: %+v, %v", at, all, err)
		}
	}
}

func TestWhatCannotBeUsedIsNamedWithTheWayOut(t *testing.T) {
	for _, c := range []struct {
		change func(*Fields)
		want   string
	}{
		{func(f *Fields) { f.Kind = "strike" }, `kind: "strike" is not supported; use one of process_change closure instrument_fault holiday`},
		{func(f *Fields) { f.Place = "KHYBER" }, `place: "KHYBER" is not in the places file; use one of TORKHAM, HAIRATAN, MEDYKA, or leave it out for all`},
		{func(f *Fields) { f.From = "" }, "from: it is missing; say when it begins, such as 2026-03-21 or 2026-03-21T08:00:00+04:30"},
		{func(f *Fields) { f.From = "21.3.2026" }, `from: "21.3.2026" is neither a day such as 2026-03-21 nor a time with its offset such as 2026-03-21T08:00:00+04:30`},
		{func(f *Fields) { f.From, f.Until = "1926-03-21", "" }, "from: 1926-03-20T20:00:00Z is not between 1990 and 2100"},
		{func(f *Fields) { f.Place = "" }, `from: "2026-03-21" begins at several times in the time zones of the places; name a place, or give a time with its offset such as 2026-03-21T00:00:00+04:30
until: "2026-03-23" begins at several times in the time zones of the places; name a place, or give a time with its offset such as 2026-03-23T00:00:00+04:30`},
		{func(f *Fields) { f.Until = f.From }, "until: 2026-03-20T19:30:00Z is not after from, which is 2026-03-20T19:30:00Z; a day ends when the next one begins"},
		{func(f *Fields) { f.Text = " " }, "text: it is empty; say what is known"},
		{func(f *Fields) { f.Author = "" }, "author: it is empty; say who knows it"},
		{func(f *Fields) { f.Text = strings.Repeat("ن", 501) }, `text: "نننننننننننننننننننننننننننننننننننننننن"... has 501 characters; it may have 500`},
		{func(f *Fields) { f.Text = "a\x1b[2J" }, `text: "a\x1b[2J" has characters that cannot be seen, or is not UTF-8; write it in one line of text`},
		{func(f *Fields) { f.Author = "gnp\u202e" }, `author: "gnp\u202e" has characters that cannot be seen, or is not UTF-8; write it in one line of text`},
		{func(f *Fields) { f.ID = "a b" }, `id: "a b" is not up to 64 letters, digits, dots, dashes and underscores, of which the first is a letter or a digit; without an id, it gets one of its content`},
		{func(f *Fields) { f.Kind, f.Text = "", "" }, "kind: \"\" is not supported; use one of process_change closure instrument_fault holiday\ntext: it is empty; say what is known"},
	} {
		f := Fields{Kind: "closure", Place: "TORKHAM", From: "2026-03-21", Until: "2026-03-23", Text: "protest", Author: "Ahmad"}
		c.change(&f)
		if _, err := Parse(f, border(t, medyka)); err == nil || err.Error() != c.want {
			t.Errorf("%+v: the error is\n%v\nwant\n%s", f, err, c.want)
		}
	}
}

func TestCovers(t *testing.T) {
	from, until := utc("2026-03-21T08:00:00Z"), utc("2026-03-21T10:00:00Z")
	for _, c := range []struct {
		a        Annotation
		from, to string
		want     bool
	}{
		{Annotation{Kind: Closure, From: from, Until: until}, "07:00", "08:00", false},
		{Annotation{Kind: Closure, From: from, Until: until}, "07:00", "08:01", true},
		{Annotation{Kind: Closure, From: from, Until: until}, "09:59", "11:00", true},
		{Annotation{Kind: Closure, From: from, Until: until}, "10:00", "11:00", false},
		{Annotation{Kind: Closure, From: from}, "10:00", "11:00", true},
		{Annotation{Kind: Closure, From: from}, "07:00", "08:00", false},
		{Annotation{Kind: ProcessChange, From: from}, "08:00", "09:00", true},
		{Annotation{Kind: ProcessChange, From: from}, "08:01", "09:00", false},
	} {
		if got := c.a.Covers(utc("2026-03-21T"+c.from+":00Z"), utc("2026-03-21T"+c.to+":00Z")); got != c.want {
			t.Errorf("%+v covers %s to %s: %v", c.a, c.from, c.to, got)
		}
	}
}

// A closure is entered, entered again by a colleague, corrected, removed, and entered once more after all, on clocks that disagree.
func TestAnAnnotationHasVersions(t *testing.T) {
	noon := utc("2026-03-21T12:00:00Z")
	a := Annotation{ID: "c1", Kind: Closure, Place: "TORKHAM", From: noon, Text: "protest", Author: "Ahmad"}
	first, what := Enter(a, nil, noon)
	if want := (Version{Annotation: a, Written: noon}); what != Added || first != want {
		t.Errorf("%s %+v, want %+v", what, first, want)
	}
	again := a
	again.Author = "Zahra"
	if v, what := Enter(again, &first, noon.Add(time.Hour)); what != Known || v != first {
		t.Errorf("%s %+v, want known %+v", what, v, first)
	}
	again.Until = noon.Add(3 * time.Hour)
	second, what := Enter(again, &first, noon.Add(-time.Hour))
	if want := (Version{Annotation: again, Written: noon.Add(time.Millisecond)}); what != Changed || second != want {
		t.Errorf("%s %+v, want changed %+v", what, second, want)
	}
	if _, err := Remove("c1", &second, "", noon); err == nil || err.Error() != "author: it is empty; say who removes it" {
		t.Error(err)
	}
	gone, err := Remove("c1", &second, "Omar", noon.Add(2*time.Hour))
	want := Version{Annotation: again, Removed: true, Written: noon.Add(2 * time.Hour)}
	if want.Author = "Omar"; err != nil || gone != want {
		t.Errorf("%+v, %v, want %+v", gone, err, want)
	}
	if _, err := Remove("c1", &gone, "Omar", noon); err == nil || err.Error() != `id: "c1" was removed by "Omar" at 2026-03-21T14:00:00Z already` {
		t.Error(err)
	}
	if _, err := Remove("c2", nil, "Omar", noon); err == nil || err.Error() != `id: "c2" is not the id of an annotation; dwell annotations list shows them` {
		t.Error(err)
	}
	if v, what := Enter(again, &gone, noon.Add(3*time.Hour)); what != Added || v.Removed {
		t.Errorf("%s %+v, want added", what, v)
	}
}

func TestAnIDFollowsFromTheContentAlone(t *testing.T) {
	f := Fields{Kind: "closure", Place: "TORKHAM", From: "2026-03-21", Text: "protest", Author: "Ahmad"}
	id := func(change func(*Fields)) string {
		t.Helper()
		g := f
		change(&g)
		a, err := Parse(g, border(t))
		if err != nil {
			t.Fatal(err)
		}
		return a.ID
	}
	first := id(func(*Fields) {})
	if again := id(func(f *Fields) { f.Author, f.From = "Zahra", "2026-03-20T19:30:00Z" }); again != first || first != "a9160fe5667f9f9ea" {
		t.Errorf("%s and %s", first, again)
	}
	seen := map[string]bool{first: true}
	for _, change := range []func(*Fields){
		func(f *Fields) { f.Kind = "holiday" }, func(f *Fields) { f.Place = "" }, func(f *Fields) { f.From = "2026-03-20" },
		func(f *Fields) { f.Until = "2026-03-22" }, func(f *Fields) { f.Text = "a protest" },
	} {
		if other := id(change); seen[other] {
			t.Errorf("%s is the id of two annotations", other)
		} else {
			seen[other] = true
		}
	}
}
