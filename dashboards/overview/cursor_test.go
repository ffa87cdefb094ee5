package overview

import "testing"

// FuzzParseCursor: a cursor is read as it was written, or refused.
func FuzzParseCursor(f *testing.F) {
	f.Add(Cursor{1_767_600_000_123, "T1"}.String())
	f.Add(Cursor{-1, "a b\x00"}.String())
	f.Add("!")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCursor(text)
		if err != nil {
			return
		}
		again, err := ParseCursor(c.String())
		if err != nil || again != c {
			t.Fatalf("%q is %+v, and that again %+v, %v", text, c, again, err)
		}
	})
}
