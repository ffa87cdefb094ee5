package overview

import "testing"

// FuzzParseCursor: a cursor is read as it was written, or refused.
func FuzzParseCursor(f *testing.F) {
	f.Add(Cursor{1_767_600_000_123, "T1"}.Text("A", Filter{}))
	f.Add(Cursor{-1, "a b\x00"}.Text("A", Filter{}))
	f.Add("!")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCursor(text, "A", Filter{})
		if err != nil {
			return
		}
		again, err := ParseCursor(c.Text("A", Filter{}), "A", Filter{})
		if err != nil || again != c {
			t.Fatalf("%q is %+v, and that again %+v, %v", text, c, again, err)
		}
	})
}

// A caller carries a cursor to the pages of another place or filter, or loses its end. Of those pages visits would be left out.
func TestCursorBelongsToItsPages(t *testing.T) {
	c, inbound := Cursor{1_767_600_000_123, "TRUCK-17"}, Filter{Direction: "inbound"}
	text := c.Text("A", inbound)
	if got, err := ParseCursor(text, "A", inbound); err != nil || got != c {
		t.Errorf("its own pages: %+v, %v", got, err)
	}
	for name, of := range map[string]struct {
		place  string
		filter Filter
	}{
		"another place": {"B", inbound}, "no filter": {"A", Filter{}}, "another direction": {"A", Filter{Direction: "outbound"}},
		"another channel": {"A", Filter{Direction: "inbound", Channel: "red"}}, "the word as a channel": {"A", Filter{Channel: "inbound"}},
		"another regime": {"A", Filter{Direction: "inbound", Regime: "transit"}},
	} {
		if got, err := ParseCursor(text, of.place, of.filter); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for n := range len(text) {
		if got, err := ParseCursor(text[:n], "A", inbound); err == nil {
			t.Errorf("the first %d letters: %+v", n, got)
		}
	}
}
