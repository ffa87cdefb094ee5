package clickhouse

import (
	"context"
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"dwell/metrics/calendar"
	"dwell/metrics/window"
)

// Migrations are numbered files of statements. A general migration tool needs a lock, which ClickHouse does not have, and
// cannot choose a table's engine by the kind of installation; so this runner is small, with one strict rule: every statement
// may run twice and in two processes at once (IF NOT EXISTS, OR REPLACE).

//go:embed migrations/*.sql
var migrationFiles embed.FS

// The views over measures are generated from the table of measures, so they are not migrations: a program whose views differ
// from the stored ones recreates them.
//
//go:embed views/measures.sql
var views string

// The comments on columns are set with the views, so that data of any age has them all.
//
//go:embed views/comments.sql
var comments string

type migration struct {
	version int
	name    string
	text    string
}

var fileName = regexp.MustCompile(`^(\d{4})_(\w+)\.sql$`)

// migrations are in the order of their versions, from 1 without a gap.
func migrations() ([]migration, error) {
	entries, err := fs.ReadDir(migrationFiles, "migrations")
	if err != nil {
		return nil, err
	}
	var all []migration
	for _, e := range entries {
		match := fileName.FindStringSubmatch(e.Name())
		if match == nil {
			return nil, fmt.Errorf("migration %q is not named NNNN_name.sql", e.Name())
		}
		version, _ := strconv.Atoi(match[1])
		if version != len(all)+1 {
			return nil, fmt.Errorf("migration %q should have version %d", e.Name(), len(all)+1)
		}
		text, err := fs.ReadFile(migrationFiles, "migrations/"+e.Name())
		if err != nil {
			return nil, err
		}
		all = append(all, migration{version, match[2], string(text)})
	}
	return all, nil
}

// migrate creates the database and migrates its schema.
func migrate(ctx context.Context, cfg Config) error {
	all, err := migrations()
	if err != nil {
		return err
	}
	opts, err := cfg.options("", inserts)
	if err != nil {
		return err
	}
	opts.MaxOpenConns = 1
	opts.Settings[waitForEnd] = 1
	conn, err := driver.Open(opts)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	var have uint32
	const exists = "SELECT count() FROM system.tables WHERE database = ? AND name = 'schema_versions'"
	var tables uint64
	if err := conn.QueryRow(ctx, exists, cfg.Database).Scan(&tables); err != nil {
		return err
	}
	if tables > 0 {
		if err := conn.QueryRow(ctx, "SELECT max(version) FROM "+cfg.Database+".schema_versions").Scan(&have); err != nil {
			return err
		}
	}
	if have > 0 {
		var first string
		if err := conn.QueryRow(ctx, "SELECT any(name) FROM "+cfg.Database+".schema_versions WHERE version = 1").Scan(&first); err != nil {
			return err
		}
		if first != all[0].name {
			return fmt.Errorf("database %q was made before schema 1: use another database (with embedded parts, another data folder) and count all events again", cfg.Database)
		}
	}
	if newest := len(all); int(have) > newest {
		return fmt.Errorf("database %q has schema version %d, this program knows up to %d: use a newer program", cfg.Database, have, newest)
	}
	for _, m := range all[have:] {
		statements, err := m.render(cfg)
		if err != nil {
			return err
		}
		for _, s := range statements {
			if err := conn.Exec(ctx, s); err != nil {
				return fmt.Errorf("migration %d %s: %w", m.version, m.name, err)
			}
		}
		if err := conn.Exec(ctx, fmt.Sprintf(note, cfg.Database, m.version, m.name)); err != nil {
			return fmt.Errorf("migration %d %s: %w", m.version, m.name, err)
		}
	}
	return migrateViews(ctx, conn, cfg, len(all))
}

