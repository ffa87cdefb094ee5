// Package audit checks the engine's tables against the raw events they were made of.
//
// It promises to recompute every visit, every window and the trucks inside now from the table `events` by SQL that shares
// nothing with the engine, to compare them field by field, and to count and print every difference. A visit of which two shards have
// events is a difference too, though each counts its part rightly. Its memory does not grow
// with the number of events, of places or of years: it compares one bucket of visits and one range of time after another,
// and reads calendars in small blocks. Each statement has a limit, above which it fails.
//
// Instances may keep writing meanwhile. The audit says as of which offset it compares each shard, and compares nothing
// that is later: events from there on are left out, and so are rows of a flush that was in progress when it copied the
// tables. It counts these rows.
//
// It refuses to judge what is not applied yet, and what is no longer kept: it says from when on it compares (retention.go).
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

// Config is what the audit needs to know besides the events.
type Config struct {
	// Database is where the tables are. The audit makes a table of its own there and drops it.
	Database string
	Places   []place.Place
	// Truth is what really happened, one JSON object per line as the simulator writes them; nil is unknown.
	Truth io.Reader
	// EventsPerBucket is how many events, or windows, are compared at a time; zero is 100,000.
	EventsPerBucket int
	// MaxMemory is how many bytes one statement may take in ClickHouse; zero is 384 MiB.
	MaxMemory int
	// Tries is how often the audit tries to copy the tables between two flushes; zero is 60, which takes three seconds.
	Tries int
	// Waiting is called before each pause between two tries; nil is nothing.
	Waiting func()
	// Printed is how many differences are printed; zero is 20.
	Printed int
	// Visible makes text from outside, such as the id of a visit, harmless to print within a line; nil prints it as it is.
	Visible func(string) string
}

// Result is what the audit found.
type Result struct {
	Differences, Visits, Windows int
	// MovedOn is the number of rows that were not compared because a flush was in progress.
	MovedOn int
	// True is the number of visits that were compared with the simulator's truth; Lost is the number that could not be,
	// because the simulator dropped one of their events on purpose, or because their events are no longer kept.
	True, Lost int
}

//go:embed *.sql
var files embed.FS

var statements = template.Must(template.ParseFS(files, "*.sql"))

// parameters are what the statements are filled in with.
type parameters struct {
	Database, Scratch string
	Copies            []copyOf
	Buckets, Bucket   uint64
	// Groups of shards; net.sql reads the hours of one group at a time.
	Groups, Group uint64
	// From and Until are a time range in seconds since the Unix epoch; an Until of zero means no end. Minutes is its length.
	From, Until, Minutes int64
	// BCPs and LapseAfter (milliseconds) are arrays in SQL, in the same order.
	BCPs, LapseAfter string
	Zones            []zone
	// Present is since when the last fact of a visit must be, Since that of which first facts the visits are compared, both in
	// Unix milliseconds, and WindowsSince of which starts the windows, in seconds: maps in SQL, by shard. They are empty where
	// all is kept.
	Present, Since, WindowsSince string
	// BCP is the one whose hours are computed. Calendar has its rows of (day of the week from 1 for Monday, from, until); Shut
	// says that there are none.
	BCP, Zone, Calendar string
	Shut                bool
}

type zone struct{ Name, BCPs string }

