package clickhouse

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
	"dwell/ingest/annotation"
	"dwell/ingest/imports"
	"dwell/metrics/engine"
)

// TestEachTableHasAWayOutOfDamage: a table that is added to the schema is looked at, too.
func TestEachTableHasAWayOutOfDamage(t *testing.T) {
	if known := slices.Sorted(slices.Values(slices.Concat(recountedTables, keptTables))); !slices.Equal(Tables(), known) {
		t.Errorf("looked at are %q,\nthe tables are %q", Tables(), known)
	}
	for _, table := range Tables() {
		if (Damage{Table: table}).WayOut() == "" {
			t.Errorf("table %s has no way out", table)
		}
	}
}

// disk is the tables in an engine of the test's own, which it stops to damage files.
type disk struct {
	dir    string
	engine *clickhousetest.Engine
	*Store
}

func newDisk(t *testing.T) *disk {
	t.Helper()
	d := &disk{dir: filepath.Join(t.TempDir(), "data")}
	d.start(t)
	return d
}

func (d *disk) start(t *testing.T) {
	t.Helper()
	d.engine = clickhousetest.Open(t, d.dir)
	cfg := DefaultConfig()
	cfg.Addresses, cfg.Password = []string{d.engine.Addr}, d.engine.Password
	d.Store = open(t, cfg, vocabulary(t))
}

// files are those with the rows of the table's parts in use.
func (d *disk) files(t *testing.T, table string) (all []string) {
	t.Helper()
	folders := d.text(t, "SELECT path FROM system.parts WHERE active AND database = 'dwell' AND table = '"+table+"' ORDER BY name")
	for folder := range strings.FieldsSeq(folders) {
		all = append(all, filepath.Join(folder, "data.bin"))
	}
	return all
}

