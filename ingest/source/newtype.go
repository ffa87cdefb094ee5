package source

import (
	"fmt"
	"slices"
	"strings"

	"dwell/ingest/event"
)

// markTypes marks the filters by a column of types: there a word that the mapping does not name is new, and not one to be passed over.
func (raw *Description) markTypes(m *Mapping) {
	types := []string{raw.Columns.Type}
	for i := range raw.Events {
		types = append(types, raw.Events[i].Columns.Type)
	}
	for i := range m.shapes {
		for k := range m.shapes[i].filters {
			f := &m.shapes[i].filters[k]
			f.ofType = slices.ContainsFunc(types, func(name string) bool { return name != "" && sameName(name, f.column) })
		}
	}
}

// newType refuses a record that is selected for no shape where a shape would take it but for a word in its column of types which neither
// codes nor only and except name. It returns nil for one that is passed over.
func (m *Mapping) newType(number int, at []positions, values []string) *LineError {
	for i := range at {
		column, word := "", ""
		others := false
		for k, f := range m.shapes[i].filters {
			switch value := strings.TrimSpace(values[at[i].filters[k]]); {
			case f.passes(value):
			case f.ofType:
				column, word = f.column, value
			default:
				others = true
			}
		}
		if _, coded := m.codes[ofType][folded(word)]; column == "" || others || coded || m.filters(column, word) {
			continue
		}
		text := fmt.Sprintf("%s: %q is a new word; name it in codes.type and in only, or in except if it is to be passed over", column, short(word))
		if word == "" {
			text = fmt.Sprintf("%s is empty; name \"\" in except if such records are to be passed over", column)
		}
		return &LineError{Line: number, Reason: event.UnknownType, Text: text}
	}
	return nil
}
