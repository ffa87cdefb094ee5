package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"math"
	"slices"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
	"dwell/ingest/event"
	"dwell/metrics/clickhouse"
	"dwell/metrics/engine"
	"dwell/metrics/pipeline"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

func TestMain(m *testing.M) { clickhousetest.Main(m) }

// open opens a store in a database of its own, in the real engine.
func open(t testing.TB, cfg pipeline.Config) *clickhouse.Store {
	t.Helper()
	server := clickhousetest.Start(t)
	c := clickhouse.DefaultConfig()
	c.Addresses, c.Database = []string{server.Addr}, server.Database
	c.Password = server.Password
	store, err := clickhouse.Open(t.Context(), c, cfg.Engine.Vocabulary)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

var errCut = errors.New("the power is off")

// cutting is a store whose process dies at its nth write: before it, or in the middle of it.
type cutting struct {
	*clickhouse.Store
	left int
	half bool
	off  context.CancelFunc
	// ends has how many were left after each flush, and asOf its offset.
	ends []int
	asOf []int64
}

// dies counts a write, and reports whether the process dies at it.
func (c *cutting) dies() bool {
	c.left--
	if c.left == 0 {
		c.off()
	}
	return c.left <= 0
}

func (c *cutting) WriteRaw(ctx context.Context, id int, raw *engine.Raw) error {
	if c.dies() {
		return errCut
	}
	return c.Store.WriteRaw(ctx, id, raw)
}

func (c *cutting) WriteRestatements(ctx context.Context, id int, rows []window.Restatement) error {
	if c.dies() {
		if c.half && c.left == 0 {
			return errors.Join(errCut, c.Store.WriteRestatements(context.WithoutCancel(ctx), id, rows[:len(rows)/2]))
		}
		return errCut
	}
	return c.Store.WriteRestatements(ctx, id, rows)
}

func (c *cutting) AnnounceFlush(ctx context.Context, id int, o engine.Owner, asOf int64) error {
	if c.dies() {
		if c.half && c.left == 0 {
			return errors.Join(errCut, c.Store.AnnounceFlush(context.WithoutCancel(ctx), id, o, asOf))
		}
		return errCut
	}
	return c.Store.AnnounceFlush(ctx, id, o, asOf)
}

func (c *cutting) WriteWindows(ctx context.Context, id int, rows iter.Seq[*window.Row]) error {
	if c.dies() {
		if c.half && c.left == 0 {
			return errors.Join(errCut, c.Store.WriteWindows(context.WithoutCancel(ctx), id, half(rows)))
		}
		return errCut
	}
	return c.Store.WriteWindows(ctx, id, rows)
}

// half is the first half of rows.
func half(rows iter.Seq[*window.Row]) iter.Seq[*window.Row] {
	n := 0
	for range rows {
		n++
	}
	return func(yield func(*window.Row) bool) {
		left := n / 2
		for r := range rows {
			if left--; left < 0 || !yield(r) {
				return
			}
		}
	}
}

// halfOfVisits is the first half of visits.
func halfOfVisits(chunks func(int) iter.Seq[[]visit.Row]) func(int) iter.Seq[[]visit.Row] {
	return func(most int) iter.Seq[[]visit.Row] {
		return func(yield func([]visit.Row) bool) {
			for rows := range chunks(math.MaxInt) {
				for some := range slices.Chunk(rows[:len(rows)/2], most) {
					if !yield(some) {
						return
					}
				}
			}
		}
	}
}

func (c *cutting) WriteVisits(ctx context.Context, id int, chunks func(int) iter.Seq[[]visit.Row]) error {
	if c.dies() {
		if c.half && c.left == 0 {
			return errors.Join(errCut, c.Store.WriteVisits(context.WithoutCancel(ctx), id, halfOfVisits(chunks)))
		}
		return errCut
	}
	return c.Store.WriteVisits(ctx, id, chunks)
}

func (c *cutting) EncodeWindows(id int, rows iter.Seq[*window.Row]) (write func(context.Context) error, bytes int) {
	all, bytes := c.Store.EncodeWindows(id, rows)
	some, _ := c.Store.EncodeWindows(id, half(rows))
	return c.encoded(all, some), bytes
}

func (c *cutting) EncodeVisits(id int, chunks func(int) iter.Seq[[]visit.Row]) (write func(context.Context) error, bytes int) {
	all, bytes := c.Store.EncodeVisits(id, chunks)
	some, _ := c.Store.EncodeVisits(id, halfOfVisits(chunks))
	return c.encoded(all, some), bytes
}

// encoded writes all, or some when the process dies in the middle of it.
func (c *cutting) encoded(all, some func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if c.dies() {
			if c.half && c.left == 0 {
				return errors.Join(errCut, some(context.WithoutCancel(ctx)))
			}
			return errCut
		}
		return all(ctx)
	}
}