// cut takes the last bytes of a file away.
func cut(t *testing.T, file string) {
	t.Helper()
	info, err := os.Stat(file)
	if err == nil {
		err = os.Truncate(file, info.Size()-50)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// flip changes a bit in the middle of a file.
func flip(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		text[len(text)/2] ^= 1
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestDamagedPartsAreReportedUntilTheyAreGone damages two tables while ClickHouse is stopped: a file that is cut, whose part it
// sets aside at its start and says nothing, and one with another bit, which it would notice when the rows are read.
func TestDamagedPartsAreReportedUntilTheyAreGone(t *testing.T) {
	d := newDisk(t)
	const letters = "INSERT INTO dead_letters (origin, name, part, number, reason) SELECT 'topic', 'dwell.events', 0, number, 'no_bcp' FROM numbers(1000)"
	if err := d.exec(t.Context(), letters); err != nil {
		t.Fatal(err)
	}
	if err := d.WriteProgress(t.Context(), 3, &engine.Flush{AsOf: 7}); err != nil {
		t.Fatal(err)
	}
	lettersFile, progressFile := d.files(t, "dead_letters")[0], d.files(t, "progress")[0]
	if found := inspected(t, d.Store, nil); len(found) > 0 {
		t.Errorf("before: %v", found)
	}
	d.engine.Stop(t)
	cut(t, lettersFile)
	flip(t, progressFile)
	d.start(t)

	var log bytes.Buffer
	found := inspected(t, d.Store, &log)
	if len(found) != 2 || found[0].Table != "dead_letters" || found[0].Reason != "broken-on-start" ||
		found[1].Table != "progress" || !strings.Contains(found[1].Reason, "Checksum mismatch") {
		t.Fatalf("found %+v", found)
	}
	for _, words := range []string{"table=dead_letters part=broken-on-start_", "table=progress part=all_1_1_", "dwell recount", "restore the database from a backup"} {
		if strings.Count(log.String(), words) != 1 {
			t.Errorf("%q is not once in the log:\n%s", words, log.String())
		}
	}

	for _, sql := range []string{
		"ALTER TABLE dead_letters DROP DETACHED PART '" + found[0].Part + "' SETTINGS allow_drop_detached = 1",
		"TRUNCATE TABLE progress",
	} {
		if err := d.exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if found := inspected(t, d.Store, nil); len(found) > 0 {
		t.Errorf("afterwards: %v", found)
	}
}

// TestErrorOfReadingADamagedTableNamesTheWayOut reads the tables that are read at a start, some before /readyz can be answered.
func TestErrorOfReadingADamagedTableNamesTheWayOut(t *testing.T) {
	d := newDisk(t)
	ctx := t.Context()
	owner, _, err := d.AcquireEpoch(ctx, 3)
	for _, write := range []func() error{
		func() error { return d.WriteProgress(ctx, 3, &engine.Flush{AsOf: 7}) },
		func() error { return d.WriteRules(ctx, map[string]string{"kafka.topic": "dwell.events"}) },
		func() error { _, err := d.TopicPartitions(ctx, "dwell.events", 4); return err },
		func() error { _, err := d.WriteRetention(ctx, 3, engine.Retention{Visits: time.Hour}); return err },
		func() error { return d.NoteShortLog(ctx, 3, ShortLog{Counted: 900, End: 500}) },
		func() error {
			return d.WriteImport(ctx, &imports.Import{Number: 1, Kind: imports.OfEvents, Begun: time.Now()})
		},
		func() error { return d.WriteEntries(ctx, []imports.Entry{{Number: 1, Event: []byte("{}")}}) },
		func() error {
			return d.WriteAnnotations(ctx, []annotation.Version{{Annotation: annotation.Annotation{ID: "closed", Text: "protest"}}})
		},
	} {
		if err == nil {
			err = write()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	reads := map[string]func() error{
		"rules":          func() error { _, err := d.Rules(ctx); return err },
		"topics":         func() error { _, err := d.TopicPartitions(ctx, "dwell.events", 4); return err },
		"owners":         func() error { return d.AnnounceFlush(ctx, 3, owner, 0) },
		"progress":       func() error { _, err := d.Progress(ctx, 3); return err },
		"retentions":     func() error { _, err := d.Retentions(ctx, 3); return err },
		"short_logs":     func() error { _, _, err := d.ShortLog(ctx, 3); return err },
		"imports":        func() error { _, err := d.Imports(ctx); return err },
		"import_entries": func() error { _, err := d.EntriesOf(ctx, 1, nil); return err },
		"annotations":    func() error { _, err := d.Annotations(ctx); return err },
		"schema_versions": func() error {
			s, err := Open(ctx, d.cfg, vocabulary(t))
			if err == nil {
				err = s.Close()
			}
			return err
		},
	}
	damages := map[string]func([]byte) []byte{
		"zeroes":  func(text []byte) []byte { return make([]byte, len(text)) },
		"the end": func(text []byte) []byte { return text[:len(text)/3] },
		"bits": func(text []byte) []byte {
			text = bytes.Clone(text)
			for i := 0; i < len(text); i += 32 { // of each column
				text[i] ^= 1
			}
			return text
		},
	}
	for table, read := range reads {
		if err := read(); err != nil {
			t.Fatalf("%s is whole: %v", table, err)
		}
		for how, damage := range damages {
			whole := map[string][]byte{}
			for _, file := range d.files(t, table) {
				whole[file], err = os.ReadFile(file)
				if err == nil {
					err = os.WriteFile(file, damage(whole[file]), 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if err, want := read(), "table "+table+" is damaged: "+wayOut[table]; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the error is %v, want one with %q", how, err, want)
			}
			for file, text := range whole {
				if err := os.WriteFile(file, text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// inspected runs an Inspector until it has looked at all parts, and returns what it reported last.
func inspected(t *testing.T, s *Store, log io.Writer) (found []Damage) {
	t.Helper()
	if log == nil {
		log = io.Discard
	}
	in := &inspection{known: map[Damage]bool{}, active: map[Damage]bool{}}
	in.Inspector = Inspector{Store: s, Log: slog.New(slog.NewTextHandler(log, nil)), Found: func(d []Damage) { found = d }}
	in.look(t.Context())
	in.checkAll(t.Context())
	in.look(t.Context())
	return found
}

// TestUserWithoutTheRightsCountsAllTheSame has a user who may not run CHECK TABLE: a part that was set aside is found, and
// what cannot be found is said once.
func TestUserWithoutTheRightsCountsAllTheSame(t *testing.T) {
	server := clickhousetest.Start(t)
	front := server.Front(t, func(engine http.Handler, w http.ResponseWriter, r *http.Request) {
		sql, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		switch {
		case bytes.HasPrefix(sql, []byte("CHECK GRANT CHECK")):
			sql = []byte("SELECT toUInt8(0) AS result")
		case bytes.HasPrefix(sql, []byte("CHECK TABLE")):
			w.Header().Set("X-ClickHouse-Exception-Code", "497")
			http.Error(w, "Code: 497. DB::Exception: reader: Not enough privileges. (ACCESS_DENIED)", http.StatusForbidden)
			return
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(sql)), int64(len(sql))
		r.Header.Del("Content-Length")
		engine.ServeHTTP(w, r)
	})
	cfg := DefaultConfig()
	cfg.Addresses, cfg.Database, cfg.Password = []string{front.Addr}, server.Database, server.Password
	s := open(t, cfg, vocabulary(t))
	if err := s.WriteProgress(t.Context(), 3, &engine.Flush{AsOf: 7}); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	looked := 0
	in := &inspection{known: map[Damage]bool{}, active: map[Damage]bool{}}
	in.Inspector = Inspector{Store: s, Log: slog.New(slog.NewTextHandler(&log, nil)), Found: func([]Damage) { looked++ }}
	for range 2 {
		in.checkAll(t.Context())
		in.look(t.Context())
	}
	if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), "dwell check says which right is missing") || looked != 2 {
		t.Errorf("looked %d times, log:\n%s", looked, log.String())
	}
	missing, err := MissingRights(t.Context(), cfg)
	if want := []string{"CHECK ON " + cfg.Database + ".*"}; err != nil || !slices.Equal(missing, want) {
		t.Errorf("missing are %q, %v, want %q", missing, err, want)
	}
}

// TestInspectorLooksAtOnce and ends when it is told to.
func TestInspectorLooksAtOnce(t *testing.T) {
	s := open(t, fresh(t), vocabulary(t))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	looked := 0
	err := Inspector{Store: s, Log: slog.New(slog.DiscardHandler), Found: func(found []Damage) {
		looked++
		stop()
	}}.Run(ctx)
	if err != nil || looked != 1 {
		t.Error(fmt.Sprint(looked, err))
	}
}

// TestPartThatIsGoneIsReportedUntilTheTableIsMadeAgain removes the folder of a table's part while ClickHouse is stopped.
func TestPartThatIsGoneIsReportedUntilTheTableIsMadeAgain(t *testing.T) {
	d := newDisk(t)
	if err := d.WriteProgress(t.Context(), 3, &engine.Flush{AsOf: 7}); err != nil {
		t.Fatal(err)
	}
	file := d.files(t, "progress")[0]
	d.engine.Stop(t)
	if err := os.RemoveAll(filepath.Dir(file)); err != nil {
		t.Fatal(err)
	}
	d.start(t)
	var log bytes.Buffer
	found := inspected(t, d.Store, &log)
	want := Damage{Table: "progress", Part: "broken-gone_" + filepath.Base(filepath.Dir(file)), Reason: "broken-gone"}
	if len(found) != 1 || found[0] != want || strings.Count(log.String(), restore) != 1 {
		t.Errorf("found %+v, want %+v; log:\n%s", found, want, log.String())
	}
	r, err := d.BeginRecount(t.Context())
	if err == nil {
		err = r.Swap(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	d.engine.Kill(t)
	d.start(t)
	if found := inspected(t, d.Store, nil); len(found) > 0 {
		t.Errorf("afterwards: %v", found)
	}
}
