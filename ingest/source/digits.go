package source

import (
	"strings"
	"unicode"
)

// western is a text with Western digits instead of Persian and Arabic ones.
func western(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= '۰' && c <= '۹':
			return '0' + c - '۰'
		case c >= '٠' && c <= '٩':
			return '0' + c - '٠'
		}
		return c
	}, s)
}

// Signs of a number in Arabic script, which mean the same everywhere.
const (
	arabicDecimal   = '٫'
	arabicThousands = '٬'
)

// plainBlanks is a text with plain blanks instead of those that do not end a line, which some programs write in dates.
func plainBlanks(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) {
			return ' '
		}
		return c
	}, s)
}
