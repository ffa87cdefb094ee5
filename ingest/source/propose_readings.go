package source

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// kindOfQueue is what the name of a column says of its queue.
type kindOfQueue struct{ direction, class string }

// queueColumns are the columns of one queue of several in a record.
type queueColumns struct {
	kind           kindOfQueue
	vehicles, wait int // -1 where it has none
}

// Words of classes of vehicles in names of columns, and the two directions in words that such names have one or the other of.
var (
	classWords = []struct {
		class string
		words []string
	}{
		{"trucks", []string{"truck", "lorr", "lkw", "ciężar", "ciezar", "вантаж", "грузов"}},
		{"buses", []string{"bus", "автобус"}},
		{"cars", []string{"cars", "passenger car", "pkw", "osobow", "легков"}},
	}
	directionWords = [][2]string{
		{"in", "out"},
		{"inbound", "outbound"},
		{"entry", "exit"},
		{"incoming", "outgoing"},
		{"import", "export"},
		{"wjazd", "wyjazd"},
		{"в'їзд", "виїзд"},
		{"въезд", "выезд"},
		{"einreise", "ausreise"},
	}
)

// kindOf reads the name of a column. It has a direction if another column has the same name but for the other direction.
func (p *proposal) kindOf(name string, classes bool) (k kindOfQueue) {
	lower := strings.ToLower(strings.TrimSpace(name))
	for _, c := range classWords {
		if classes && slices.ContainsFunc(c.words, func(w string) bool { return strings.Contains(lower, w) }) {
			k.class = c.class
			break
		}
	}
	for _, pair := range directionWords {
		for i, word := range pair {
			if other, has := withWord(lower, word, pair[1-i]); has && slices.ContainsFunc(p.header, func(h string) bool { return sameName(h, other) }) {
				k.direction = [2]string{"inbound", "outbound"}[i]
			}
		}
	}
	return k
}

// withWord is a name with another word instead of one that it has.
func withWord(name, word, other string) (string, bool) {
	for at := 0; ; {
		i := strings.Index(name[at:], word)
		if i < 0 {
			return name, false
		}
		i += at
		before, after := []rune(name[:i]), []rune(name[i+len(word):])
		if (len(before) == 0 || !unicode.IsLetter(before[len(before)-1])) && (len(after) == 0 || !unicode.IsLetter(after[0])) {
			return name[:i] + other + name[i+len(word):], true
		}
		at = i + len(word)
	}
}

// queues finds the columns of several queues in a record, such as trucks and buses, or both directions. It is nil for a record of one.
func (p *proposal) queues() (found []queueColumns) {
	classes := p.named(queueWords, false) < 0 // a column that has the class says more than the names of others
	is := func(i int, key string) bool {
		lower := strings.ToLower(p.header[i])
		for _, kind := range figureKinds {
			if kind.key == key && slices.ContainsFunc(kind.words, func(w string) bool { return strings.Contains(lower, w) }) {
				return p.share(i, looksNumeric) >= 0.5
			}
		}
		return false
	}
	for i, name := range p.header {
		k := p.kindOf(name, classes)
		isNew := !slices.ContainsFunc(found, func(q queueColumns) bool { return q.kind == k })
		if !slices.Contains(p.used, i) && k != (kindOfQueue{}) && isNew && !is(i, "wait") && !is(i, "lanes_open") && !is(i, "service_rate") &&
			(is(i, "vehicles") || k.class != "" && p.share(i, looksNumeric) >= 0.5) {
			found = append(found, queueColumns{k, i, -1})
		}
	}
	hasDirection := func(q queueColumns) bool { return q.kind.direction != "" }
	if slices.ContainsFunc(found, hasDirection) { // others may be a sum of both
		found = slices.DeleteFunc(found, func(q queueColumns) bool { return !hasDirection(q) })
	}
	if len(found) < 2 {
		return nil
	}
	for i, name := range p.header {
		k := p.kindOf(name, classes)
		at := slices.IndexFunc(found, func(q queueColumns) bool { return q.kind == k && q.wait < 0 })
		if at >= 0 && !slices.Contains(p.used, i) && is(i, "wait") {
			found[at].wait = i
		}
	}
	return found
}

// readings are the lines of YAML of several queues in a record. A wait that is of none of them by its name is given to the first one, with a question.
func (p *proposal) readings(queues []queueColumns) (lines []string, waits string) {
	question := ""
	if !slices.ContainsFunc(queues, func(q queueColumns) bool { return q.wait >= 0 }) {
		queues[0].wait = p.named(figureWords("wait"), true)
		question = " # is the wait that of this queue?"
	}
	for _, q := range queues {
		var parts []string
		name := func(i int) string { return quoted(p.label(i)) }
		if q.kind.direction != "" {
			parts = append(parts, "direction: "+q.kind.direction)
		}
		if q.kind.class != "" {
			parts = append(parts, "queue: "+q.kind.class)
		}
		p.used = append(p.used, q.vehicles)
		columns := "vehicles: " + name(q.vehicles)
		if q.wait >= 0 {
			p.used = append(p.used, q.wait)
			columns += ", wait: " + name(q.wait)
			waits = p.header[q.wait]
		}
		line := fmt.Sprintf("  - {%s, columns: {%s}}", strings.Join(parts, ", "), columns)
		if q.wait >= 0 {
			line += question
		}
		lines = append(lines, line)
	}
	return lines, waits
}

// figureWords are the words in the names of columns of a figure.
func figureWords(key string) []string {
	for _, kind := range figureKinds {
		if kind.key == key {
			return kind.words
		}
	}
	return nil
}

// figures asks which of the unused columns of whole numbers is the number of vehicles, or the wait.
func (p *proposal) figures() string {
	var all []string
	for i, name := range p.header {
		if !slices.Contains(p.used, i) && strings.TrimSpace(name) != "" && p.share(i, looksNumeric) >= 0.5 && p.share(i, looksLikeDate) <= 0.5 {
			all = append(all, quoted(p.label(i)))
		}
	}
	if len(all) == 0 {
		return ""
	}
	return "; these have numbers: " + strings.Join(all, ", ")
}
