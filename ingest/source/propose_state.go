package source

import (
	"slices"
	"strings"
)

// stateWords are words for the states of a queue, in the languages of borders that publish such files. They are compared folded, from their
// beginnings.
var stateWords = []struct {
	of    string
	words []string
}{
	{"open", []string{"open", "aberto", "abiert", "habilitado", "deschis", "відкрит", "открыт", "працює", "работает", "otwart", "czynn", "açık", "offen", "ouvert", "باز", "مفتوح", "ашық"}},
	{"paused", []string{"paused", "suspend", "demorado", "зупинен", "призупин", "приостанов", "wstrzyman", "durdur", "beklemede"}},
	{"closed", []string{"closed", "fechado", "cerrado", "închis", "закрит", "закрыт", "не працює", "не работает", "zamkni", "nieczynn", "kapalı", "geschlossen", "fermé", "بسته", "مغلق", "жабық"}},
}

// stateOf is the state that a word means; empty if it is not known.
func stateOf(word string) string {
	for _, s := range stateWords {
		if slices.ContainsFunc(s.words, func(w string) bool { return strings.HasPrefix(folded(word), folded(w)) }) {
			return s.of
		}
	}
	return ""
}

// states finds the unused column of the states of a queue, and the words that are not dwell's own. At is -1 if the file has none.
func (p *proposal) states() (at int, words map[string][]string) {
	at = p.unused(func(i int) bool {
		all := p.words(i)
		known := 0
		for _, word := range all {
			known += min(len(stateOf(word)), 1)
		}
		return len(all) <= maxTypeWords && known > 0 && 2*known >= len(all)
	})
	if at < 0 {
		return at, nil
	}
	words = map[string][]string{}
	for _, word := range p.words(at) {
		if of := stateOf(word); of != "" && !sameName(word, of) {
			words[of] = append(words[of], quoted(word))
		}
	}
	return at, words
}
