package clickhouse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
)

func TestEachTableIsRecountedOrStays(t *testing.T) {
	s := open(t, fresh(t), vocabulary(t))
	const query = "SELECT name FROM system.tables WHERE database = ? AND engine LIKE '%MergeTree' ORDER BY name"
	tables, err := names(t.Context(), s.conn, query, s.cfg.Database)
	if err != nil {
		t.Fatal(err)
	}
	listed := slices.Sorted(slices.Values(slices.Concat(recountedTables, keptTables)))
	if !slices.Equal(tables, listed) {
		t.Errorf("the tables are  %q,\na recount lists %q", tables, listed)
	}
}

// mark leaves a row in each table that a recount makes anew.
func mark(t *testing.T, s *Store, shard int) {
	t.Helper()
	for _, table := range recountedTables {
		column, value := markColumn(table), fmt.Sprint(shard)
		switch table {
		case "openings":
			continue // comes from events
		case "rules":
			value = "'" + value + "'"
		case "events":
			column, value = "shard, type", value+", 'bcp.closed'"
		}
		if err := s.exec(t.Context(), fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", table, column, value)); err != nil {
			t.Fatal(err)
		}
	}
}

func markColumn(table string) string {
	switch table {
	case "rules":
		return "rule"
	case "dead_letters":
		return "part"
	}
	return "shard"
}

// marked is the mark that all tables have.
func marked(t *testing.T, s *Store) string {
	t.Helper()
	var all []string
	for _, table := range recountedTables {
		all = append(all, strings.TrimSpace(s.text(t, fmt.Sprintf("SELECT DISTINCT toString(%s) FROM %s", markColumn(table), table))))
	}
	if slices.ContainsFunc(all, func(m string) bool { return m != all[0] }) {
		t.Fatalf("the tables %q have the marks %q", recountedTables, all)
	}
	return all[0]
}

// whole checks that the tables can be used, that events fill openings, and that nothing else is left.
func whole(t *testing.T, s *Store) {
	t.Helper()
	if err := s.AbandonRecounts(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, err := recounts(t.Context(), s.conn, s.cfg); err != nil || len(left) > 0 {
		t.Errorf("the databases %q are left, %v", left, err)
	}
	if err := s.exec(t.Context(), "INSERT INTO events (shard, offset, type) VALUES (9, 9, 'bcp.opened')"); err != nil {
		t.Fatal(err)
	}
	if got := s.text(t, "SELECT count() FROM openings WHERE shard = 9"); got != "1\n" {
		t.Errorf("an opening was written to events, and the table openings has %q", got)
	}
	if got := s.text(t, "SELECT count() FROM latest_visits"); got != "1\n" {
		t.Errorf("the view latest_visits has %q visits", got)
	}
}

// changes is a statement that changes which tables there are.
var changes = regexp.MustCompile(`^(RENAME|DROP|CREATE) `)

// dying is a connection on which a process dies: once ClickHouse has made its nth change of tables.
type dying struct {
	left atomic.Int64
	made func() // called then
}

const many = 1 << 20

func (d *dying) handle(engine http.Handler, w http.ResponseWriter, r *http.Request) {
	statement, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(statement))
	if !changes.Match(statement) && d.left.Load() > 0 {
		engine.ServeHTTP(w, r)
		return
	}
	switch left := d.left.Add(-1); {
	case left > 0:
		engine.ServeHTTP(w, r)
		return
	case left == 0:
		engine.ServeHTTP(httptest.NewRecorder(), r)
		if d.made != nil {
			d.made()
		}
	}
	hangUp(w)
}

// recountOf marks the tables with 1, makes new ones marked 2, and swaps them. It calls swapping before the swap.
func recountOf(t *testing.T, cfg Config, swapping func()) error {
	t.Helper()
	s, err := Open(t.Context(), cfg, vocabulary(t))
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	mark(t, s, 1)
	r, err := s.BeginRecount(t.Context())
	if err != nil {
		return err
	}
	mark(t, r.Store, 2)
	swapping()
	return r.Swap(t.Context())
}

func configOf(s clickhousetest.Server) Config {
	cfg := DefaultConfig()
	cfg.Addresses, cfg.Database, cfg.Password = []string{s.Addr}, s.Database, s.Password
	return cfg
}

// A swap renames counting, drops two views, renames each table twice, makes the view again and drops the database.
var swapSteps = 1 + 2 + 2*len(recountedTables) + 1 + 1

