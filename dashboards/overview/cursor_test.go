package overview

import "testing"

// FuzzParseCursor: a cursor is read as it was written, or refused.
func FuzzParseCursor(f *testing.F) {
	f.Add(Cursor{1_767_600_000_123, "TORKHAM", "T1"}.Text("A"))
	f.Add(Cursor{-1, "", "a b\x00"}.Text("A"))
	f.Add("!")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCursor(text, "A")
		if err != nil {
			return
		}
		again, err := ParseCursor(c.Text("A"), "A")
		if err != nil || again != c {
			t.Fatalf("%q is %+v, and that again %+v, %v", text, c, again, err)
		}
	})
}

// A caller carries a cursor to the pages of another question, or loses its end. Of those pages visits would be left out.
func TestCursorBelongsToItsPages(t *testing.T) {
	c := Cursor{1_767_600_000_123, "TORKHAM", "TRUCK 17"}
	text := c.Text("direction=inbound")
	if got, err := ParseCursor(text, "direction=inbound"); err != nil || got != c {
		t.Errorf("its own pages: %+v, %v", got, err)
	}
	for _, pages := range []string{"", "direction=outbound", "direction=inbound&channel=red"} {
		if got, err := ParseCursor(text, pages); err == nil {
			t.Errorf("of %q: %+v", pages, got)
		}
	}
	for n := range len(text) {
		if got, err := ParseCursor(text[:n], "direction=inbound"); err == nil {
			t.Errorf("the first %d letters: %+v", n, got)
		}
	}
}
