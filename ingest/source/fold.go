package source

import (
	"strings"
	"unicode"
)

// sameName reports whether a text of a file, such as the name of a column, is the one that the mapping names: case and blanks around do not count.
func sameName(theirs, named string) bool {
	theirs, named = strings.TrimSpace(theirs), strings.TrimSpace(named)
	return strings.EqualFold(theirs, named) || !(isASCII(theirs) && isASCII(named)) && folded(theirs) == folded(named)
}

// folded is the same text for those of which sameName says that they are the same, and for no others. The four letters i of Turkish are one, as
// İ is the capital of i there, and I that of ı, whatever program has changed the case.
func folded(name string) string {
	return strings.Map(func(sign rune) rune {
		switch sign {
		case 'i', 'İ', 'ı':
			return 'I'
		case dotAbove: // some programs write it behind i for a small İ
			return -1
		}
		least := sign
		for next := unicode.SimpleFold(sign); next != sign; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, strings.TrimSpace(name))
}

const dotAbove = '\u0307'

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return c > unicode.MaxASCII }) < 0
}
