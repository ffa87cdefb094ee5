package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/metrics/clickhouse"
	"dwell/metrics/pipeline"
)

const aDay = 24 * time.Hour

// passages is a log in which three trucks pass on the first of January, and some of them again: T1 a day before the retention of
// fifteen days is over, T2 two days after that, and of T3 only a departure is sent then. Trucks on other days move the watermark,
// and messages that are sixteen days old are too old.
func passages(cfg pipeline.Config) (log []event.Record) {
	voc := cfg.Engine.Vocabulary
	first := time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC)
	add := func(truck string, days float64, loggedAfter time.Duration, types ...event.Type) {
		for i, typ := range types {
			at := first.Add(time.Duration(days*float64(aDay)) + time.Duration(i)*time.Hour)
			e := event.Event{
				Type: typ, ID: fmt.Appendf(nil, "%s of %s at %v", typ, truck, at), Source: []byte("/post"), Subject: []byte(truck),
				Time: at.UnixMilli(), Recorded: at.UnixMilli(), BCP: 1, Direction: event.Inbound,
			}
			r := event.NewRecord(voc, &e, at.Add(loggedAfter).UnixMilli())
			r.Offset = int64(len(log))
			log = append(log, r)
		}
	}
	passes := []event.Type{event.TruckArrived, event.TruckReleased, event.TruckDeparted}
	for _, truck := range []string{"T1", "T2", "T3"} {
		add(truck, 0, 0, passes...)
	}
	for day := 1; day < 15; day++ {
		add(fmt.Sprintf("on day %d", day), float64(day), 0, passes...)
	}
	add("T1", 14, 0, passes...)
	add("on day 17", 17, 0, passes...)
	// The process restarts here, at offset 57.
	add("T2", 17.2, 0, passes...)
	add("T3", 17.3, 0, event.TruckDeparted)
	add("late", 2.5, 15*aDay, event.TruckArrived)
	add("too late", 1.2, 16*aDay, event.TruckArrived)
	return log
}

const restart = 57

// countUntilRestart counts the first day in flushes of its own: as of less than what is still kept.
func countUntilRestart(t *testing.T, cfg pipeline.Config, store *clickhouse.Store, log []event.Record) {
	t.Helper()
	for _, until := range []int{9, restart} {
		if err := oneAfterTheOther(t.Context(), cfg, store, log[:until], restart); err != nil {
			t.Fatal(err)
		}
	}
}

func keptFor(t *testing.T, visits time.Duration) pipeline.Config {
	t.Helper()
	book, err := place.Load("afghanistan")
	if err != nil {
		t.Fatal(err)
	}
	cfg := pipeline.DefaultConfig()
	if cfg.Engine.Vocabulary, err = book.Vocabulary(); err != nil {
		t.Fatal(err)
	}
	cfg.Engine.Places = book.Places
	cfg.FlushBytes = 1 // flush after every batch
	cfg.Visits, cfg.Events = visits, visits
	cfg.Engine.MemoryRetention = 2 * time.Hour
	return cfg
}

// shown is what the tables and views say of visits and windows.
func shown(t *testing.T, store *clickhouse.Store) string {
	t.Helper()
	var all string
	for _, table := range []string{"latest_visits", "(SELECT * EXCEPT as_of FROM windows FINAL WHERE n != 0)", "(SELECT * EXCEPT as_of FROM inside_now FINAL)", "dead_letters FINAL"} {
		var rows, sum uint64
		if err := store.Conn().QueryRow(t.Context(), "SELECT count(), sum(cityHash64(tuple(*))) FROM "+table).Scan(&rows, &sum); err != nil {
			t.Fatal(err)
		}
		all += fmt.Sprintf("%s: %d rows, sum %x\n", table, rows, sum)
	}
	return all
}

func one[T any](t *testing.T, store *clickhouse.Store, query string) (got T) {
	t.Helper()
	if err := store.Conn().QueryRow(t.Context(), query).Scan(&got); err != nil {
		t.Fatal(err)
	}
	return got
}

