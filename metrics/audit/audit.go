// Package audit checks the engine's tables against the raw events they were made of.
//
// It promises to recompute every visit, every window and who is inside now from the table `events` by SQL that shares
// nothing with the engine, to compare them field by field, and to count and name every difference. It works on one
// bucket of visits after another, so its memory does not grow with the number of events.
//
// It refuses to judge what is not applied yet: events from a shard's progress on are left out. While a shard is being
// written, its rows are ahead of its progress and would count as differences: audit when nothing writes.
package audit

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"text/template"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/ingest/place"
)

// Config is what the audit must be told, because no event says it.
type Config struct {
	// Database is where the tables are. The audit makes a table of its own there and drops it.
	Database string
	Places   []Place
	// Truth is what really happened, one JSON object a line as the simulator writes them; nil is not known.
	Truth io.Reader
	// EventsPerBucket is how many events are looked at together; zero is 200,000.
	EventsPerBucket int
	// Printed is how many differences are printed; zero is 20.
	Printed int
}

// Place is what the audit must know of a BCP.
type Place struct {
	BCP string
	// Zone is an IANA name, such as "Asia/Kabul".
	Zone       string
	LapseAfter time.Duration
	// Calendar is when it is open by local time; nil is always.
	Calendar []Opening
}

// Opening is a stretch of a day of every week, in minutes after local midnight: [From, Until).
type Opening struct {
	Day         time.Weekday
	From, Until int
}

// PlaceOf takes from a BCP what the audit must know of it.
func PlaceOf(p *place.Place) Place {
	a := Place{BCP: p.ID, Zone: p.Zone.String(), LapseAfter: p.LapseAfter}
	if p.Calendar == nil {
		return a
	}
	a.Calendar = []Opening{}
	for day, spans := range p.Calendar.Days {
		for _, s := range spans {
			a.Calendar = append(a.Calendar, Opening{time.Weekday(day), s.Open, s.Close})
		}
	}
	return a
}

// Result is what the audit found.
type Result struct {
	Differences, Visits, Windows int
	// True is the number of visits that were compared with the truth, Lost of those that could not be, because an event
	// of theirs was lost on purpose.
	True, Lost int
}

//go:embed *.sql
var files embed.FS

var statements = template.Must(template.ParseFS(files, "*.sql"))

// parameters are what the statements are filled in with.
type parameters struct {
	Database, Scratch string
	Buckets, Bucket   uint64
	// BCPs and LapseAfter (milliseconds) are arrays in SQL, in the same order.
	BCPs, LapseAfter string
	Zones            []zone
	// Calendar has (bcp, day of the week from 1 for Monday, from, until), and Shut the BCPs whose calendar is empty.
	Calendar, Shut string
}

type zone struct{ Name, BCPs string }

type audit struct {
	conn   driver.Conn
	cfg    Config
	out    io.Writer
	p      parameters
	result Result
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Run audits the database, and prints the first differences and one last line. Differences are no error.
func Run(ctx context.Context, conn driver.Conn, cfg Config, out io.Writer) (_ Result, err error) {
	if !identifier.MatchString(cfg.Database) {
		return Result{}, fmt.Errorf("audit: database %q is not a name of letters, digits and _", cfg.Database)
	}
	if cfg.EventsPerBucket <= 0 {
		cfg.EventsPerBucket = 200_000
	}
	if cfg.Printed <= 0 {
		cfg.Printed = 20
	}
	a := &audit{conn: conn, cfg: cfg, out: out}
	if err := a.prepare(ctx); err != nil {
		return Result{}, fmt.Errorf("audit: %w", err)
	}
	defer func() {
		// The table goes even if the audit was cancelled.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		for _, part := range []string{"", "_hours", "_net"} {
			if drop := conn.Exec(ctx, "DROP TABLE IF EXISTS "+a.p.Scratch+part); drop != nil {
				err = errors.Join(err, fmt.Errorf("audit: %w", drop))
			}
		}
	}()
	if err := a.run(ctx); err != nil {
		return Result{}, fmt.Errorf("audit: %w", err)
	}
	return a.result, nil
}

