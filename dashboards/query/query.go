// Package query reads from ClickHouse what people are shown.
//
// It promises that an overview asks the store nothing (Refresh does, once for all who watch, and no lock is held meanwhile); that
// rows of shards are merged by adding; and that what is unknown is null. It refuses to write. Numbers read while a shard flushes
// may be ahead of the progress that was read before them, never behind; the flush ends in a new progress, after which they agree
// again.
package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/dashboards/overview"
	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/metrics/border"
	"dwell/metrics/hours"
	"dwell/metrics/presume"
	"dwell/metrics/usual"
	"dwell/metrics/visit"
)

// Config is how far the overview looks.
type Config struct {
	// Window is how far back release time, holders and flow look, in whole hours.
	Window time.Duration `yaml:"window"`
	// TrendHours is the number of hours of each trend.
	TrendHours int `yaml:"trend_hours"`
	// Questions is how many questions about the past are answered at a time; others wait for their turn.
	Questions int `yaml:"questions"`
	// QuestionThreads is how many threads of ClickHouse a question has. It should have more only where ClickHouse has cores to spare,
	// since it has to write as well.
	QuestionThreads int `yaml:"question_threads"`
	// QuestionsWaiting is how many questions may wait for their turn, of one client half of them at most; one more gets 429.
	QuestionsWaiting int `yaml:"questions_waiting"`
	// Simulation is what the overview says of simulated events; nil where events are real. No file can set it.
	Simulation *overview.Simulation `yaml:"-"`
	// Health is what the overview says of outages; with nil there are none. No file can set it.
	Health func() overview.Health `yaml:"-"`
}

// DefaultConfig is a day.
func DefaultConfig() Config {
	return Config{Window: 24 * time.Hour, TrendHours: 24, Questions: 2, QuestionThreads: 1, QuestionsWaiting: 64}
}

// Validate names every key and value that cannot be used.
func (c Config) Validate() error {
	var errs []error
	if c.Window < time.Hour || c.Window%time.Hour != 0 {
		errs = append(errs, fmt.Errorf("window: %v is not a number of whole hours", c.Window))
	}
	if c.TrendHours < 1 {
		errs = append(errs, fmt.Errorf("trend_hours: %d is not positive", c.TrendHours))
	}
	if c.Questions < 1 {
		errs = append(errs, fmt.Errorf("questions: %d is not positive", c.Questions))
	}
	if c.QuestionThreads < 1 {
		errs = append(errs, fmt.Errorf("question_threads: %d is not positive", c.QuestionThreads))
	}
	if c.QuestionsWaiting < 0 {
		errs = append(errs, fmt.Errorf("questions_waiting: %d is negative", c.QuestionsWaiting))
	}
	return errors.Join(errs...)
}

// Connections is how many connections a source uses at once: one for each question, and that of Refresh.
func (c Config) Connections() int { return c.Questions + 1 }

// Reach is how far back the overview reads hours.
func (c Config) Reach() time.Duration {
	return max(c.Window, time.Duration(c.TrendHours)*time.Hour) + time.Hour
}

// Source reads one database. It is safe for concurrent use, but for Refresh.
type Source struct {
	conn   driver.Conn
	db     string
	places []place.Place
	ids    []string // of places
	voc    *event.Vocabulary
	now    func() time.Time
	cfg    Config
	border *border.Border
	// calendars are the hours of the places without events, by event.BCP.
	calendars []*hours.Hours

	read     atomic.Pointer[read]
	presumed atomic.Pointer[presume.InForce]
	usual    atomic.Pointer[usual.InForce]
	turns    *turns

	// What follows is Refresh's alone.
	stored stored
	judged map[string]judged // by BCP
}

// New makes a source over conn, whose tables are in the database db. The vocabulary is that of the places, in their order. The
// border has what shards of this process publish, and gets from Refresh what others have. Now is the clock of the program.
func New(conn driver.Conn, db string, places []place.Place, voc *event.Vocabulary, cfg Config, now func() time.Time, known *border.Border) *Source {
	s := &Source{conn: conn, db: db, places: places, voc: voc, cfg: cfg, now: now, border: known, calendars: hoursOf(places), judged: map[string]judged{}, turns: newTurns(cfg.Questions, cfg.QuestionsWaiting)}
	s.presumed.Store(&presume.InForce{Version: presume.Version{Table: presume.TableOf(visit.RulesOf(voc), nil)}})
	s.usual.Store(&usual.InForce{Learned: &usual.Learned{}})
	s.stored = stored{openings: s.calendars, next: map[uint16]uint64{}}
	for i := range places {
		s.ids = append(s.ids, places[i].ID)
	}
	return s
}

// Places are those that the source was made with, in their order.
func (s *Source) Places() []place.Place { return s.places }

// Now is the clock that the source was made with.
func (s *Source) Now() time.Time { return s.now() }

// table names a table of the database.
func (s *Source) table(name string) string { return "`" + s.db + "`." + name }

// place is the place with the id.
func (s *Source) place(id string) *place.Place {
	at := slices.IndexFunc(s.places, func(p place.Place) bool { return p.ID == id })
	if at < 0 {
		return nil
	}
	return &s.places[at]
}

// each runs a query and calls scan for each row.
func (s *Source) each(ctx context.Context, what, sql string, args []any, scan func(driver.Rows) error) (err error) {
	if within, bounded := ctx.Value(answerWithin{}).(time.Duration); bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, within)
		defer cancel()
	}
	defer func() { err = tooMuch(err) }()
	rows, err := s.conn.Query(ctx, sql, args...)
	if err != nil {
		return fmt.Errorf("read %s: %w", what, err)
	}
	defer func() { err = cmp.Or(err, rows.Close()) }()
	for rows.Next() {
		err := ctx.Err() // the driver yields the rows of a block that it has, whatever has become of ctx
		if err == nil {
			err = scan(rows)
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", what, err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read %s: %w", what, err)
	}
	return nil
}

// Progress is where the shards stand; its times are null before the first event.
func (s *Source) Progress(ctx context.Context) (overview.Progress, error) {
	all, err := s.readProgress(ctx)
	return all.all(), err
}

// progress is the progress of each shard, by shard.
type progress []shardProgress

type shardProgress struct {
	shard             uint16
	offset            uint64
	latest, watermark *time.Time // nil before the first event
}

func (s *Source) readProgress(ctx context.Context) (all progress, err error) {
	sql := "SELECT shard, offset, latest, watermark FROM " + s.table("progress") + " FINAL ORDER BY shard"
	err = s.each(ctx, "progress", sql, nil, func(rows driver.Rows) error {
		var at shardProgress
		err := rows.Scan(&at.shard, &at.offset, &at.latest, &at.watermark)
		all = append(all, at)
		return err
	})
	return all, err
}

// all returns the progress of all shards together.
func (p progress) all() (sum overview.Progress) {
	for _, at := range p {
		sum.Offsets += at.offset
		if at.latest != nil && (sum.AsOf == nil || at.latest.After(*sum.AsOf)) {
			sum.AsOf = at.latest
		}
		if at.watermark != nil && (sum.FinalUntil == nil || at.watermark.Before(*sum.FinalUntil)) {
			sum.FinalUntil = at.watermark
		}
	}
	return sum
}
