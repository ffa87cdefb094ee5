package source

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/agnivade/levenshtein"
)

// sameName reports whether a column of a file, or a name in a message, is the one that the mapping names: case and blanks around do not count.
func sameName(column, named string) bool {
	return strings.EqualFold(strings.TrimSpace(column), strings.TrimSpace(named))
}

// folded is the same text for names of which sameName says that they are the same, and for no others.
func folded(name string) string {
	return strings.Map(func(sign rune) rune {
		least := sign
		for next := unicode.SimpleFold(sign); next != sign; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, strings.TrimSpace(name))
}

// columnAt returns the index of the column with this name. It returns an error if two columns have the name, or if no column has it; that
// error gives the nearest name of the header.
func columnAt(header []string, name string) (int, error) {
	at := slices.IndexFunc(header, func(column string) bool { return sameName(column, name) })
	if at < 0 && strings.HasPrefix(name, "/") { // of JSON or XML
		outside := slices.DeleteFunc(slices.Clone(header), func(column string) bool { return !strings.HasPrefix(column, "/") })
		return 0, fmt.Errorf("column %q is missing before the records%s", name, nearest(outside, name))
	}
	if at < 0 {
		return 0, fmt.Errorf("column %q is missing%s", name, nearest(header, name))
	}
	if slices.ContainsFunc(header[at+1:], func(column string) bool { return sameName(column, name) }) {
		return 0, fmt.Errorf("column %q is there twice; give them different names in the header", name)
	}
	return at, nil
}

func nearest(header []string, name string) string {
	best, least := "", -1
	for _, column := range header {
		column = strings.TrimSpace(column)
		if d := levenshtein.ComputeDistance(strings.ToLower(column), strings.ToLower(name)); column != "" && (least < 0 || d < least) {
			best, least = column, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (the nearest is %q)", best)
}
