// Package history makes five years of windows, and the visits of a month, inside ClickHouse, and measures the latency of the dashboards' queries over
// them.
//
// It promises windows as dense as a billion visits over 200 crossings make them: every row that the shards, directions,
// channels and regimes of a crossing would have, with sketches as wide. It refuses to make all of them: a query reads one
// crossing's key range, so that a few crossings have all their history and the others what the overview reads of them.
package history

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/ingest/event"
)

// Config is the size of the history.
type Config struct {
	// Visits are those of all crossings in all years.
	Visits int64
	Years  int
	BCPs   int
	// Now is the end of the history.
	Now time.Time
}

const (
	// recent is how far back all crossings have their hours: farther than the overview reads each time. Baselines, which are read
	// once an hour, reach back nine weeks: what they take is seen of a crossing with all its history.
	recent = 3 * 24 * time.Hour
	// fine is how far back a crossing with all its history has its visits, and so its minutes.
	fine = 31 * 24 * time.Hour
)

func (c Config) begin() time.Time { return c.Now.AddDate(-c.Years, 0, 0) }

// ids are the crossings, the busiest first.
func (c Config) ids() []string {
	ids := make([]string, c.BCPs)
	for i := range ids {
		ids[i] = fmt.Sprintf("BCP-%03d", i+1)
	}
	return ids
}

// Vocabulary has the crossings, and the agencies of the measures that Make writes.
func (c Config) Vocabulary() (*event.Vocabulary, error) {
	return event.NewVocabulary(c.ids(), []string{event.CustomsName, "border_police", "transport", "health", "plant_quarantine"})
}

// whole are the crossings that have all their history: the busiest, the one in the middle and the quietest.
func (c Config) whole() []int { return []int{0, c.BCPs / 2, c.BCPs - 1} }

// perDay is how many trucks a day cross there. The busiest of 200 has 2.4 % of all.
func (c Config) perDay(bcp int) float64 {
	const flat = 15
	var all float64
	for i := range c.BCPs {
		all += 1 / float64(i+1+flat)
	}
	return float64(c.Visits) / c.Now.Sub(c.begin()).Hours() * 24 / float64(bcp+1+flat) / all
}

//go:embed windows.sql
var windowsSQL string

//go:embed visits.sql
var visitsSQL string

// Make fills the tables of the database, which are there and empty.
func Make(ctx context.Context, conn driver.Conn, db string, c Config) error {
	exec := func(sql string) error { return conn.Exec(ctx, sql) }
	for _, i := range c.whole() {
		for _, sql := range []string{
			c.regular(db, i, "day", 24*time.Hour, c.begin(), c.Now),
			c.regular(db, i, "hour", time.Hour, c.begin(), c.Now),
			c.visits(db, i),
		} {
			if err := exec(sql); err != nil {
				return err
			}
		}
	}
	for i := range c.BCPs {
		switch i {
		case c.whole()[0], c.whole()[1], c.whole()[2]:
			continue
		}
		for _, sql := range []string{
			c.regular(db, i, "day", 24*time.Hour, c.Now.Add(-recent), c.Now),
			c.regular(db, i, "hour", time.Hour, c.Now.Add(-recent), c.Now),
		} {
			if err := exec(sql); err != nil {
				return err
			}
		}
	}
	// What was written years ago has been merged since.
	for _, table := range []string{"windows", "visits"} {
		if err := exec("OPTIMIZE TABLE " + db + "." + table + " FINAL"); err != nil {
			return err
		}
	}
	if err := exec(c.inside(db)); err != nil {
		return err
	}
	return exec("INSERT INTO " + db + ".progress (shard, offset, as_of) SELECT number, 1, 1 FROM numbers(8)")
}

