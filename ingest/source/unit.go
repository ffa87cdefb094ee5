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
var unitsOfTime = []struct {
	unit  string
	words []string
}{
	{"1h", strings.Fields(`h H hr hrs hour hours std stunde stunden heure heures hora horas ora ore oră godz godzina godziny
		ч час часа часов год година години годин сат сата сати sat sata sati ώρα ώρες saat sa`)},
	{"1m", strings.Fields(`min mins minute minutes m minuten minuto minutos minut minuti minuty мин минута минуты хв хвилина хвилини хвилин minuta
		λεπτό λεπτά dk dakika`)},
	{"1s", strings.Fields(`s sec secs second seconds`)},
	{"24h", strings.Fields(`d day days tag tage jour jours día días dia dias dan dana gün`)},
}

// unitOfTime is the unit that a word means, as wait_unit has it; empty if it is not known.
func unitOfTime(text string) string {
	text = strings.TrimSuffix(strings.TrimSpace(text), ".")
	for _, of := range unitsOfTime {
		if slices.Contains(of.words, text) || utf8.RuneCountInString(text) > 1 && isOf(of.words, text) {
			return of.unit
		}
	}
	return ""
}

// exampleOf is how wait_units say what a word means, if it is known.
func exampleOf(word string) string {
	if unit := unitOfTime(word); unit != "" {
		return fmt.Sprintf(", such as {%q: %s}", word, unit)
	}
	return ""
}

// readWaitUnits checks wait_units, and takes them for any case.
func (raw *Description) readWaitUnits(m *Mapping, fault func(key, value, wants string)) {
	m.waitUnits = map[string]lengths{}
	named := slices.ContainsFunc(m.shapes, func(s shape) bool { return s.columns.WaitUnit != "" })
	switch {
	case named && len(raw.WaitUnits) == 0:
		fault("wait_units", "", "is empty; say what the words of columns.wait_unit mean, such as {min: 1m, h: 1h}")
	case !named && len(raw.WaitUnits) > 0:
		fault("wait_units", fmt.Sprint(len(raw.WaitUnits)), "are there without columns.wait_unit")
	case raw.Columns.WaitUnit != "" && raw.WaitUnit != "":
		fault("wait_unit", raw.WaitUnit, "is given beside columns.wait_unit; one of them is enough")
	}
	for word, unit := range raw.WaitUnits {
		of, err := parseUnit(unit)
		if err != nil {
			fault("wait_units."+word, unit, err.Error())
		}
		if other, twice := m.waitUnits[folded(word)]; twice && other != of {
			fault("wait_units."+word, unit, "is there twice but for its case, with two meanings")
		}
		m.waitUnits[folded(word)] = of
	}
}

// checkUnits fails where a length of time has its unit beside it, and the mapping reads it whatever the unit is: in another column, or where records are nested,
// in an attribute of its element, or beside it in the same element or object. Its name tells a unit in an attribute, in an object of the value alone, or in a
// column whose name begins with that of the value; units are the names whose values tell it.
func (m *Mapping) checkUnits(unused, units []string, nested bool) error {
	isBeside := func(name, column string) bool { return !nested || isBeside(name, column) }
	for i := range m.shapes {
		c := &m.shapes[i].columns
		for _, of := range [...]struct{ key, column, wayOut string }{
			{"wait", c.Wait, "say columns.wait_unit: %q, and in wait_units what each word means, such as {min: 1m}"},
			{"age", c.Age, "say age_unit for one of its words, and take the records with that one alone, such as only: {%q: [min]}"},
		} {
			column := of.column
			at := slices.IndexFunc(unused, func(name string) bool {
				return column != "" && (isUnitOf(name, column, nested) || slices.Contains(units, name) && isBeside(name, column))
			})
			if at >= 0 {
				return fmt.Errorf("mapping %q: columns.%s: %q has its unit in %q, which the mapping does not use; "+of.wayOut, m.Name, of.key, column, unused[at], unused[at])
			}
		}
	}
	return nil
}

// unitWords finds the names whose values are words for units of time in all records that have one.
type unitWords map[string]bool

func (are unitWords) add(name, text string) {
	if before, known := are[name]; strings.TrimSpace(text) != "" && !isOf(unknownWords, text) && (known || len(are) < maxPaths) {
		are[name] = unitOfTime(text) != "" && (before || !known)
	}
}

func (are unitWords) names() (found []string) {
	for name, is := range are {
		if is {
			found = append(found, name)
		}
	}
	return found
}

// unitsIn are those of the first records of a table.
func unitsIn(r records, header []string) []string {
	are := unitWords{}
	for range maxHeadRecords {
		_, values, err := r.next()
		var bad *LineError
		if err != nil && !errors.As(err, &bad) {
			break
		}
		for i, text := range values {
			are.add(strings.TrimSpace(header[i]), text)
		}
	}
	return are.names()
}

// units are those of the first records, by their paths.
func (f *treeFile) units(m *Mapping) []string {
	are := unitWords{}
	t := f.trees(bufio.NewReader(bytes.NewReader(f.head)), m.path)
	for range maxHeadRecords {
		_, r, err := t.next()
		var bad *LineError
		if errors.As(err, &bad) {
			continue
		} else if err != nil {
			break
		}
		r.paths("", are.add)
	}
	return are.names()
}

// isUnitOf reports whether a name is that of the unit of a value, by what it is made of.
func isUnitOf(name, value string, nested bool) bool {
	of, own := cutLast(name)
	if !nested {
		of, own = "", name
	}
	lower := strings.ToLower(strings.TrimPrefix(strings.TrimSpace(own), "@"))
	if !slices.ContainsFunc(unitNames, func(w string) bool { return strings.HasPrefix(lower, w) || strings.HasSuffix(lower, w) }) {
		return false
	}
	if !nested {
		return strings.HasPrefix(folded(name), folded(value))
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
