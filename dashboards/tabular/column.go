package tabular

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// column is where a value lies in a row.
type column struct {
	name string
	// index are the numbers of fields, from the outermost.
	index []int
	// omits says that the zero value is left out of JSON: it is not known.
	omits bool
	// isMap says that the field is a map, of which key is the one that this column has, once the keys are known.
	isMap bool
	key   string
	// ofAnswer says that the column is of the answer, and so the same in all rows.
	ofAnswer bool
}

// columnsOf are the columns of a struct, in the order of its fields.
func columnsOf(t reflect.Type, prefix string, index []int) (all []column) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() || f.Anonymous {
			all = append(all, columnsOfField(f, prefix, append(slices.Clip(index), i))...)
		}
	}
	return all
}

var instant = reflect.TypeFor[time.Time]()

// columnsOfField are those of a field as JSON names it.
func columnsOfField(f reflect.StructField, prefix string, index []int) []column {
	name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	inline := f.Anonymous && name == "" || options == "inline"
	of := f.Type
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	inner := prefix
	if !inline {
		inner += name + "."
	}
	switch {
	case name == "-":
		return nil
	case of.Kind() == reflect.Struct && of != instant:
		return columnsOf(of, inner, index)
	case of.Kind() == reflect.Map:
		return []column{{name: inner, index: index, isMap: true}}
	}
	return []column{{name: prefix + name, index: index, omits: options == "omitempty"}}
}

// keyed are the columns with one for each key that a map has in any row, in the order of the keys.
func (t *Table) keyed() (all []column) {
	for _, c := range t.columns {
		if !c.isMap {
			all = append(all, c)
			continue
		}
		keys := map[string]bool{}
		for row := range t.rows.Len() {
			if v := t.value(row, &c); v.IsValid() {
				for _, k := range v.MapKeys() {
					keys[k.String()] = true
				}
			}
		}
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			one := c
			one.name, one.key, one.isMap = c.name+key, key, false
			all = append(all, one)
		}
	}
	return all
}

// of is the value of the column in a struct, the zero Value where it is not known.
func (c *column) of(v reflect.Value) reflect.Value {
	for _, i := range c.index {
		if v = known(v); !v.IsValid() {
			return v
		}
		v = v.Field(i)
	}
	if v = known(v); v.IsValid() && c.key != "" {
		v = known(v.MapIndex(reflect.ValueOf(c.key)))
	}
	isNil := v.IsValid() && (v.Kind() == reflect.Slice || v.Kind() == reflect.Map) && v.IsNil()
	if isNil || c.omits && v.IsValid() && v.IsZero() {
		return reflect.Value{}
	}
	return v
}

// known is what a pointer points to, the zero Value for nil.
func known(v reflect.Value) reflect.Value {
	for v.IsValid() && v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	return v
}
