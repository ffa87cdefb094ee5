package source

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// unitColumn is the unused column that has the unit of another one; -1 if the file has none.
func (p *proposal) unitColumn(of int) int {
	value := strings.TrimSpace(p.header[of])
	return p.unused(func(i int) bool {
		name := strings.TrimSpace(p.header[i])
		return i != of && (isUnitOf(name, value, p.nested) ||
			p.share(i, func(s string) bool { return unitOfTime(s) != "" }) == 1 && (!p.nested || isBeside(name, value)))
	})
}

// waitUnits is the line that says what the words of a column mean; a question for those that are not known.
func (p *proposal) waitUnits(at int) string {
	var of []string
	for _, word := range p.words(at) {
		of = append(of, fmt.Sprintf("%s: %s", quoted(word), quoted(unitOfTime(word))))
	}
	line := "wait_units: {" + strings.Join(of, ", ") + "}"
	if slices.ContainsFunc(of, func(s string) bool { return strings.HasSuffix(s, `""`) }) {
		line += " # what is empty is not known: 1s, 1m, 1h or 24h"
	}
	return line
}

// unitOf is the unit of a column of lengths of time.
func (p *proposal) unitOf(at int) string {
	if 2*p.clocks[at] > len(p.rows) {
		return clockUnit + " # its cells are lengths of time by their format"
	}
	return guessUnit(p.header[at])
}

// unitBehind is a header with a word behind a bracket or a comma, which may be a unit, such as Așteptare (ore).
var unitBehind = regexp.MustCompile(`^.*[(\[,/]\s*(\pL+\.?)\s*[)\]]?\s*$`)

func guessUnit(header string) string {
	if unit := unitOfTime(unitBehind.ReplaceAllString(header, "$1")); unit != "" && unitBehind.MatchString(header) {
		return unit
	}
	h := strings.ToLower(header)
	for _, u := range []struct{ word, unit string }{{"min", "1m"}, {"хв", "1m"}, {"мин", "1m"}, {"hour", "1h"}, {"год", "1h"}, {"sec", "1s"}, {"сек", "1s"}} {
		if strings.Contains(h, u.word) {
			return u.unit
		}
	}
	return `"" # the header names no unit: 1s, 1m or 1h`
}