// A truck that comes back after the retention begins a new visit with the same numbers, whether the process was restarted or not, and
// whether its first visit was deleted before or not.
func TestTruckComesBackBeforeAndAfterItsVisitIsDeleted(t *testing.T) {
	cfg := keptFor(t, 15*aDay)
	log := passages(cfg)
	ways := map[string]string{}
	for _, way := range []string{"at once", "restarted", "deleted"} {
		store := open(t, cfg)
		if way != "at once" {
			countUntilRestart(t, cfg, store, log)
		}
		if way == "deleted" {
			deleteNow(t, store)
			if n := one[uint64](t, store, "SELECT count() FROM visits WHERE visit IN ('T2', 'T3')"); n != 0 {
				t.Fatalf("%d rows of absent visits are left", n)
			}
			if n := one[uint64](t, store, "SELECT uniq(visit) FROM visits"); n != 16 {
				t.Fatalf("%d visits are left, want all but those of T2 and T3", n)
			}
		}
		if err := oneAfterTheOther(t.Context(), cfg, store, log, 20); err != nil {
			t.Fatal(err)
		}
		ways[way] = shown(t, store)
		for _, c := range []struct {
			truck string
			want  string
		}{
			{"T1", "inside from 2026-01-01"}, // two passages of one number within the retention are one visit
			{"T2", "departed from 2026-01-18"},
			{"T3", "incomplete from 2026-01-18"},
			{"late", "lapsed from 2026-01-03"},
		} {
			query := "SELECT concat(if(status = 'departed' AND toDate(arrived) = '2026-01-01', 'inside', status), ' from ', toString(toDate(ifNull(arrived, last_fact)))) FROM latest_visits WHERE visit = '" + c.truck + "'"
			if got := one[string](t, store, query); got != c.want {
				t.Errorf("%s: %s is %s, want %s", way, c.truck, got, c.want)
			}
		}
		if got := one[int64](t, store, "SELECT sum(arrivals) FROM movements WHERE grain = 'day'"); got != 3+14+1+1+1 {
			t.Errorf("%s: %d arrivals are counted", way, got)
		}
		if got := one[string](t, store, "SELECT concat(reason, ' ', detail) FROM dead_letters FINAL"); got != `too_old too_old: time "2026-01-02T12:48:00Z"` {
			t.Errorf("%s: the dead letter is %s", way, got)
		}
	}
	for way, got := range ways {
		if got != ways["at once"] {
			t.Errorf("%s:\n%sat once:\n%s", way, got, ways["at once"])
		}
	}
}

// deleteNow deletes what is not kept, and waits for that.
func deleteNow(t *testing.T, store *clickhouse.Store) {
	t.Helper()
	kept, err := store.Kept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Delete(t.Context(), kept, 0); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"visits", "events"} { // a mutation that waits ends after those before it
		if err := store.Conn().Exec(t.Context(), "ALTER TABLE "+table+" DELETE WHERE 0 SETTINGS mutations_sync = 1"); err != nil {
			t.Fatal(err)
		}
	}
}

// A retention holds from where the shard is when it is first configured: what was counted before stays counted, however old, and a
// process with the same configuration takes what is stored.
func TestRetentionHoldsFromWhereItIsFirstConfigured(t *testing.T) {
	without := keptFor(t, 0)
	store := open(t, without)
	log := passages(without)
	if err := oneAfterTheOther(t.Context(), without, store, log[:restart], 20); err != nil {
		t.Fatal(err)
	}
	entries := func() string {
		return one[string](t, store, `SELECT arrayStringConcat(groupArray(concat(toString(offset), ': ', toString(intDiv(visits_ms, 86400000)), ' days, before ',
			ifNull(toString(toDate(visits_since)), 'never'))), '; ') FROM (SELECT * FROM retentions FINAL ORDER BY offset)`)
	}
	if got := entries(); got != "" {
		t.Fatalf("without a retention there are %s", got)
	}
	for range 2 {
		if err := oneAfterTheOther(t.Context(), keptFor(t, 15*aDay), store, log[:restart], 20); err != nil {
			t.Fatal(err)
		}
		if got := entries(); got != "57: 15 days, before never" {
			t.Fatalf("the retentions are %s", got)
		}
	}
	if err := oneAfterTheOther(t.Context(), keptFor(t, 15*aDay), store, log[:restart+3], 20); err != nil {
		t.Fatal(err)
	}
	if err := oneAfterTheOther(t.Context(), keptFor(t, 20*aDay), store, log, 20); err != nil {
		t.Fatal(err)
	}
	if got := entries(); got != "57: 15 days, before never; 60: 20 days, before 2026-01-03" {
		t.Fatalf("the retentions are %s", got)
	}
	// T3 was absent under the shorter retention, and is not back under the longer one.
	if got := one[string](t, store, "SELECT status FROM latest_visits WHERE visit = 'T3'"); got != "incomplete" {
		t.Errorf("T3 is %s", got)
	}
}

// The process dies at each write of the flush in which trucks come back, and again the rows of absent visits are deleted.
func TestCrashWhileATruckComesBack(t *testing.T) {
	cfg := keptFor(t, 15*aDay)
	cfg.RetryMax = time.Millisecond
	log := passages(cfg)
	undisturbed := open(t, cfg)
	if err := oneAfterTheOther(t.Context(), cfg, undisturbed, log, len(log)); err != nil {
		t.Fatal(err)
	}
	want := shown(t, undisturbed)
	for step := 2; step <= 5; step++ {
		t.Run(fmt.Sprintf("half of write %d", step), func(t *testing.T) {
			store := open(t, cfg)
			countUntilRestart(t, cfg, store, log)
			ctx, off := context.WithCancel(t.Context())
			defer off()
			if err := work(ctx, t, cfg, newPace(), &cutting{Store: store, left: step, half: true, off: off}, log, len(log)); !errors.Is(err, errCut) {
				t.Fatalf("got error %v, want that the power is off", err)
			}
			deleteNow(t, store)
			if err := oneAfterTheOther(t.Context(), cfg, store, log, 5); err != nil {
				t.Fatal(err)
			}
			if got := shown(t, store); got != want {
				t.Errorf("after the crash:\n%swithout it:\n%s", got, want)
			}
		})
	}
}
