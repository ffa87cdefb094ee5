package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/cmd/dwell/app"
	"dwell/metrics/clickhouse"
)

type sqlCommand struct {
	storeFlags `embed:""`

	Statement string `arg:"" help:"The statement, such as \"SELECT bcp, count() FROM visits FINAL GROUP BY bcp\"; - reads it from standard input."`
	Format    string `enum:"table,csv,json" default:"table" help:"table, csv, or json with one object per line."`
}

func (c *sqlCommand) Run(ctx context.Context, e *env) error {
	statement := c.Statement
	if statement == "-" {
		text, err := io.ReadAll(e.in)
		if err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
		statement = string(text)
	}
	if strings.TrimSpace(statement) == "" {
		return errors.New(`there is no statement; give one such as "SHOW TABLES"`)
	}
	return c.with(ctx, e, app.Server, func(s *app.System, _ bool) error {
		conn, err := clickhouse.Connect(s.Config.ClickHouse.Config)
		if err != nil {
			return err
		}
		return errors.Join(c.run(ctx, e.out, conn, statement), conn.Close())
	})
}

func (c *sqlCommand) run(ctx context.Context, out io.Writer, conn driver.Conn, statement string) error {
	rows, err := conn.Query(ctx, statement)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err has the error
	columns := rows.Columns()
	if len(columns) == 0 { // of a statement that returns nothing
		return errors.Join(rows.Close(), rows.Err())
	}
	to := c.printer(out, columns)
	values := make([]any, len(columns))
	for i, t := range rows.ColumnTypes() {
		values[i] = reflect.New(t.ScanType()).Interface()
	}
	for rows.Next() {
		if err := rows.Scan(values...); err != nil {
			return err
		}
		row := make([]any, len(values))
		for i := range values {
			row[i] = numbers(reflect.ValueOf(values[i]).Elem().Interface())
		}
		if err := to.row(row); err != nil {
			return err
		}
	}
	return errors.Join(rows.Err(), to.end())
}

// numbers lets an Array(UInt8) be written as numbers, where Go would take it for text.
func numbers(value any) any {
	bytes, ok := value.([]uint8)
	if !ok {
		return value
	}
	all := make([]int, len(bytes))
	for i, b := range bytes {
		all[i] = int(b)
	}
	return all
}

// printer takes the rows of a result.
type printer struct {
	row func([]any) error
	end func() error
}

func (c *sqlCommand) printer(out io.Writer, columns []string) printer {
	switch c.Format {
	case "json":
		return printer{row: func(row []any) error { return object(out, columns, row) }, end: func() error { return nil }}
	case "csv":
		w := csv.NewWriter(out)
		_ = w.Write(columns) // Error says so
		return printer{row: func(row []any) error { return w.Write(texts(row)) }, end: func() error { w.Flush(); return w.Error() }}
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	n := 0
	line := func(cells []string) error {
		_, err := fmt.Fprintln(w, strings.Join(cells, "\t"))
		return err
	}
	_ = line(columns) // Flush says so
	return printer{
		row: func(row []any) error {
			n++
			cells := texts(row)
			for i := range cells {
				cells[i] = strings.NewReplacer("\t", `\t`, "\n", `\n`).Replace(cells[i])
			}
			return line(cells)
		},
		end: func() error {
			err := w.Flush()
			_, said := fmt.Fprintf(out, "rows: %d\n", n)
			return errors.Join(err, said)
		},
	}
}

// object writes a row as JSON, its columns in their order.
func object(out io.Writer, columns []string, row []any) error {
	parts := make([]string, len(row))
	for i := range row {
		name, err1 := json.Marshal(columns[i])
		value, err2 := json.Marshal(row[i])
		var unsupported *json.UnsupportedValueError
		if errors.As(err2, &unsupported) { // JSON has no NaN and no infinity: 0/0 is null
			value, err2 = []byte("null"), nil
		}
		if err := errors.Join(err1, err2); err != nil {
			return fmt.Errorf("column %q: %w", columns[i], err)
		}
		parts[i] = string(name) + ":" + string(value)
	}
	_, err := fmt.Fprintf(out, "{%s}\n", strings.Join(parts, ","))
	return err
}

// texts are the values of a row as people read them; what is missing is NULL.
func texts(row []any) []string {
	cells := make([]string, len(row))
	for i, value := range row {
		v := reflect.ValueOf(value)
		for v.Kind() == reflect.Pointer && !v.IsNil() {
			v = v.Elem()
		}
		switch one := v.Interface().(type) {
		case time.Time:
			cells[i] = one.Format(time.RFC3339Nano)
		case fmt.Stringer:
			cells[i] = one.String()
		default:
			switch v.Kind() {
			case reflect.Pointer:
				cells[i] = "NULL"
			case reflect.Map, reflect.Slice, reflect.Struct:
				text, err := json.Marshal(one)
				if err != nil {
					text = fmt.Append(nil, one)
				}
				cells[i] = string(text)
			default:
				cells[i] = fmt.Sprint(one)
			}
		}
	}
	return cells
}