func (c *cutting) WriteInside(ctx context.Context, id int, rows []engine.Inside) error {
	if c.dies() {
		return errCut
	}
	return c.Store.WriteInside(ctx, id, rows)
}

func (c *cutting) WriteProgress(ctx context.Context, id int, f *engine.Flush) error {
	if c.dies() {
		return errCut
	}
	c.ends, c.asOf = append(c.ends, c.left), append(c.asOf, f.AsOf)
	return c.Store.WriteProgress(ctx, id, f)
}

// work reads the log from where the store says until the log ends or the process dies. A flush begins when the one before it is over,
// and events are applied between its writes. In a new store the first flush is a larger one.
func work(ctx context.Context, t *testing.T, cfg pipeline.Config, p *pace, store pipeline.Store, log []event.Record, batch int) error {
	t.Helper()
	s := pipeline.New(cfg, 0, parts(store, p))
	next, err := s.Open(ctx)
	if err != nil {
		return err
	}
	for int(next) < len(log) && ctx.Err() == nil {
		n := batch
		if next == 0 {
			n = 8 * batch
		}
		part := log[next:min(int(next)+n, len(log))]
		next += int64(len(part))
		if err := s.Handle(ctx, part, next, int64(len(log))); err != nil {
			return err
		}
		p.applied(ctx)
		if err := s.Write(ctx); err != nil {
			return err
		}
	}
	return s.Close(ctx)
}

// oneAfterTheOther reads the log as a shard that is far behind it, which waits for each flush.
func oneAfterTheOther(ctx context.Context, cfg pipeline.Config, store pipeline.Store, log []event.Record, batch int) error {
	s := pipeline.New(cfg, 0, parts(store, noop.NewTracerProvider().Tracer("")))
	next, err := s.Open(ctx)
	if err != nil {
		return err
	}
	for int(next) < len(log) {
		part := log[next:min(int(next)+batch, len(log))]
		next += int64(len(part))
		if err := handle(ctx, s, part, next, farAhead); err != nil {
			return err
		}
	}
	return s.Close(ctx)
}

func parts(store pipeline.Store, tracer trace.Tracer) pipeline.Parts {
	return pipeline.Parts{
		Store: store, DeadLetters: forgetsLetters, Commit: func(context.Context, int64) error { return nil },
		Observer: unobserved{}, Tracer: tracer, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	}
}

// handle is what happens to a batch.
func handle(ctx context.Context, s *pipeline.Shard, records []event.Record, next, end int64) error {
	if err := s.Handle(ctx, records, next, end); err != nil {
		return err
	}
	return s.Write(ctx)
}

// content is what the tables say, whoever wrote it and in whatever steps.
func content(t *testing.T, store *clickhouse.Store) string {
	t.Helper()
	return fingerprint(t, store,
		"events FINAL",
		"(SELECT * EXCEPT as_of FROM visits FINAL)",
		"(SELECT * EXCEPT as_of FROM windows FINAL WHERE n != 0)",
		"(SELECT * EXCEPT written_at FROM restatements FINAL)",
		"(SELECT * EXCEPT as_of FROM inside_now FINAL)",
		"(SELECT offset, records FROM progress FINAL)",
	)
}

// fingerprint is the number and a hash of the rows of each table, none of which may be empty.
func fingerprint(t *testing.T, store *clickhouse.Store, tables ...string) string {
	t.Helper()
	var all string
	for _, table := range tables {
		var rows, sum uint64
		row := store.Conn().QueryRow(t.Context(), "SELECT count(), sum(cityHash64(tuple(*))) FROM "+table)
		if err := row.Scan(&rows, &sum); err != nil {
			t.Fatal(err)
		}
		if rows == 0 {
			t.Fatalf("%s is empty", table)
		}
		all += fmt.Sprintf("%s: %d rows, sum %x\n", table, rows, sum)
	}
	return all
}

