package source

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// columnAt returns the index of the column with this name. It returns an error if two columns have the name, or if no column has it; that
// error gives the nearest name of the header. Skip is the number of lines above the header.
func columnAt(header []string, name string, skip int) (int, error) {
	at := slices.IndexFunc(header, func(column string) bool { return sameName(column, name) })
	if at < 0 && strings.HasPrefix(name, "/") { // of JSON or XML
		outside := slices.DeleteFunc(slices.Clone(header), func(column string) bool { return !strings.HasPrefix(column, "/") })
		return 0, fmt.Errorf("column %q is missing before the records%s", name, nearest(outside, name))
	}
	if at < 0 {
		return 0, fmt.Errorf("column %q is missing%s", name, nearest(header, name))
	}
	if slices.ContainsFunc(header[at+1:], func(column string) bool { return sameName(column, name) }) {
		other := at + 1 + slices.IndexFunc(header[at+1:], func(column string) bool { return sameName(column, name) })
		return 0, fmt.Errorf("column %q is there twice; give them different names in the header, or say header: false and skip: %d, and name the columns by their numbers, such as %d or %d",
			name, skip+1, at+1, other+1)
	}
	return at, nil
}

func nearest(header []string, name string) string {
	best, least := "", -1
	for _, column := range header {
		column = strings.TrimSpace(column)
		if d := levenshtein.ComputeDistance(folded(column), folded(name)); column != "" && (least < 0 || d < least) {
			best, least = column, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (the nearest is %q)", best)
}
