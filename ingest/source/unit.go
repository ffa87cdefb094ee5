package source

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// unitNames are in the names of values that have the unit of another one.
var unitNames = []string{"unit", "uom", "einheit", "jednostk", "unidad", "unidade", "birim", "единиц", "одиниц", "мерка"}

// unitsOfTime are the words for units of time where a value has nothing else. A single letter is one in this case alone: M may be a class, and S the south.
var unitsOfTime = strings.Fields(`h H hr hrs hour hours min mins minute minutes m s sec secs second seconds d day days
	std stunde stunden minuten tag tage heure heures jour jours hora horas minuto minutos día días dia dias ora ore oră minut minuti minuty godz godzina godziny
	ч час часа часов мин минута минуты минут год година години годин хв хвилина хвилини хвилин сат сата сати sat sata sati minuta minute dan dana
	ώρα ώρες λεπτό λεπτά saat sa dk dakika gün`)

func isUnitOfTime(text string) bool {
	text = strings.TrimSuffix(strings.TrimSpace(text), ".")
	return slices.Contains(unitsOfTime, text) || utf8.RuneCountInString(text) > 1 && isOf(unitsOfTime, text)
}

// checkUnits fails where a length of time has its unit beside it, and the mapping reads it whatever the unit is: in an attribute of its element, or beside it
// in the same element or object. Its name tells a unit in an attribute, or in an object of the value alone; units are the paths whose values tell it.
func (m *Mapping) checkUnits(unused, units []string) error {
	for i := range m.shapes {
		c := &m.shapes[i].columns
		for _, of := range [...]struct{ key, column string }{{"wait", c.Wait}, {"age", c.Age}} {
			key, column := of.key, of.column
			at := slices.IndexFunc(unused, func(name string) bool {
				return column != "" && (isUnitOf(name, column) || slices.Contains(units, name) && isBeside(name, column))
			})
			if at >= 0 {
				return fmt.Errorf("mapping %q: columns.%s: %q has its unit in %q, which the mapping does not use; make a reading for each unit, "+
					"such as {only: {%q: [min]}, wait_unit: 1m}", m.Name, key, column, unused[at], unused[at])
			}
		}
	}
	return nil
}

// units are the paths whose values are words for units of time in all of the first records that have one.
func (f *treeFile) units(path []string) (found []string) {
	are := map[string]bool{}
	t := f.trees(bufio.NewReader(bytes.NewReader(f.head)), path)
	for range maxHeadRecords {
		_, r, err := t.next()
		var bad *LineError
		if errors.As(err, &bad) {
			continue
		} else if err != nil {
			break
		}
		r.paths("", func(path, text string) {
			if before, known := are[path]; strings.TrimSpace(text) != "" && (known || len(are) < maxPaths) {
				are[path] = isUnitOfTime(text) && (before || !known)
			}
		})
	}
	for path, is := range are {
		if is {
			found = append(found, path)
		}
	}
	return found
}

// isUnitOf reports whether a path is that of the unit of a value by its name.
func isUnitOf(path, value string) bool {
	of, own := cutLast(path)
	lower := strings.ToLower(strings.TrimPrefix(own, "@"))
	if !slices.ContainsFunc(unitNames, func(w string) bool { return strings.HasPrefix(lower, w) || strings.HasSuffix(lower, w) }) {
		return false
	}
	if strings.HasPrefix(own, "@") {
		return sameName(of, value)
	}
	beside, _ := cutLast(value)
	return of != "" && sameName(of, beside) && !strings.HasSuffix(of, "[]") && !strings.HasPrefix(of, "/")
}

// isBeside reports whether a path is that of an attribute of a value, or of what lies in the same element or object.
func isBeside(path, value string) bool {
	of, own := cutLast(withoutLists(path))
	value = withoutLists(value)
	beside, _ := cutLast(value)
	return sameName(of, beside) || strings.HasPrefix(own, "@") && sameName(of, value)
}

func cutLast(path string) (before, last string) {
	at := strings.LastIndexByte(path, '.')
	return path[:max(at, 0)], path[at+1:]
}