type audit struct {
	conn   driver.Conn
	cfg    Config
	out    io.Writer
	p      parameters
	result Result
	// since is the latest instant of Since, in Unix milliseconds.
	since int64
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Run audits the database, and prints the first differences and one last line. Differences are not an error.
func Run(ctx context.Context, conn driver.Conn, cfg Config, out io.Writer) (_ Result, err error) {
	if !identifier.MatchString(cfg.Database) {
		return Result{}, fmt.Errorf("audit: database %q is not a name of letters, digits and _", cfg.Database)
	}
	if cfg.EventsPerBucket <= 0 {
		cfg.EventsPerBucket = 100_000
	}
	if cfg.MaxMemory <= 0 {
		cfg.MaxMemory = 384 << 20
	}
	if cfg.Tries <= 0 {
		cfg.Tries = 60
	}
	if cfg.Printed <= 0 {
		cfg.Printed = 20
	}
	if cfg.Visible == nil {
		cfg.Visible = func(text string) string { return text }
	}
	ctx = limited(ctx, cfg.MaxMemory)
	scratch := scratchPrefix + strings.ToLower(rand.Text())
	a := &audit{conn: conn, cfg: cfg, out: out, p: parameters{Database: cfg.Database, Scratch: cfg.Database + "." + scratch}}
	defer func() {
		// The tables are dropped even if the audit was cancelled.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		const own = "SELECT name FROM system.tables WHERE database = ? AND startsWith(name, ?)"
		if drop := a.drop(ctx, own, cfg.Database, scratch); drop != nil {
			err = errors.Join(err, fmt.Errorf("audit: %w", drop))
		}
	}()
	if err := a.prepare(ctx); err != nil {
		return Result{}, fmt.Errorf("audit: %w", err)
	}
	if err := a.run(ctx); err != nil {
		return Result{}, fmt.Errorf("audit: %w", err)
	}
	return a.result, nil
}

func (a *audit) run(ctx context.Context) error {
	if err := a.snapshot(ctx); err != nil {
		return err
	}
	if err := a.hours(ctx); err != nil {
		return err
	}
	for a.p.Bucket = range a.p.Buckets {
		if err := a.exec(ctx, "visits.sql"); err != nil {
			return err
		}
		for a.p.Group = range a.p.Groups {
			if err := a.exec(ctx, "net.sql"); err != nil {
				return err
			}
		}
		if a.p.Since != "" {
			if err := errors.Join(a.exec(ctx, "taken.sql"), a.exec(ctx, "taken_net.sql")); err != nil {
				return err
			}
		}
		if err := errors.Join(a.compare(ctx, "visit", "compare_visits.sql"), a.compare(ctx, "visit", "split.sql")); err != nil {
			return err
		}
	}
	var err error
	visits := "SELECT count() FROM " + a.p.Scratch
	if a.p.Since != "" {
		visits += " WHERE ifNull(first >= " + a.p.Since + "[shard], 0)"
	}
	if a.result.Visits, err = a.count(ctx, visits); err != nil {
		return err
	}
	if err := a.compareWindows(ctx); err != nil {
		return err
	}
	if err := a.compare(ctx, "inside now", "compare_inside.sql"); err != nil {
		return err
	}
	if a.cfg.Truth != nil {
		if err := a.compareTruth(ctx); err != nil {
			return err
		}
	}
	windows := "SELECT count() FROM " + a.p.Scratch + "_windows FINAL"
	if a.p.Since != "" {
		windows += " WHERE toUInt32(start) >= " + a.p.WindowsSince + "[shard]"
	}
	if a.result.Windows, err = a.count(ctx, windows+" SETTINGS do_not_merge_across_partitions_select_final = 1"); err != nil {
		return err
	}
	movedOn, err := a.statement("moved_on.sql")
	if err != nil {
		return err
	}
	if a.result.MovedOn, err = a.count(ctx, movedOn); err != nil {
		return err
	}
	r := &a.result
	if a.cfg.Truth != nil {
		if _, err := fmt.Fprintf(a.out, "truth: %d visits compared, %d not compared because events of theirs were lost\n", r.True, r.Lost); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(a.out, "moved on, not compared: %d\n", r.MovedOn); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.out, "audit: %d differences in %d visits, %d windows\n", r.Differences, r.Visits, r.Windows)
	return err
}

// scratchPrefix begins the names of the audit's own tables.
const scratchPrefix = "audit_scratch_"

// prepare makes the audit's own tables, and drops those left by killed audits.
func (a *audit) prepare(ctx context.Context) error {
	var bcps, lapses []string
	byZone := map[string][]string{}
	var zones []string
	for _, p := range a.cfg.Places {
		bcps = append(bcps, quote(p.ID))
		lapses = append(lapses, fmt.Sprint(p.LapseAfter.Milliseconds()))
		zone := p.Zone.String()
		if byZone[zone] == nil {
			zones = append(zones, zone)
		}
		byZone[zone] = append(byZone[zone], quote(p.ID))
	}
	a.p.BCPs, a.p.LapseAfter = array(bcps, "String"), array(lapses, "Int64")
	for _, z := range zones {
		a.p.Zones = append(a.p.Zones, zone{quote(z), array(byZone[z], "String")})
	}
	// Where events are kept for a shorter time than visits, there may be more of these.
	rows, err := a.count(ctx, "SELECT greatest((SELECT count() FROM "+a.cfg.Database+".events), (SELECT count() FROM "+a.cfg.Database+".visits))")
	if err != nil {
		return err
	}
	a.p.Buckets = 1 + uint64(rows/a.cfg.EventsPerBucket)

	const left = `SELECT name FROM system.tables
		WHERE database = ? AND startsWith(name, ?) AND metadata_modification_time < now() - INTERVAL 1 DAY`
	if err := a.drop(ctx, left, a.cfg.Database, scratchPrefix); err != nil {
		return err
	}
	if err := a.layouts(ctx); err != nil {
		return err
	}
	tables, err := a.statement("tables.sql")
	if err != nil {
		return err
	}
	for _, table := range strings.Split(tables, ";\n") {
		if err := a.conn.Exec(ctx, table); err != nil {
			return fmt.Errorf("tables.sql: %w", err)
		}
	}
	return nil
}

// drop drops the tables that a query names.
func (a *audit) drop(ctx context.Context, query string, args ...any) error {
	rows, err := a.conn.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return errors.Join(err, rows.Close())
		}
		names = append(names, name)
	}
	err = errors.Join(rows.Err(), rows.Close())
	for _, name := range names {
		// SYNC, because links to files that the engine's tables have dropped take disk space.
		err = errors.Join(err, a.conn.Exec(ctx, "DROP TABLE IF EXISTS "+a.cfg.Database+"."+name+" SYNC"))
	}
	return err
}
