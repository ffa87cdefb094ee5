package clickhouse

import (
	"context"
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/ingest/event"
	"dwell/metrics/window"
)

// The keys of the tables windows and restatements are enumerations: text in SQL, numbers on disk. The database gives the
// codes. A process that opens the tables appends the names that they lack; no code is ever changed or given again, so that
// the processes beside it continue with the names that they know.
//
// ClickHouse refuses an ALTER that takes a code out of the enumeration of a key, but not one that gives a code another name:
// of two processes that append at the same time, the second would rename what the first has just added. So the name of a
// constraint of the table windows has the number of codes, and each ALTER replaces the constraint: the second ALTER does not
// find the one that it must drop, is refused as a whole, and is made again of what the first has added. The table restatements
// takes the enumerations of windows, so that both have the same codes.

// enum is an enumeration, and the codes of the values that the process writes.
type enum struct {
	// typ is as the database has it, such as "Enum8('' = 0, 'inbound' = 1)".
	typ   string
	codes []int16 // by value
}

// enums are those of the key columns.
type enums struct{ bcp, direction, channel, regime, measure enum }

// enumColumn is a key column of the table windows, with the names that the process writes there.
type enumColumn struct {
	name  string
	enum  *enum
	names []enumName
	// restated says that the table restatements has the column too.
	restated bool
}

type enumName struct {
	value int
	name  string
}

func (e *enums) columns(voc *event.Vocabulary) []enumColumn {
	return []enumColumn{
		{"bcp", &e.bcp, namesOf(voc.BCPs(), voc.BCPName), true},
		{"direction", &e.direction, namesOf([]event.Direction{event.Inbound, event.Outbound}, event.Direction.String), true},
		{"channel", &e.channel, namesOf([]event.Channel{event.Green, event.Yellow, event.Red, event.Blue}, event.Channel.String), false},
		{"regime", &e.regime, namesOf([]event.Regime{event.Import, event.Export, event.Transit, event.Empty}, event.Regime.String), false},
		{"measure", &e.measure, namesOf(window.Measures(voc), func(m window.Measure) string { return m.Name(voc) }), true},
	}
}

func namesOf[C ~uint8 | ~uint16](values []C, name func(C) string) []enumName {
	all := make([]enumName, len(values))
	for i, v := range values {
		all[i] = enumName{int(v), name(v)}
	}
	return all
}

// refusals is how many ALTERs in a row may be refused, and the pause grows by patience with each.
const (
	refusals = 20
	patience = 20 * time.Millisecond
)

// openEnums appends the names of the vocabulary that the tables lack, and returns the enumerations. A replica refuses an ALTER
// also while it is behind the others.
func openEnums(ctx context.Context, conn driver.Conn, voc *event.Vocabulary) (enums, error) {
	var e enums
	columns := e.columns(voc)
	for _, c := range columns {
		for _, n := range c.names {
			if n.name == "" || strings.ContainsFunc(n.name, func(r rune) bool { return r < ' ' || r == '\'' || r == '\\' }) {
				return e, fmt.Errorf("%s %q: a name in the tables must not be empty or have quotes, backslashes or control characters", c.name, n.name)
			}
		}
	}
	for refused := 0; ; {
		windows, err := enumTypes(ctx, conn, "windows")
		if err != nil {
			return e, err
		}
		alter, err := appendNames(columns, windows)
		if err != nil {
			return e, err
		}
		if alter == "" {
			restatements, err := enumTypes(ctx, conn, "restatements")
			if err != nil {
				return e, err
			}
			if alter = followWindows(columns, windows, restatements); alter == "" {
				for _, c := range columns {
					c.enum.set(windows[c.name], c.names)
				}
				return e, nil
			}
		}
		if err = conn.Exec(waiting(ctx), alter); err == nil {
			continue
		}
		if refused++; refused == refusals {
			return e, fmt.Errorf("append the names of BCPs and measures to the tables: refused %d times: %w", refused, err)
		}
		select {
		case <-ctx.Done():
			return e, ctx.Err()
		case <-time.After(time.Duration(refused) * patience):
		}
	}
}