// regular are the windows of a grain in which a crossing has a row for nearly every combination: each row has the number
// of visits that are expected of it, its fraction up to chance.
func (c Config) regular(db string, bcp int, grain string, length time.Duration, from, to time.Time) string {
	const combinations = 96
	windows := int64(to.Sub(from) / length)
	candidate := fmt.Sprintf(`intDiv(number, %d) AS window, number %% %d AS combination, intDiv(number, %d) %% %d + 1 AS number_of_measure,
        cityHash64(number, '%s%d') AS chance,
        %f * of_channel[intDiv(combination, 16) %% 3 + 1] * if(combination < 48, 0.7, 0.3) / 16 * often[number_of_measure] / 100 AS expected,
        toInt64(floor(expected + toUInt32(chance) / 4294967296)) AS n`,
		combinations*measures, combinations, combinations, measures, grain, bcp, c.perDay(bcp)*length.Hours()/24)
	return c.insert(db, bcp, grain, fmt.Sprintf("toDateTime(%d + %d * window, 'UTC')", from.Unix(), int64(length/time.Second)),
		candidate, windows*combinations*measures)
}

const measures = 14

// visits are those of the last month, from which minutes are computed.
func (c Config) visits(db string, bcp int) string {
	return strings.NewReplacer("{db}", db, "{bcp}", c.ids()[bcp], "{begin}", fmt.Sprint(c.Now.Add(-fine).UnixMilli()),
		"{length}", fmt.Sprint(fine.Milliseconds()), "{visits}", fmt.Sprint(int64(c.perDay(bcp)*fine.Hours()/24))).Replace(visitsSQL)
}

func (c Config) insert(db string, bcp int, grain, start, candidate string, candidates int64) string {
	return strings.NewReplacer("{db}", db, "{bcp}", c.ids()[bcp], "{grain}", grain, "{start}", start, "{candidate}", candidate,
		"{candidates}", fmt.Sprint(candidates)).Replace(windowsSQL)
}

// inside are the trucks that are there now, as the overview reads them.
func (c Config) inside(db string) string {
	return fmt.Sprintf(`INSERT INTO %[1]s.inside_now SELECT number %% 8, 'BCP-' || leftPad(toString(intDiv(number, 16) + 1), 3, '0'),
    ['inbound', 'outbound'][intDiv(number, 8) %% 2 + 1], 1, toDateTime64(%[2]d, 3, 'UTC') AS last, last, 100,
    arrayMap(i -> 1, range(100)), arrayMap(i -> toDateTime(%[3]d + i %% 2 * 36000), range(100)), arrayMap(i -> toDateTime(%[4]d + i * 900), range(100)),
    arrayMap(i -> ['wait', 'service', 'exit'][1 + i %% 3], range(100)), arrayMap(i -> ['unknown', 'customs', 'carrier'][1 + i %% 3], range(100)),
    arrayMap(i -> ['', 'green', 'red'][1 + i %% 3], range(100)), arrayMap(i -> ['truck.arrived', 'inspection.started', 'truck.released'][1 + i %% 3], range(100)),
    arrayMap(i -> ['', 'customs', ''][1 + i %% 3], range(100)), arrayMap(i -> ['', 'scan', ''][1 + i %% 3], range(100)), arrayMap(i -> '', range(100)),
    arrayMap(i -> if(i %% 3 = 2, ['border_police', 'customs'], []), range(100)) FROM numbers(%[5]d)`,
		db, c.Now.Unix()-60, c.Now.Unix()/3600*3600-36_000, c.Now.Unix()/900*900-100*900, 16*c.BCPs)
}

// flush is what all shards write in a second: rows of the current hour, one for each measure of each visit that changes.
func (c Config) flush(ctx context.Context, conn driver.Conn, db string) error {
	var last uint64
	if err := conn.QueryRow(ctx, "SELECT greatest(max(offset), 1) FROM "+db+".progress").Scan(&last); err != nil {
		return err
	}
	for _, sql := range []string{
		fmt.Sprintf(`INSERT INTO %[1]s.windows SELECT * REPLACE (%[2]d AS as_of) FROM %[1]s.windows FINAL WHERE grain = 'hour' AND start = toDateTime(%[3]d, 'UTC')
			ORDER BY cityHash64(*, %[2]d) LIMIT %[4]d`,
			db, last+1, c.Now.Add(-time.Hour).Unix(), 1+int64(float64(c.Visits)/c.Now.Sub(c.begin()).Seconds()*measures)),
		fmt.Sprintf("INSERT INTO %[1]s.progress (shard, offset, as_of) SELECT number, %[2]d, %[2]d FROM numbers(8)", db, last+1),
	} {
		if err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}
