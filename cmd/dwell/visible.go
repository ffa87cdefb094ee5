package main

import (
	"strconv"
	"strings"
	"unicode"
)

// visible writes control characters as Go does in quotes, but those of keep: they break tables, and with those of a message that
// somebody has sent its sender could steer the terminal.
func visible(text, keep string) string {
	control := func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune(keep, r) }
	if !strings.ContainsFunc(text, control) {
		return text
	}
	var out strings.Builder
	for _, r := range text {
		if control(r) {
			out.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}
