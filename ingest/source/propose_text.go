package source

import (
	"bufio"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// guessEncoding returns the name of the encoding, empty for UTF-8, and the text in UTF-8. The right one of several for Cyrillic
// is the one with the fewest capitals inside words.
func guessEncoding(text []byte) (string, []byte) {
	if utf8.Valid(trimRune(text)) {
		return "", text
	}
	best, least, name := text, -1, ""
	for _, candidate := range []string{"windows-1251", "koi8-u", "windows-1250", "windows-1252"} {
		enc, err := parseEncoding(candidate)
		if err != nil {
			continue
		}
		decoded, err := enc.NewDecoder().Bytes(text)
		if odd := oddities(decoded); err == nil && (least < 0 || odd < least) {
			best, least, name = decoded, odd, candidate
		}
	}
	return name, best
}

// trimRune cuts off the beginning of a character at the end.
func trimRune(text []byte) []byte {
	for i := range min(utf8.UTFMax, len(text)) {
		if cut := text[:len(text)-i]; utf8.Valid(cut) {
			return cut
		}
	}
	return text
}

// oddities counts what words seldom have: a capital after a small letter, a control character, two scripts in a word.
func oddities(text []byte) (n int) {
	var last rune
	for _, c := range string(text) {
		switch {
		case unicode.IsUpper(c) && unicode.IsLower(last), c >= 0x80 && c < 0xa0, c == encodingError,
			unicode.Is(unicode.Cyrillic, c) && unicode.Is(unicode.Latin, last), c > 0x7f && unicode.IsSymbol(c):
			n++
		}
		last = c
	}
	return n
}

const encodingError = '\uFFFD'

// guessSeparator returns the character that gives the most lines the same number of columns, of those the most columns.
func guessSeparator(text string, comment rune) (rune, [][]string) {
	var best rune
	var table [][]string
	score := -1
	for _, separator := range ",;\t|" {
		l := newLines(bufio.NewReader(strings.NewReader(text)), separator, comment)
		var rows [][]string
		for len(rows) <= maxProposedLines {
			_, fields, err := l.next()
			var bad *LineError
			if errors.As(err, &bad) {
				continue
			}
			if err != nil {
				break
			}
			rows = append(rows, slices.Clone(fields))
		}
		if len(rows) == 0 || len(rows[0]) < 2 {
			continue
		}
		if s := len(rows) * min(len(rows[0]), 30); s > score {
			best, table, score = separator, rows, s
		}
	}
	return best, table
}
