// Package visible writes for people what came from outside: ids, header names and values that somebody has sent.
//
// It promises that such a text changes nothing but its own place: control characters do not steer the terminal, characters that change the
// direction of writing do not reorder a line, a line break begins no row, and a cell of a CSV file is no formula. They are written as Go
// writes them in quotes. All that a command prints goes through Writer, tables through Table and CSV through CSV, so a new command cannot
// forget it; Text is for what stands within a line. The API writes its tables through CSV, too.
//
// It refuses nothing, and keeps every letter: also the joiners that Persian and Pashto are written with.
package visible

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// hidden reports whether a character is not to be printed as it is: a control character, one that changes the direction of what
// follows, a line separator, or one that nobody sees.
func hidden(r rune) bool {
	switch {
	case r < 0x7f:
		return r < ' '
	case r == 0x061c, r == 0x200e, r == 0x200f, 0x2028 <= r && r <= 0x202e, 0x2060 <= r && r <= 0x206f, r == 0xfeff, 0xe0000 <= r && r <= 0xe007f:
		return true
	}
	return unicode.IsControl(r)
}

// Text is a text within a line.
func Text(text string) string { return escaped(text, "") }

// Lines is a text of several lines, which may be indented.
func Lines(text string) string { return escaped(text, "\n\t") }

func escaped(text, keep string) string {
	if clean(text, keep) {
		return text
	}
	var out strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\x%02x`, text[0])
		case hidden(r) && !strings.ContainsRune(keep, r):
			out.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		default:
			out.WriteString(text[:size])
		}
		text = text[size:]
	}
	return out.String()
}

func clean(text, keep string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return hidden(r) && !strings.ContainsRune(keep, r) })
}

// JSON is a document of JSON that has no such characters: what encoding/json leaves as it is is written as JSON escapes it.
func JSON(document string) string {
	if clean(document, "\n\t") {
		return document
	}
	var out strings.Builder
	for _, r := range document {
		if !hidden(r) || r < ' ' {
			out.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&out, `\u%04x`, unit)
		}
	}
	return out.String()
}
