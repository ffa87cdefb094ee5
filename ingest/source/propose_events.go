package source

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// maxTypeWords bounds the words of a column that may have the types of events.
const maxTypeWords = 12

// typeWords are words in the names of columns of times, and of gates, for the types of events that every file of visits has.
var typeWords = []struct {
	of    string
	words []string
}{
	{"truck.arrived", []string{"arriv", "entered", "entry", "ankunft", "einfahrt", "прибут", "прибыт", "przyjazd", "came", "dolaz", "долаз", "ulazak", "улазак", "érkez", "belép", "sosir", "intrar", "geliş", "llegada"}},
	{"truck.released", []string{"release", "freigabe", "zwolnien", "випуск", "выпуск", "cleared", "razduž", "раздуж", "liber"}},
	{"truck.departed", []string{"depart", "exit", "ausfahrt", "abfahrt", "wyjazd", "виїзд", "выезд", "left", "went", "odlaz", "одлаз", "izlazak", "излазак", "távoz", "kilép", "plecar", "ieșir", "ieşir", "çıkış", "salida", "saída"}},
}

// typeOf is the type of an event by a word, as YAML; a question if it is not known.
func typeOf(word string) string {
	lower := strings.ToLower(word)
	for _, t := range typeWords {
		if slices.ContainsFunc(t.words, func(w string) bool { return strings.Contains(lower, w) }) {
			return quoted(t.of)
		}
	}
	return `""`
}

// events proposes events for a table without figures: one for each of several columns of times, or one whose type is in a column of few
// words, beside a column of ids. Columns are those besides time and place. They are empty if the table does not look like events.
func (p *proposal) events(times []int, layout string) (columns, lines []string, eachHasTime bool) {
	if len(times) == 0 {
		return nil, nil, false
	}
	stamps := p.stamps(times, layout)
	record := p.recordID()
	subject := p.visits(record, len(stamps) > 1)
	if subject < 0 {
		return nil, nil, false
	}
	if record == subject {
		record = -1
	}
	name := func(i int) string { return quoted(p.label(i)) }
	take := func(key string, i int, ask string) {
		if i >= 0 {
			p.used = append(p.used, i)
			columns = append(columns, fmt.Sprintf("  %s: %s%s", key, name(i), ask))
		}
	}
	if len(stamps) > 1 {
		take("id", record, p.askForRecords(record))
		if len(times) > 1 && !p.isUnique(subject) { // a plate comes again on another day
			p.used = append(p.used, subject)
			columns = append(columns, fmt.Sprintf("  subject: [%s, %s]", name(subject), name(times[0])))
		} else {
			take("subject", subject, "")
		}
		lines = append(lines, "events: # a type for each; ingest/event/README.md says what they mean")
		for _, at := range stamps {
			i := at[len(at)-1]
			p.used = append(p.used, i)
			column := name(i)
			if len(at) > 1 {
				column = fmt.Sprintf("[%s, %s]", name(at[0]), name(i))
			}
			lines = append(lines, fmt.Sprintf("  - {columns: {time: %s}, values: {type: %s}}", column, typeOf(p.header[i])))
		}
		return columns, lines, true
	}
	kind := p.unused(func(i int) bool {
		words := p.words(i)
		return i != subject && i != record && len(words) > 1 && len(words) <= maxTypeWords && 2*len(words) <= len(p.rows) &&
			p.share(i, func(s string) bool { return !strings.ContainsFunc(s, unicode.IsDigit) }) >= 0.9
	})
	if kind < 0 {
		return nil, nil, false
	}
	ask := ""
	if p.isUnique(subject) {
		ask = askForVisits
	}
	take("id", record, p.askForRecords(record))
	take("subject", subject, ask)
	take("type", kind, "")
	lines = append(lines, "codes: # a type for each word, or leave it out by except; ingest/event/README.md says what they mean", "  type:")
	for _, word := range p.words(kind) {
		lines = append(lines, fmt.Sprintf("    %s: %s", quoted(word), typeOf(word)))
	}
	return columns, append(lines, "events: [{}]"), false
}

// stamps are the columns of times of a layout, each after that of the day if it is one of times of day. Some may be empty in many rows.
func (p *proposal) stamps(times []int, layout string) (at [][]int) {
	m, err := parseLayout(layout)
	if err != nil {
		return nil
	}
	last := len(times) - 1
	for i := range p.header {
		if i == times[last] || !slices.Contains(p.used, i) && p.shareOfTimes(&m, times[:last], i) >= 0.8 {
			at = append(at, append(slices.Clone(times[:last]), i))
		}
	}
	return at
}

// shareOfTimes is the part of the values of a column, empty ones left out, that are times, after the day of their row if they are times of day.
func (p *proposal) shareOfTimes(m *moments, day []int, at int) float64 {
	if m.excel && len(day) > 0 && p.share(at, func(s string) bool { return strings.HasPrefix(s, "0.") }) < 0.5 { // a count may be 0, too
		return 0
	}
	n, filled := 0, 0
	for _, row := range p.rows {
		text := strings.TrimSpace(row[at])
		for _, i := range day {
			text = bothOf(row[i], text)
		}
		filled += min(len(text), 1)
		if t, _, err := m.read(text, len(day)+1, time.UTC); err == nil && t.Year() >= 1990 && t.Year() < 2105 {
			n++
		}
	}
	return float64(n) / float64(max(filled, 1))
}

// unused is the first unused column for which is holds; -1 if it holds for none.
func (p *proposal) unused(is func(at int) bool) int {
	for i := range p.header {
		if !slices.Contains(p.used, i) && is(i) {
			return i
		}
	}
	return -1
}

// words are the values of a column, each once, in the order of the rows.
func (p *proposal) words(at int) (all []string) {
	known := map[string]bool{}
	for _, row := range p.rows {
		if s := strings.TrimSpace(row[at]); s != "" && !known[s] {
			known[s] = true
			all = append(all, s)
		}
	}
	return all
}

// looksLikeID reports whether a text has letters and digits, as a number plate has.
func looksLikeID(s string) bool {
	return strings.ContainsFunc(s, unicode.IsDigit) && strings.ContainsFunc(s, unicode.IsLetter) && !isTime(s)
}
