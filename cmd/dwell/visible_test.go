package main

import "testing"

func TestControlCharactersAreWrittenAsEscapes(t *testing.T) {
	for _, c := range []struct{ text, keep, want string }{
		{"Torkham تورخم 'x' \\", "", "Torkham تورخم 'x' \\"},
		{"a\tb\nc\x1b[31m\u009b1m\x7f", "", `a\tb\nc\x1b[31m\u009b1m\x7f`},
		{"{\n\t\"id\": \"\x07\"\r\n}", "\n\t", "{\n\t\"id\": \"\\a\"\\r\n}"},
	} {
		if got := visible(c.text, c.keep); got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}
