package source

import (
	"fmt"
	"slices"
	"strings"
)

// unitWords are in the names of values that have the unit of another one.
var unitWords = []string{"unit", "uom", "einheit", "jednostk", "unidad", "unidade", "birim", "единиц", "одиниц", "мерка"}

// checkUnits fails where a length of time has its unit beside it, and the mapping reads it whatever the unit is: in an attribute of its element, or beside it
// in an object of its own.
func (m *Mapping) checkUnits(unused []string) error {
	for i := range m.shapes {
		c := &m.shapes[i].columns
		for key, column := range map[string]string{"wait": c.Wait, "age": c.Age} {
			at := slices.IndexFunc(unused, func(name string) bool { return column != "" && isUnitOf(name, column) })
			if at >= 0 {
				return fmt.Errorf("mapping %q: columns.%s: %q has its unit in %q, which the mapping does not use; make a reading for each unit, "+
					"such as {only: {%q: [min]}, wait_unit: 1m}", m.Name, key, column, unused[at], unused[at])
			}
		}
	}
	return nil
}

// isUnitOf reports whether a path is that of the unit of a value.
func isUnitOf(path, value string) bool {
	of, own := cutLast(path)
	lower := strings.ToLower(strings.TrimPrefix(own, "@"))
	if !slices.ContainsFunc(unitWords, func(w string) bool { return strings.HasPrefix(lower, w) || strings.HasSuffix(lower, w) }) {
		return false
	}
	if strings.HasPrefix(own, "@") {
		return sameName(of, value)
	}
	beside, _ := cutLast(value)
	return of != "" && sameName(of, beside) && !strings.HasSuffix(of, "[]") && !strings.HasPrefix(of, "/")
}

func cutLast(path string) (before, last string) {
	at := strings.LastIndexByte(path, '.')
	return path[:max(at, 0)], path[at+1:]
}
