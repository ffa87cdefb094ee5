package source

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

var layouts = []string{
	"", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S",
	"%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p", "%d.%m.%y %H:%M", "%Y-%m-%d %H:%M:%S %z",
	"%d.%m.%Y. %H:%M", "%d.%m.%Y. %H:%M:%S", "%d. %m. %Y. %H:%M", "%d. %m. %Y. %H:%M:%S", "%d. %m. %Y %H:%M", "%d. %m. %Y %H:%M:%S", "%d.%m.%Y, %H:%M", "%d.%m.%Y, %H:%M:%S",
	"%Y. %m. %d. %H:%M", "%Y. %m. %d. %H:%M:%S", "%Y.%m.%d. %H:%M", "%Y.%m.%d. %H:%M:%S", "%Y.%m.%d %H:%M", "%Y.%m.%d %H:%M:%S",
	"epoch_s", "epoch_ms", excelLayout,
}

// isTime reports whether a text can be nothing but a time.
func isTime(s string) bool {
	s = strings.TrimSpace(s)
	return strings.ContainsAny(s, ":-./") && slices.ContainsFunc(layouts, func(layout string) bool {
		m, err := parseLayout(layout)
		_, _, no := m.read(s, 1, time.UTC)
		return err == nil && !m.excel && no == nil
	})
}

// unknownLayout is no layout, so that a mapping with it is refused.
const unknownLayout = "?"

// guessTime finds the column, or the two of date and time, whose values a layout fits. Where two fit, the comment asks which one.
func (p *proposal) guessTime() (at []int, layout, comment string) {
	fits := func(join func(row []string) string) (found []string) {
		for _, layout := range layouts {
			if layout == excelLayout && !p.sheet {
				continue
			}
			m, err := parseLayout(layout)
			n, filled := 0, 0
			for _, row := range p.rows {
				text := strings.TrimSpace(join(row))
				filled += min(len(text), 1)
				if t, _, err := m.read(text, 1, time.UTC); err == nil && t.Year() >= 1990 && t.Year() < 2105 {
					n++
				}
			}
			if err == nil && n > 0 && n*10 >= filled*9 && filled*4 >= len(p.rows)*3 { // a merged cell leaves rows empty
				found = append(found, layout)
			}
		}
		return found
	}
	result := func(found []string, columns ...int) ([]int, string, string) {
		if len(found) > 1 {
			return columns, unknownLayout, fmt.Sprintf(" # %q or %q: which one is the month?", found[0], found[1])
		}
		return columns, found[0], ""
	}
	for i := range p.header {
		if found := fits(func(row []string) string { return strings.TrimSpace(row[i]) }); len(found) > 0 {
			if k := p.timeOfDay(i); found[0] == excelLayout && k >= 0 {
				return result(found, i, k)
			}
			return result(found, i)
		}
	}
	for i := range p.header {
		for k := range p.header {
			if i == k || p.share(i, looksLikeDate) < 0.9 || p.share(k, looksLikeClock) < 0.9 {
				continue
			}
			if found := fits(func(row []string) string { return bothOf(row[i], row[k]) }); len(found) > 0 {
				return result(found, i, k)
			}
		}
	}
	return nil, "", ""
}

// bothOf is a date with its time of day; empty where one of them is.
func bothOf(day, clock string) string {
	if day, clock = strings.TrimSpace(day), strings.TrimSpace(clock); day == "" || clock == "" {
		return ""
	}
	return day + " " + clock
}

// timeOfDay finds the column of times of day that belongs to a column of dates of a sheet. It returns -1 if the sheet has no such column.
func (p *proposal) timeOfDay(days int) int {
	if p.share(days, func(s string) bool { return !strings.Contains(s, ".") }) < 0.9 {
		return -1
	}
	return slices.IndexFunc(p.header, func(name string) bool {
		at := slices.Index(p.header, name)
		between := func(low, high float64) func(s string) bool {
			return func(s string) bool {
				n, err := strconv.ParseFloat(s, 64)
				return err == nil && n >= low && n < high
			}
		}
		const minute = 1.0 / (24 * 60)
		isWait := slices.ContainsFunc(figureWords("wait"), func(word string) bool { return strings.Contains(strings.ToLower(name), word) })
		return at != days && !isWait && p.share(at, between(0, 1)) >= 0.9 && p.share(at, between(minute, 1)) >= 0.5 // some are of midnight
	})
}

func looksLikeDate(s string) bool { return len(s) >= 8 && strings.ContainsAny(s, "./-") }
func looksLikeClock(s string) bool {
	return strings.Contains(s, ":") && utf8.RuneCountInString(s) <= 11
}