// enumTypes are the types of the enumerations of a table by column.
func enumTypes(ctx context.Context, conn driver.Conn, table string) (map[string]string, error) {
	const query = "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = ? AND startsWith(type, 'Enum')"
	rows, err := conn.Query(ctx, query, table)
	if err != nil {
		return nil, fmt.Errorf("read enumerations of table %s: %w", table, err)
	}
	defer func() { _ = rows.Close() }()
	types := map[string]string{}
	for rows.Next() {
		var column, typ string
		if err := rows.Scan(&column, &typ); err != nil {
			return nil, fmt.Errorf("read enumerations of table %s: %w", table, err)
		}
		types[column] = typ
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read enumerations of table %s: %w", table, err)
	}
	return types, nil
}

// appendNames is the ALTER of the table windows that appends the names that its enumerations lack; it is empty if they have all.
// It is on one server of a cluster, since the tables are replicated.
func appendNames(columns []enumColumn, types map[string]string) (string, error) {
	before, after, modify := 0, 0, ""
	for _, c := range columns {
		typ := types[c.name]
		codes := codesOf(typ)
		before += len(codes)
		next, limit := int16(0), int16(1<<15-1)
		if strings.HasPrefix(typ, "Enum8") {
			limit = 1<<7 - 1
		}
		for _, code := range codes {
			next = max(next, code)
		}
		for _, n := range c.names {
			if _, known := codes[n.name]; known {
				continue
			}
			if next == limit {
				return "", fmt.Errorf("column %s of table windows has no code left for %q", c.name, n.name)
			}
			next++
			codes[n.name] = next
			typ = fmt.Sprintf("%s, '%s' = %d)", strings.TrimSuffix(typ, ")"), n.name, next)
		}
		after += len(codes)
		if typ != types[c.name] {
			modify += ", MODIFY COLUMN " + c.name + " " + typ
		}
	}
	if modify == "" {
		return "", nil
	}
	return fmt.Sprintf("ALTER TABLE windows DROP CONSTRAINT codes_%d, ADD CONSTRAINT codes_%d ASSUME true", before, after) + modify, nil
}

// followWindows is the ALTER of the table restatements that takes the enumerations of windows; it is empty if it has them.
func followWindows(columns []enumColumn, windows, restatements map[string]string) string {
	var modify []string
	for _, c := range columns {
		if c.restated && restatements[c.name] != windows[c.name] {
			modify = append(modify, "MODIFY COLUMN "+c.name+" "+windows[c.name])
		}
	}
	if len(modify) == 0 {
		return ""
	}
	return "ALTER TABLE restatements " + strings.Join(modify, ", ")
}

var enumForm = regexp.MustCompile(`'([^']*)' = (-?\d+)`)

// codesOf are the codes of an enumeration by name.
func codesOf(typ string) map[string]int16 {
	codes := map[string]int16{}
	for _, m := range enumForm.FindAllStringSubmatch(typ, -1) {
		code, _ := strconv.ParseInt(m[2], 10, 16)
		codes[m[1]] = int16(code)
	}
	return codes
}

// set takes the codes of the values with these names. Value zero is the empty name.
func (e *enum) set(typ string, names []enumName) {
	e.typ = typ
	last := 0
	for _, n := range names {
		last = max(last, n.value)
	}
	e.codes = make([]int16, last+1)
	codes := codesOf(typ)
	for _, n := range names {
		e.codes[n.value] = codes[n.name]
	}
}

// enumerated is an enumerated column of values from a slice.
func enumerated[C ~uint8 | ~uint16](b *block, column string, e *enum, values []C) {
	b.begin(column, e.typ)
	if strings.HasPrefix(e.typ, "Enum8") {
		for _, v := range values {
			b.buf = append(b.buf, byte(e.codes[v]))
		}
		return
	}
	for _, v := range values {
		b.buf = binary.LittleEndian.AppendUint16(b.buf, uint16(e.codes[v]))
	}
}

// eachEnumerated is an enumerated column of values taken from rows.
func eachEnumerated[R any, C ~uint8 | ~uint16](b *block, column string, e *enum, rows []R, value func(*R) C) {
	values := make([]C, len(rows))
	for i := range rows {
		values[i] = value(&rows[i])
	}
	enumerated(b, column, e, values)
}