// hoursRecord is a record of an opening or a closing at Torkham.
func hoursRecord(cfg pipeline.Config, typ event.Type, at, logged int64) event.Record {
	voc := cfg.Engine.Vocabulary
	torkham := []byte(voc.BCPName(1))
	e := event.Event{Type: typ, ID: fmt.Appendf(nil, "%s at %d", typ, at), Source: []byte("/office"), Subject: torkham, Time: at, Recorded: logged, BCP: 1}
	return event.NewRecord(voc, &e, logged)
}

// TestCrashAtEveryStepOfAFlush dies before, and in the middle of, every write of several flushes, starts again, and
// finds the tables of the undisturbed run.
func TestCrashAtEveryStepOfAFlush(t *testing.T) {
	records, cfg := weeks(t, 1)
	// A closing and an opening are reported hours late: the trucks that were there have left memory.
	const hour = 3_600_000
	first := records[20_000].Time
	log := slices.Concat(records[20_000:20_900],
		[]event.Record{hoursRecord(cfg, event.BCPClosed, first-10*hour, first), hoursRecord(cfg, event.BCPOpened, first-4*hour, first)},
		records[20_900:21_700],
		[]event.Record{hoursRecord(cfg, event.BCPOpened, first-7*hour, first)},
		records[21_700:22_400])
	before := records[17_500:20_000]
	log = append(slices.Clone(before), log...)
	for i := range log {
		log[i].Offset = int64(i)
	}
	cfg.FlushEvery = 0
	cfg.Engine.MemoryRetention = 2 * time.Hour
	cfg.RetryMax = time.Millisecond
	const batch, many = 75, 1 << 20
	waiting := open(t, cfg)
	if err := oneAfterTheOther(t.Context(), cfg, waiting, log, 600); err != nil {
		t.Fatal(err)
	}
	want := content(t, waiting)
	undisturbed, p := open(t, cfg), newPace()
	counted := &cutting{Store: undisturbed, left: many}
	if err := work(t.Context(), t, cfg, p, counted, log, batch); err != nil {
		t.Fatal(err)
	}
	if got := content(t, undisturbed); got != want {
		t.Errorf("with events applied between the writes:\n%sone after the other:\n%s", got, want)
	}
	if p.between < 30 || p.unpaced < 30 {
		t.Errorf("%d writes came after a batch, and for %d the shard waited: too few", p.between, p.unpaced)
	}
	var restated uint64
	const late = "SELECT uniqExact(start) FROM restatements WHERE bcp = ? AND n = 0 AND sum_ms = 0 AND net_ms != 0"
	if err := undisturbed.Conn().QueryRow(t.Context(), late, cfg.Engine.Vocabulary.BCPName(1)).Scan(&restated); err != nil || restated < 5 {
		t.Fatalf("%d windows were restated in nothing but their net times, %v", restated, err)
	}
	// The first flush, of which nothing was written before, and the one with the closing, with the first write after each.
	var steps []int
	closing := slices.IndexFunc(counted.asOf, func(asOf int64) bool { return asOf > int64(len(before)+900) })
	for _, flush := range []int{0, closing} {
		begin := 0
		if flush > 0 {
			begin = many - counted.ends[flush-1]
		}
		for step := begin + 1; step <= many-counted.ends[flush]+1; step++ {
			steps = append(steps, step)
		}
	}
	for _, step := range steps {
		for _, half := range []bool{false, true} {
			t.Run(fmt.Sprintf("write %d, half %v", step, half), func(t *testing.T) {
				store := open(t, cfg)
				ctx, off := context.WithCancel(t.Context())
				err := work(ctx, t, cfg, newPace(), &cutting{Store: store, left: step, half: half, off: off}, log, batch)
				if !errors.Is(err, errCut) {
					t.Fatalf("got error %v, want that the power is off", err)
				}
				// Another batch size: a flush after the crash need not end where the one before it did.
				if err := work(t.Context(), t, cfg, newPace(), store, log, 120); err != nil {
					t.Fatal(err)
				}
				if got := content(t, store); got != want {
					t.Errorf("after the crash:\n%swithout it:\n%s", got, want)
				}
			})
		}
	}
}
