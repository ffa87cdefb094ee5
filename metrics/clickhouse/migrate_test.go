package clickhouse

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestConcurrentMigrations(t *testing.T) {
	cfg, voc := fresh(t), vocabulary(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			s, err := Open(t.Context(), cfg, voc)
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Ping(t.Context()); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	s := open(t, cfg, voc)
	known, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for _, m := range known {
		want.WriteString(m.name + "\n")
	}
	if got := s.text(t, "SELECT name FROM schema_versions FINAL WHERE version > 0 ORDER BY version"); got != want.String() {
		t.Errorf("applied are %q, want %q", got, want.String())
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	cfg := fresh(t)
	s := open(t, cfg, vocabulary(t))
	if err := s.conn.Exec(t.Context(), "INSERT INTO schema_versions (version, name) VALUES (900, 'future')"); err != nil {
		t.Fatal(err)
	}
	all, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), cfg, vocabulary(t))
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("schema version 900, this program knows up to %d", len(all))) {
		t.Errorf("opening a newer schema gives %v", err)
	}
}

// On a cluster every table is replicated and every statement goes to all servers. There is no cluster to test with, so the text is
// looked at.
func TestMigrationsOfACluster(t *testing.T) {
	known, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	cfg := DefaultConfig()
	cfg.Cluster = "border"
	for _, m := range append(known, migration{name: "views", text: views}, migration{name: "comments", text: comments}) {
		statements, err := m.render(cfg)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range statements {
			head, _, _ := strings.Cut(s, "\n")
			if !strings.Contains(head, "ON CLUSTER border") {
				t.Errorf("not on the cluster: %s", head)
			}
			if strings.HasPrefix(s, "CREATE TABLE") && !strings.Contains(s, "ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{database}/{table}', '{replica}'") {
				t.Errorf("not replicated: %s", s)
			}
			if m.name == "comments" {
				if !strings.HasPrefix(s, "ALTER TABLE") || strings.Count(s, "\n") != strings.Count(s, "COMMENT") {
					t.Errorf("no comment, so it may not run twice: %s", s)
				}
				continue
			}
			again := strings.Contains(head, "OR REPLACE") || strings.Contains(head, "MATERIALIZE INDEX IF EXISTS")
			if adds := strings.Count(s, "ADD COLUMN"); !again && strings.Count(s, "IF NOT EXISTS") < max(1, adds) {
				t.Errorf("may not run twice: %s", head)
			}
		}
	}
}

// A database of the program before schema 1 is refused before anything in it is changed.
func TestDatabaseBeforeSchema1IsRefused(t *testing.T) {
	voc, cfg := vocabulary(t), fresh(t)
	s := open(t, cfg, voc)
	for _, sql := range []string{
		"TRUNCATE TABLE schema_versions",
		"INSERT INTO schema_versions (version, name) VALUES (1, 'tables'), (2, 'views'), (9, 'totals')",
		"DROP VIEW movements",
	} {
		if err := s.conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Open(t.Context(), cfg, voc)
	if want := "was made before schema 1: use another database (with embedded parts, another data folder) and count all events again"; err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("got error %v, want that it %s", err, want)
	}
	if got := s.text(t, "SELECT name FROM system.tables WHERE database = currentDatabase() AND name = 'movements'"); got != "" {
		t.Error("the database was changed though it was refused")
	}
}

// A program whose views are others than those of the program before makes them again; an ordinary start changes nothing, so
// that it needs no room on the disk.
func TestChangedViewsAreRecreated(t *testing.T) {
	voc, cfg := vocabulary(t), fresh(t)
	s := open(t, cfg, voc)
	views := func() string {
		t.Helper()
		return s.text(t, "SELECT name FROM system.tables WHERE database = currentDatabase() AND name IN ('movements', 'inside', 'crossing_times') ORDER BY name")
	}
	if err := s.conn.Exec(t.Context(), "DROP VIEW movements"); err != nil {
		t.Fatal(err)
	}
	open(t, cfg, voc)
	if got, want := views(), "crossing_times\ninside\n"; got != want {
		t.Errorf("after an ordinary start there are %q, want %q", got, want)
	}
	if err := s.conn.Exec(t.Context(), "INSERT INTO schema_versions (version, name) VALUES (0, 'views of another program')"); err != nil {
		t.Fatal(err)
	}
	open(t, cfg, voc)
	if got, want := views(), "crossing_times\ninside\nmovements\n"; got != want {
		t.Errorf("after a start with other views there are %q, want %q", got, want)
	}
	if got := s.text(t, "SELECT count() FROM system.columns WHERE database = currentDatabase() AND comment = ''"); got != "0\n" {
		t.Errorf("after a start with other views %s columns are without a comment", got)
	}
}
