package source

import (
	"slices"
	"strings"
)

// words are those of the file for what is not a number, and for flags; case does not count.
type words struct {
	// Unknown are the words for a figure that the source lacks; an empty text always is one.
	Unknown []string `yaml:"unknown"`
	// Yes and No are the words of flags, besides 1, true, yes, 0, false and no.
	Yes []string `yaml:"yes"`
	No  []string `yaml:"no"`
}

func isOf(words []string, s string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, s) })
}

func (w *words) unknown(s string) bool { return s == "" || isOf(w.Unknown, s) }

// flag reads a yes or no; empty is no.
func (w *words) flag(s string) (flag, ok bool) {
	switch {
	case isOf(w.Yes, s):
		return true, true
	case isOf(w.No, s):
		return false, true
	}
	switch strings.ToLower(s) {
	case "", "0", "false", "no":
		return false, true
	case "1", "true", "yes":
		return true, true
	}
	return false, false
}
