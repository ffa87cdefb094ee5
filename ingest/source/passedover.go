package source

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Bounds of what is kept of the values by which records were passed over, and of what is said of them.
const (
	maxPassedOver      = 1000
	maxPassedOverNamed = 5
)

// passedOver counts the records that only and except pass over, by the values that decided it: a word that is new in a file is among them.
type passedOver struct {
	counts map[filtered]int64
	whole  int64 // records
	part   int64 // records that gave other readings
	full   bool  // and there were more values
}

// filtered is a value that a filter did not let pass.
type filtered struct {
	column, value string
	known         bool // to the mapping, which names it in only or except
	part          bool // other readings of the record were taken
}

// add counts a record that was selected for no shape.
func (p *passedOver) add(m *Mapping, at []positions, values []string) {
	p.whole++
	var added []filtered
	for i := range at {
		k := m.refusing(i, &at[i], values)
		v := filtered{column: m.shapes[i].filters[k].column, value: short(strings.TrimSpace(values[at[i].filters[k]]))}
		v.known = m.filters(v.column, v.value)
		if slices.Contains(added, v) {
			continue
		}
		added = append(added, v)
		p.count(v)
	}
}

func (p *passedOver) count(v filtered) {
	if p.counts == nil {
		p.counts = map[filtered]int64{}
	}
	if _, kept := p.counts[v]; kept || len(p.counts) < maxPassedOver {
		p.counts[v]++
	} else {
		p.full = true
	}
}

// addNew counts a record of which some readings were taken, and others were not, by the values that only of these does not know, such as the unit of a wait.
func (p *passedOver) addNew(m *Mapping, at []positions, values []string) {
	var added []filtered
	for i := range at {
		k := m.refusing(i, &at[i], values)
		if k < 0 {
			continue
		}
		v := filtered{column: m.shapes[i].filters[k].column, value: short(strings.TrimSpace(values[at[i].filters[k]])), part: true}
		if !slices.Contains(added, v) && !m.filters(v.column, v.value) {
			added = append(added, v)
			p.count(v)
		}
	}
	p.part += int64(min(len(added), 1))
}

// filters reports whether only or except of a shape name a value of a column.
func (m *Mapping) filters(column, value string) bool {
	return slices.ContainsFunc(m.shapes, func(s shape) bool {
		return slices.ContainsFunc(s.filters, func(f filter) bool { return sameName(f.column, column) && isOf(f.values, value) })
	})
}

// PassedOver says how many records only and except passed over, and names the values by which only and except did, with the number of records of each: first those that the mapping does not
// name, and of these the most frequent. A record is passed over in part if it gave other readings. It is empty if no record was passed over.
func (q *Reader) PassedOver() string {
	all := make([]filtered, 0, len(q.over.counts))
	for v := range q.over.counts {
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b filtered) int {
		if a.known != b.known && a.known {
			return 1
		} else if a.known != b.known {
			return -1
		}
		if a.part != b.part {
			return map[bool]int{true: 1, false: -1}[a.part]
		}
		return cmp.Or(cmp.Compare(q.over.counts[b], q.over.counts[a]), cmp.Compare(a.column, b.column), cmp.Compare(a.value, b.value))
	})
	var texts []string
	for _, v := range all[:min(len(all), maxPassedOverNamed)] {
		texts = append(texts, fmt.Sprintf("%s %q (%d%s)", v.column, v.value, q.over.counts[v], map[bool]string{true: " in part"}[v.part]))
	}
	switch more := len(all) - len(texts); {
	case q.over.full:
		texts = append(texts, fmt.Sprintf("and more than %d others", more))
	case more > 0:
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	records := []string{many(q.over.whole, q.tally.unit)}
	switch {
	case len(texts) == 0:
		return ""
	case q.over.whole == 0:
		records = nil
	}
	if q.over.part > 0 {
		records = append(records, many(q.over.part, q.tally.unit)+" in part")
	}
	return strings.Join(records, " and ") + ": " + strings.Join(texts, ", ")
}
