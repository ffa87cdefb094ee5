package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	driver "github.com/ClickHouse/clickhouse-go/v2"
)

// A part whose files are cut is set aside by ClickHouse when it starts, and its rows are missing from then on. One with other bytes
// than were written is noticed when it is read or merged. Neither is an error at the start, so the tables are looked at here.

// Damage is a part of a table that ClickHouse cannot read.
type Damage struct {
	Table, Part string
	// Reason is ClickHouse's own, such as broken-on-start or a checksum that does not match.
	Reason string
}

// wayOut is what makes each table of the schema whole again.
var wayOut = map[string]string{
	"windows": again, "visits": again, "inside_now": again, "readings": again, "openings": again, "restatements": again,
	"rules":  byConfiguration,
	"events": fromTopic, "dead_letters": fromTopic,
	"progress": restore, "owners": restore, "retentions": restore, "short_logs": restore, "topics": restore, "schema_versions": restore, "redrives": restore,
	"imports": restoreImports, "import_entries": restoreImports,
	"presumptions": relearn, "presumption_records": relearn, "usual": relearnUsual, "deviations": relearnUsual,
	"annotations": restoreAnnotations,
}

const (
	again     = "run dwell recount, which makes the table again from events and dead letters"
	fromTopic = "run dwell recount, which reads the topic again and refuses if that does not have all records; " +
		"if ClickHouse has not set the part aside, run ALTER TABLE ... DETACH PART before"
	byConfiguration    = "run dwell recount, which counts everything again by the present configuration"
	relearn            = "run TRUNCATE TABLE on it: what is presumed of trucks is learned again within a day, and its record begins anew; no other number rests on it"
	relearnUsual       = "run TRUNCATE TABLE on it: what is usual is learned again within a day, and spikes are looked for anew; no other number rests on it"
	restore            = "restore the database from a backup, or count the topic into a new clickhouse.database"
	restoreAnnotations = "restore the database from a backup, or run TRUNCATE TABLE on it and import the files of annotations again; no count rests on it"
	restoreImports     = "restore the database from a backup; where there is no backup, begin with another kafka.topic and another clickhouse.database, " +
		"and import the files and send everything else again: in this topic an import would take for new what it has, and lose corrections"
)

// WayOut is what makes the table of the damage whole again.
func (d Damage) WayOut() string { return wayOut[d.Table] }

// Tables are those of the schema, in order.
func Tables() []string { return slices.Sorted(maps.Keys(wayOut)) }

// setAside are the parts that ClickHouse has detached because they are damaged. A person's own are not among them.
func (s *Store) setAside(ctx context.Context) (all []Damage, err error) {
	const query = "SELECT table, name, ifNull(reason, '') FROM system.detached_parts WHERE database = ? AND table IN (?) AND reason LIKE 'broken%'"
	rows, err := s.conn.Query(ctx, query, s.cfg.Database, Tables())
	if err != nil {
		return nil, fmt.Errorf("read system.detached_parts: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var d Damage
		if err := rows.Scan(&d.Table, &d.Part, &d.Reason); err != nil {
			return nil, fmt.Errorf("read system.detached_parts: %w", err)
		}
		all = append(all, d)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read system.detached_parts: %w", err)
	}
	return all, nil
}

// WholeImports returns an error if a part of the tables of imports was set aside: an import would take lines for new that the log has.
func (s *Store) WholeImports(ctx context.Context) error {
	all, err := s.setAside(ctx)
	if hasCode(err, codeAccessDenied, codeReadOnly) { // dwell check says so
		return nil
	}
	for _, d := range all {
		if d.Table == "imports" || d.Table == "import_entries" {
			return fmt.Errorf("part %s of table %s is damaged: %s", d.Part, d.Table, d.WayOut())
		}
	}
	return err
}

// parts are those in use, the small ones first.
func (s *Store) parts(ctx context.Context) (all []part, err error) {
	const query = "SELECT table, name FROM system.parts WHERE active AND database = ? AND table IN (?) ORDER BY bytes_on_disk, table, name"
	rows, err := s.conn.Query(ctx, query, s.cfg.Database, Tables())
	if err != nil {
		return nil, fmt.Errorf("read system.parts: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var p part
		if err := rows.Scan(&p.table, &p.name); err != nil {
			return nil, fmt.Errorf("read system.parts: %w", err)
		}
		all = append(all, p)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read system.parts: %w", err)
	}
	return all, nil
}

// checkPart is why the part is damaged; empty if it is whole, or has been merged into another one meanwhile.
func (s *Store) checkPart(ctx context.Context, p part) (reason string, err error) {
	query := fmt.Sprintf("CHECK TABLE %s.%s PART '%s' SETTINGS check_query_single_value_result = 0, max_threads = 1", s.cfg.Database, p.table, strings.ReplaceAll(p.name, "'", "\\'"))
	rows, err := s.conn.Query(ctx, query)
	if hasCode(err, codeNoSuchPart, codeUnknownTable) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("check part %s of table %s: %w", p.name, p.table, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name, message string
		var passed bool
		if err := rows.Scan(&name, &passed, &message); err != nil {
			return "", fmt.Errorf("check part %s of table %s: %w", p.name, p.table, err)
		}
		if !passed {
			reason = message
		}
	}
	if err := rows.Err(); err != nil && !hasCode(err, codeNoSuchPart) {
		return "", fmt.Errorf("check part %s of table %s: %w", p.name, p.table, err)
	}
	return reason, nil
}

// IsDamage reports whether an error is ClickHouse's when it reads a part that has other bytes than were written.
func IsDamage(err error) bool {
	return hasCode(err, codeCannotReadAllData, codeChecksum, codeCorrupted, codeCannotDecompress, codeUnknownCodec)
}

// damaged says of an error that ClickHouse gives when it reads a damaged part which table it is, with what makes that whole again. A
// query may read other tables than the one that it is about, so the name is that in ClickHouse's message.
func damaged(err error) error {
	if !IsDamage(err) {
		return err
	}
	named := damagedTable.FindStringSubmatch(err.Error())
	if named == nil || wayOut[named[1]] == "" {
		return err
	}
	return fmt.Errorf("table %s is damaged: %s: %w", named[1], wayOut[named[1]], err)
}

var damagedTable = regexp.MustCompile(`in table \S+\.(\w+) \(`)

// Codes of ClickHouse's exceptions.
const (
	codeAccessDenied = 497
	codeNoSuchPart   = 232
	codeUnknownTable = 60

	codeCannotReadAllData = 33
	codeChecksum          = 40
	codeCorrupted         = 246
	codeCannotDecompress  = 271
	codeUnknownCodec      = 432 // zeroes, as after a loss of power
)

func hasCode(err error, codes ...int32) bool {
	e, ok := errors.AsType[*driver.Exception](err)
	return ok && slices.Contains(codes, e.Code)
}

// MissingRights are the rights that the configured user lacks to look for damaged parts, each as GRANT takes it.
func MissingRights(ctx context.Context, cfg Config) (missing []string, err error) {
	conn, err := cfg.connect("default", driver.Settings{}) // the configured database may have yet to be created
	if err != nil {
		return nil, err
	}
	for _, right := range []string{"SELECT ON system.parts", "SELECT ON system.detached_parts", "CHECK ON " + cfg.Database + ".*"} {
		var has uint8
		if err := conn.QueryRow(ctx, "CHECK GRANT "+right).Scan(&has); err != nil {
			return nil, errors.Join(fmt.Errorf("read the rights of user %q: %w", cfg.User, err), conn.Close())
		}
		if has == 0 {
			missing = append(missing, right)
		}
	}
	return missing, conn.Close()
}
