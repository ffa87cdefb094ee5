package source

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// sameName reports whether a text of a file, such as the name of a column, is the one that the mapping names: case and blanks around do not count.
func sameName(theirs, named string) bool {
	theirs, named = strings.TrimSpace(theirs), strings.TrimSpace(named)
	return strings.EqualFold(theirs, named) || !(isASCII(theirs) && isASCII(named)) && folded(theirs) == folded(named)
}

// folded is the same text for those of which sameName says that they are the same, and for no others. Letters that look alike and that one writer types for
// another are one, whatever program has changed the case or taken them apart: a letter and the mark on it are that letter with its mark.
func folded(name string) string {
	name = strings.TrimSpace(name)
	if isASCII(name) {
		return strings.ToUpper(name)
	}
	name = norm.NFKC.String(strings.Map(leastCase, name))
	return strings.TrimSpace(strings.Map(func(sign rune) rune {
		sign = leastCase(sign)
		if other, has := lookAlike[sign]; has {
			return other
		}
		return sign
	}, name))
}

// leastCase is one of the cases of a letter.
func leastCase(sign rune) rune {
	least := sign
	for next := unicode.SimpleFold(sign); next != sign; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}

// lookAlike are letters by those that keyboards and programs have instead of them, in one case. Those of -1 are left out.
var lookAlike = map[rune]rune{
	// The four letters i of Turkish: İ is the capital of i there, and I that of ı. Some programs write a dot above behind i for a small İ.
	'İ': 'I', 'ı': 'I', '\u0307': -1,
	// Romanian has a comma below, and old code pages a cedilla.
	'Ş': 'Ș', 'Ţ': 'Ț',
	// The Icelandic capital looks as that of the South Slavs, and so does the African one.
	'Ð': 'Đ', 'Ɖ': 'Đ',
	// Apostrophes, as in В’їзд.
	'\u2018': '\'', '\u2019': '\'', '\u02bc': '\'', '\u02b9': '\'', '\u201b': '\'', '\u00b4': '\'',
	// Hyphens and dashes.
	'\u2010': '-', '\u2011': '-', '\u2012': '-', '\u2013': '-', '\u2014': '-', '\u2212': '-',
	// Arabic keyboards have other letters for yeh and kaf than Persian ones, and Persian has a sign between the parts of a word.
	'\u064a': '\u06cc', '\u0649': '\u06cc', '\u0643': '\u06a9', '\u200c': -1, '\u200d': -1, '\u0640': -1,
	// Signs that nobody sees.
	'\u00ad': -1, '\u200b': -1, '\u2060': -1, '\ufeff': -1, '\u200e': -1, '\u200f': -1,
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return c > unicode.MaxASCII }) < 0
}