func (a *audit) run(ctx context.Context) error {
	if err := a.exec(ctx, "hours.sql"); err != nil {
		return err
	}
	for a.p.Bucket = range a.p.Buckets {
		for _, step := range []string{"visits.sql", "net.sql"} {
			if err := a.exec(ctx, step); err != nil {
				return err
			}
		}
		if err := a.compare(ctx, "visit", "compare_visits.sql"); err != nil {
			return err
		}
	}
	var err error
	if a.result.Visits, err = a.count(ctx, "SELECT count() FROM "+a.p.Scratch); err != nil {
		return err
	}
	// A visit adds to some thirty windows, many of which it shares.
	a.p.Buckets = 1 + uint64(4*a.result.Visits/a.cfg.EventsPerBucket)
	for a.p.Bucket = range a.p.Buckets {
		if err := a.compare(ctx, "window", "compare_windows.sql"); err != nil {
			return err
		}
	}
	if err := a.compare(ctx, "inside now", "compare_inside.sql"); err != nil {
		return err
	}
	if a.cfg.Truth != nil {
		if err := a.compareTruth(ctx); err != nil {
			return err
		}
	}
	if a.result.Windows, err = a.count(ctx, "SELECT count() FROM "+a.cfg.Database+".windows FINAL"); err != nil {
		return err
	}
	r := &a.result
	if a.cfg.Truth != nil {
		if _, err := fmt.Fprintf(a.out, "truth: %d visits compared, %d not compared because events of theirs were lost\n", r.True, r.Lost); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(a.out, "audit: %d differences in %d visits, %d windows\n", r.Differences, r.Visits, r.Windows)
	return err
}

// prepare makes the scratch table, and drops those that audits left behind which were killed.
func (a *audit) prepare(ctx context.Context) error {
	a.p = parameters{Database: a.cfg.Database, Scratch: a.cfg.Database + ".audit_scratch_" + strings.ToLower(rand.Text())}
	var bcps, lapses, calendar, shut []string
	byZone := map[string][]string{}
	var zones []string
	for _, p := range a.cfg.Places {
		bcps = append(bcps, quote(p.BCP))
		lapses = append(lapses, fmt.Sprint(p.LapseAfter.Milliseconds()))
		if byZone[p.Zone] == nil {
			zones = append(zones, p.Zone)
		}
		byZone[p.Zone] = append(byZone[p.Zone], quote(p.BCP))
		if p.Calendar != nil && len(p.Calendar) == 0 {
			shut = append(shut, quote(p.BCP))
		}
		for _, o := range p.Calendar {
			calendar = append(calendar, fmt.Sprintf("(%s, %d, %d, %d)", quote(p.BCP), (o.Day+6)%7+1, o.From, o.Until))
		}
	}
	a.p.Calendar, a.p.Shut = array(calendar, "Tuple(String, UInt8, UInt16, UInt16)"), array(shut, "String")
	a.p.BCPs, a.p.LapseAfter = array(bcps, "String"), array(lapses, "Int64")
	for _, z := range zones {
		a.p.Zones = append(a.p.Zones, zone{quote(z), array(byZone[z], "String")})
	}
	events, err := a.count(ctx, "SELECT count() FROM "+a.cfg.Database+".events")
	if err != nil {
		return err
	}
	a.p.Buckets = 1 + uint64(events/a.cfg.EventsPerBucket)

	const left = `SELECT name FROM system.tables
		WHERE database = ? AND startsWith(name, 'audit_scratch_') AND metadata_modification_time < now() - INTERVAL 1 DAY`
	rows, err := a.conn.Query(ctx, left, a.cfg.Database)
	if err != nil {
		return err
	}
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			_ = rows.Close()
			return err
		}
		names = append(names, name)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, name := range names {
		if err := a.conn.Exec(ctx, "DROP TABLE IF EXISTS "+a.cfg.Database+"."+name); err != nil {
			return err
		}
	}
	for _, table := range []string{"scratch.sql", "hours_tables.sql", "net_tables.sql"} {
		if err := a.exec(ctx, table); err != nil {
			return err
		}
	}
	return nil
}

func (a *audit) count(ctx context.Context, query string) (int, error) {
	var n uint64
	err := a.conn.QueryRow(ctx, query).Scan(&n)
	return int(n), err
}

func (a *audit) statement(name string) (string, error) {
	var text strings.Builder
	if err := statements.ExecuteTemplate(&text, name, a.p); err != nil {
		return "", err
	}
	return text.String(), nil
}

func (a *audit) exec(ctx context.Context, name string) error {
	text, err := a.statement(name)
	if err != nil {
		return err
	}
	if err := a.conn.Exec(ctx, text); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// compare runs a statement whose rows are differences: key, field, engine's value, audit's value.
func (a *audit) compare(ctx context.Context, what, name string) error {
	text, err := a.statement(name)
	if err != nil {
		return err
	}
	rows, err := a.conn.Query(ctx, text)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var key, field, engine, audit string
		if err := rows.Scan(&key, &field, &engine, &audit); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := a.differ(what+" "+key, field, engine, "audit", audit); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (a *audit) differ(key, field, engine, other, value string) error {
	a.result.Differences++
	if a.result.Differences > a.cfg.Printed {
		return nil
	}
	_, err := fmt.Fprintf(a.out, "%s: %s: engine %q, %s %q\n", key, field, engine, other, value)
	return err
}

// quote writes a string as SQL does.
func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func array(items []string, typ string) string {
	return "[" + strings.Join(items, ", ") + "]::Array(" + typ + ")"
}
