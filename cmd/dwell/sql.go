package main

import (
	"context"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"regexp"
	"strings"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/chcol"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/cmd/dwell/app"
	"dwell/dashboards/visible"
	"dwell/metrics/clickhouse"
)

type sqlCommand struct {
	storeFlags `embed:""`

	Statement string `arg:"" help:"The statement, such as \"SELECT bcp, count() FROM visits FINAL GROUP BY bcp\"; - reads it from standard input."`
	Write     bool   `help:"Run a statement that writes, too: it can change or drop what dwell has counted."`
	Format    string `enum:"table,csv,json" default:"table" help:"table, csv, or json with one object per line."`
}

func (c *sqlCommand) Run(ctx context.Context, e *env) error {
	statement := c.Statement
	if statement == "-" {
		text, err := io.ReadAll(unblocked(ctx, e.in))
		if err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
		statement = string(text)
	}
	if strings.TrimSpace(statement) == "" {
		return errors.New(`there is no statement; give one such as "SHOW TABLES"`)
	}
	return c.with(ctx, e, app.Server, func(s *app.System, _ bool) error {
		cfg := s.Config.ClickHouse.Config
		cfg.Program = "dwell sql"
		conn, err := clickhouse.Connect(cfg)
		if err != nil {
			return err
		}
		if half, err := clickhouse.HalfSwapped(ctx, conn, cfg); err == nil && half { // a user who may not see other databases is not told
			s.Say("warning", "a recount was interrupted while it put its tables in force, so that they are not of one count; dwell audit or dwell serve completes it")
		}
		return errors.Join(c.run(ctx, e.out, conn, statement), conn.Close())
	})
}

// query runs the statement, without --write so that the server lets it change nothing. That is for slips of people: what a program may do is
// for the rights of its user.
func (c *sqlCommand) query(ctx context.Context, conn driver.Conn, statement string) (driver.Rows, error) {
	if c.Write {
		return conn.Query(ctx, statement)
	}
	rows, err := conn.Query(ch.Context(ctx, ch.WithSettings(ch.Settings{"readonly": 2})), statement)
	if err != nil && strings.Contains(err.Error(), "'readonly'") { // the profile of the user is read-only, and the setting its own
		rows, err = conn.Query(ctx, statement)
	}
	var refused *ch.Exception
	if errors.As(err, &refused) && refused.Code == readOnlyCode || err != nil && strings.Contains(err.Error(), "(READONLY)") {
		return nil, errors.New("this statement does not only read, and could change or drop what dwell has counted; give --write if that is meant")
	}
	return rows, err
}

// readOnlyCode is ClickHouse's number of the error READONLY.
const readOnlyCode = 164

func (c *sqlCommand) run(ctx context.Context, out io.Writer, conn driver.Conn, statement string) error {
	rows, err := c.query(ctx, conn, statement)
	switch {
	case err != nil && formatClause.MatchString(statement):
		return fmt.Errorf("%w; leave out FORMAT, since --format says how rows are printed", err)
	case err != nil:
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
			row[i] = reflect.ValueOf(values[i]).Elem().Interface()
		}
		if err := to.row(row); err != nil {
			return err
		}
	}
	return errors.Join(rows.Err(), to.end())
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
		w := visible.NewCSV(out)
		_ = w.Row(columns...) // Flush says so
		return printer{row: func(row []any) error { return w.Row(texts(row)...) }, end: w.Flush}
	}
	w := visible.NewTable(out)
	n := 0
	_ = w.Row(columns...) // Flush says so
	return printer{
		row: func(row []any) error {
			n++
			return w.Row(texts(row)...)
		},
		end: func() error {
			err := w.Flush()
			_, said := fmt.Fprintf(out, "rows: %d\n", n)
			return errors.Join(err, said)
		},
	}
}

// formatClause ends a statement in ClickHouse's own client. The driver reads one format alone, and says of others that bytes are
// unexpected.
var formatClause = regexp.MustCompile(`(?i)\bFORMAT\s+\w+[\s;]*$`)

// object writes a row as JSON, its columns in their order.
func object(out io.Writer, columns []string, row []any) error {
	parts := make([]string, len(row))
	for i := range row {
		name, err1 := json.Marshal(columns[i])
		value, err2 := json.Marshal(plain(reflect.ValueOf(row[i])))
		if err := errors.Join(err1, err2); err != nil {
			return fmt.Errorf("column %q: %w", columns[i], err)
		}
		parts[i] = string(name) + ":" + string(value)
	}
	_, err := fmt.Fprintf(out, "{%s}\n", visible.JSON(strings.Join(parts, ",")))
	return err
}

// texts are the values of a row as people read them; what is missing is NULL.
func texts(row []any) []string {
	cells := make([]string, len(row))
	for i, value := range row {
		cells[i] = text(reflect.ValueOf(value))
	}
	return cells
}

func text(v reflect.Value) string {
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		if _, ok := v.Interface().(fmt.Stringer); ok {
			break
		}
		v = v.Elem()
	}
	if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return "NULL"
	}
	switch one := v.Interface().(type) {
	case chcol.Variant:
		return text(reflect.ValueOf(one.Any()))
	case time.Time:
		return one.Format(time.RFC3339Nano)
	case fmt.Stringer:
		return one.String()
	}
	switch v.Kind() {
	case reflect.Map, reflect.Slice, reflect.Struct:
		written, err := json.Marshal(plain(v))
		if err != nil {
			return fmt.Sprint(v.Interface())
		}
		return string(written)
	}
	return fmt.Sprint(v.Interface())
}

// plain is a value of which JSON has the whole: an Array(UInt8) as numbers, where Go would take it for text, a JSON as an
// object, and null for NaN and infinity, which JSON does not have.
func plain(v reflect.Value) any {
	if !v.IsValid() {
		return nil
	}
	switch one := v.Interface().(type) {
	case chcol.Variant:
		return plain(reflect.ValueOf(one.Any()))
	case chcol.JSON:
		return plain(reflect.ValueOf(one.NestedMap()))
	case json.Marshaler, encoding.TextMarshaler:
		return one
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return plain(v.Elem())
	case reflect.Float32, reflect.Float64:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return nil
		}
	case reflect.Slice:
		all := make([]any, v.Len())
		for i := range all {
			all[i] = plain(v.Index(i))
		}
		return all
	case reflect.Map:
		all := make(map[string]any, v.Len())
		for each := v.MapRange(); each.Next(); {
			all[text(each.Key())] = plain(each.Value())
		}
		return all
	}
	return v.Interface()
}