// A recount is killed at every step of the swap: ClickHouse takes it, and the process dies before it gets the response. Before the first
// of them the next start finds the old tables; after it, the new ones and all of them.
func TestRecountKilledAtAnyStepLeavesOldOrNewTables(t *testing.T) {
	for step := range swapSteps + 1 {
		if step > 8 && step < swapSteps-3 {
			continue // each table is moved alike
		}
		server := clickhousetest.Start(t)
		d := &dying{}
		d.left.Store(many)
		err := recountOf(t, configOf(server.Front(t, d.handle)), func() { d.left.Store(int64(step)) })
		if err == nil {
			t.Fatalf("step %d: the recount was not killed", step)
		}
		reader, err := Connect(configOf(server))
		if err != nil {
			t.Fatal(err)
		}
		half, err := HalfSwapped(t.Context(), reader, configOf(server))
		if want := step > 0 && step < swapSteps; half != want || errors.Join(err, reader.Close()) != nil {
			t.Errorf("step %d: half swapped %t, %v, want %t", step, half, err, want)
		}
		s := open(t, configOf(server), vocabulary(t))
		if got, want := marked(t, s), min(step, 1)+1; got != fmt.Sprint(want) {
			t.Errorf("step %d: the tables have mark %s, want %d", step, got, want)
		}
		whole(t, s)
		if half, err := HalfSwapped(t.Context(), s.conn, configOf(server)); half || err != nil {
			t.Errorf("step %d: half swapped once it is complete: %t, %v", step, half, err)
		}
	}
}

func TestRecountKilledBeforeItSwapsLeavesOldTables(t *testing.T) {
	server := clickhousetest.Start(t)
	s := open(t, configOf(server), vocabulary(t))
	mark(t, s, 1)
	for step := range 5 { // its database, the table counting, its schema
		d := &dying{}
		d.left.Store(int64(step) + 1)
		killed, err := Open(t.Context(), configOf(server.Front(t, d.handle)), vocabulary(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := killed.BeginRecount(t.Context()); err == nil {
			t.Fatalf("step %d: the recount was not killed", step)
		}
		if err := errors.Join(killed.Close(), s.AbandonRecounts(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	if got := marked(t, s); got != "1" {
		t.Errorf("the tables have mark %s", got)
	}
	whole(t, s)
}

// Here it is ClickHouse that is killed, once the process has decided and while the tables are moved.
func TestClickHouseKilledDuringTheSwapKeepsTheNewTables(t *testing.T) {
	for _, step := range []int{1, swapSteps / 2} {
		dir := filepath.Join(t.TempDir(), "data")
		engine := clickhousetest.Open(t, dir)
		d := &dying{made: sync.OnceFunc(func() { engine.Kill(t) })}
		d.left.Store(many)
		cfg := configOf(engine.Front(t, d.handle))
		cfg.Database = "dwell"
		if err := recountOf(t, cfg, func() { d.left.Store(int64(step)) }); err == nil {
			t.Fatal("the recount was not interrupted")
		}
		engine = clickhousetest.Open(t, dir)
		cfg = configOf(engine.Server)
		cfg.Database = "dwell"
		s := open(t, cfg, vocabulary(t))
		if got := marked(t, s); got != "2" {
			t.Errorf("step %d: the tables have mark %s", step, got)
		}
		whole(t, s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		engine.Stop(t)
	}
}

func TestProcessThatCountsAbandonsARecount(t *testing.T) {
	s := open(t, fresh(t), vocabulary(t))
	mark(t, s, 1)
	r, err := s.BeginRecount(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	mark(t, r.Store, 2)
	if err := r.Going(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.AbandonRecounts(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.Going(t.Context()); !errors.Is(err, ErrAbandoned) {
		t.Errorf("an abandoned recount goes on: %v", err)
	}
	if err := r.Swap(t.Context()); !errors.Is(err, ErrAbandoned) {
		t.Errorf("an abandoned recount is swapped: %v", err)
	}
	if got := marked(t, s); got != "1" {
		t.Errorf("the tables have mark %s", got)
	}
	whole(t, s)
}

// Eight processes open the tables while a recount swaps them: each of them may move a table.
func TestConcurrentProcessesCompleteASwapOnce(t *testing.T) {
	cfg := fresh(t)
	s := open(t, cfg, vocabulary(t))
	mark(t, s, 1)
	r, err := s.BeginRecount(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	mark(t, r.Store, 2)
	decide := fmt.Sprintf("RENAME TABLE %[1]s.counting TO %[1]s.decided", r.cfg.Database)
	if err := errors.Join(r.Close(), s.exec(t.Context(), decide)); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := completeRecounts(context.WithoutCancel(t.Context()), s.conn, cfg); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := marked(t, s); got != "2" {
		t.Errorf("the tables have mark %s", got)
	}
	whole(t, s)
}
