// Package tabular writes an answer of the API as a table: as CSV, or as JSON with an object on each line (NDJSON).
//
// It promises that both have the same columns in the same order, with the names that the answer has in JSON: a field of a field is named
// with a dot ("open.holder"), a list is JSON within its cell. What is not known is an empty cell in CSV and null in NDJSON. A cell of CSV is
// text or a number, never a formula (package visible). The columns come from the types of the answer alone, and from the keys of its maps.
//
// It refuses types without a list that is tagged `table:"rows"`. Fields beside the list that are tagged `table:"column"` are columns of each row,
// before those of the row itself.
package tabular

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"dwell/dashboards/visible"
)

// Table is an answer as a table.
type Table struct {
	answer  reflect.Value
	rows    reflect.Value // a list
	columns []column
}

// Of makes a table of an answer, which is a struct or points to one.
func Of(answer any) (*Table, error) {
	v := reflect.Indirect(reflect.ValueOf(answer))
	if v.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%T is not a struct", answer)
	}
	t := &Table{answer: v}
	for _, f := range reflect.VisibleFields(v.Type()) {
		switch f.Tag.Get("table") {
		case "rows":
			t.rows = v.FieldByIndex(f.Index)
		case "column":
			for _, c := range columnsOfField(f, "", f.Index) {
				c.ofAnswer = true
				t.columns = append(t.columns, c)
			}
		}
	}
	if t.rows.Kind() != reflect.Slice {
		return nil, fmt.Errorf("%T has no rows", answer)
	}
	t.columns = append(t.columns, columnsOf(t.rows.Type().Elem(), "", nil)...)
	t.columns = t.keyed()
	return t, nil
}

// Columns are the names of the columns.
func (t *Table) Columns() (names []string) {
	for _, c := range t.columns {
		names = append(names, c.name)
	}
	return names
}

// CSV writes a line of names, and then a line for each row.
func (t *Table) CSV(w io.Writer) error {
	out := visible.NewCSV(w)
	if err := out.Row(t.Columns()...); err != nil {
		return err
	}
	cells := make([]string, len(t.columns))
	for i := range t.rows.Len() {
		for j := range t.columns {
			var err error
			if cells[j], err = cell(t.value(i, &t.columns[j])); err != nil {
				return err
			}
		}
		if err := out.Row(cells...); err != nil {
			return err
		}
	}
	return out.Flush()
}

// NDJSON writes an object on a line for each row.
func (t *Table) NDJSON(w io.Writer) error {
	names := make([][]byte, len(t.columns))
	for j := range t.columns {
		var err error
		if names[j], err = json.Marshal(t.columns[j].name); err != nil {
			return err
		}
	}
	var line bytes.Buffer
	for i := range t.rows.Len() {
		line.Reset()
		for j := range t.columns {
			line.WriteByte(map[bool]byte{true: '{', false: ','}[j == 0])
			line.Write(names[j])
			line.WriteByte(':')
			value := []byte("null")
			if v := t.value(i, &t.columns[j]); v.IsValid() {
				var err error
				if value, err = json.Marshal(v.Interface()); err != nil {
					return err
				}
			}
			line.Write(value)
		}
		line.WriteString("}\n")
		if _, err := w.Write(line.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// value is that of a column in a row, with neither pointer nor interface around it; the zero Value where it is not known.
func (t *Table) value(row int, c *column) reflect.Value {
	if c.ofAnswer {
		return c.of(t.answer)
	}
	return c.of(t.rows.Index(row))
}

// cell is a value as text.
func cell(v reflect.Value) (string, error) {
	if !v.IsValid() {
		return "", nil
	}
	if v.Kind() == reflect.String {
		return v.String(), nil
	}
	text, err := json.Marshal(v.Interface())
	if _, instant := v.Interface().(time.Time); instant {
		return strings.Trim(string(text), `"`), err
	}
	return string(text), err
}