// migrateViews recreates the views over measures and sets all comments unless this has been done by this program. The hash of both is
// stored as version 0, with the version of the schema: a migration that recreates a view drops the comments on its columns.
func migrateViews(ctx context.Context, conn driver.Conn, cfg Config, version int) error {
	var statements []string
	for _, text := range []string{views, comments} {
		rendered, err := migration{name: "views", text: text}.render(cfg)
		if err != nil {
			return err
		}
		statements = append(statements, rendered...)
	}
	name := fmt.Sprintf("views %x of schema %d", sha256.Sum256([]byte(strings.Join(statements, ";\n"))), version)
	var same uint64
	const made = "SELECT count() FROM %s.schema_versions FINAL WHERE version = 0 AND name = '%s'"
	if err := conn.QueryRow(ctx, fmt.Sprintf(made, cfg.Database, name)).Scan(&same); err != nil || same > 0 {
		return err
	}
	for _, s := range statements {
		if err := conn.Exec(ctx, s); err != nil {
			return fmt.Errorf("views: %w", err)
		}
	}
	if err := conn.Exec(ctx, fmt.Sprintf(note, cfg.Database, 0, name)); err != nil {
		return fmt.Errorf("views: %w", err)
	}
	return nil
}

// countsOfMovements are the definitions of the counts of the view movements.
func countsOfMovements() (all []window.Definition) {
	for _, d := range window.Definitions() {
		if slices.Contains(window.CountNames(), d.Name) {
			all = append(all, d)
		}
	}
	return all
}

// note is the statement that records an applied version.
const note = "INSERT INTO %s.schema_versions (version, name) VALUES (%d, '%s')"

// onCluster is the clause of a statement that is to run on all servers.
func (c Config) onCluster() string {
	if c.Cluster == "" {
		return ""
	}
	return " ON CLUSTER " + c.Cluster
}

// render fills in what depends on the installation: {{db}}, {{cluster}} after the name of what is created, and {{replacing
// "version"}} for the engine. {{measured "NAME"}} is the condition on measure that selects a measure or total, {{faulty "PREFIX"}}
// selects the counts of visits with a fault, {{times}} all times, and {{visits}} all measures but those of segments. {{present}}
// leaves out the visits that are absent. {{date}} is the
// local date of w.bcp at start; {{dates}}, {{firstYear}} and {{newYears}} are of the view calendar. {{minutes}} is a query of the minutes between two parameters, and {{counts}} are the names of all counts,
// {{counted}} their definitions.
func (m migration) render(cfg Config) ([]string, error) {
	t, err := template.New(m.name).Funcs(template.FuncMap{
		"db":      func() string { return cfg.Database },
		"cluster": cfg.onCluster,
		"counts":  window.CountNames,
		"counted": countsOfMovements,
		"date":    func() string { return sqlOfDate(cfg.Database) },
		"dates": func() string {
			return fmt.Sprintf("%d, %d", calendar.NewYear(firstYear), calendar.NewYear(lastYear+1)-calendar.NewYear(firstYear))
		},
		"firstYear": func() int { return firstYear },
		"newYears":  newYears,
		"measured":  window.SQLOf,
		"minutes": func() string {
			return window.SQLOfMinutes(cfg.Database+".visits", "bcp = {bcp:String} AND "+
				window.SQLOfFactsDuring("{from:DateTime('UTC')}", "{to:DateTime('UTC')}")+" AND "+window.SQLOfPresent(cfg.Database))
		},
		"present": func() string { return window.SQLOfPresent(cfg.Database) },
		"times":   window.SQLOfTimes,
		"visits":  window.SQLOfVisits,
		"faulty":  func(prefix string) string { return window.SQLOf(window.FaultNames(prefix)...) },
		"replacing": func(version string) string {
			if cfg.Cluster == "" {
				return "ReplacingMergeTree(" + version + ")"
			}
			if version != "" {
				version = ", " + version
			}
			return "ReplicatedReplacingMergeTree('/clickhouse/tables/{database}/{table}', '{replica}'" + version + ")"
		},
	}).Parse(m.text)
	if err != nil {
		return nil, err
	}
	var text strings.Builder
	if err := t.Execute(&text, nil); err != nil {
		return nil, err
	}
	var statements []string
	for s := range strings.SplitSeq(text.String(), ";\n") {
		if s = strings.TrimSpace(s); s != "" {
			statements = append(statements, s)
		}
	}
	return statements, nil
}
