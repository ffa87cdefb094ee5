package main

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dwell/cmd/dwell/app"
	"dwell/metrics/clickhouse"
)

// TestImportIsRefusedWithoutWhatWasImported sets aside the entries of Monday's import. The same file would be new, and a correction would have
// the identity of what the log has, so that it would change nothing.
func TestImportIsRefusedWithoutWhatWasImported(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector sees as much in the tests of metrics/clickhouse")
	}
	cfg := app.DefaultConfig()
	cfg.Embed(filepath.Join(t.TempDir(), "data"))
	d := &desk{t, nil, t.TempDir(), beside(t, cfg)}
	mapping := d.file("map.yaml", mondayMap)
	d.says(": import 1, 2 lines: 2 readings, 0 refused\n", "import", "readings", d.file("monday.csv", monday), "--map", mapping)

	s, err := app.Start(t.Context(), cfg, app.Server, io.Discard, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := clickhouse.Connect(s.Config.ClickHouse.Config)
	var folder string
	if err == nil {
		err = conn.QueryRow(t.Context(), "SELECT path FROM system.parts WHERE active AND database = 'dwell' AND table = 'import_entries'").Scan(&folder)
	}
	if err := errors.Join(err, s.Stop()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "data.bin")
	info, err := os.Stat(file)
	if err == nil {
		err = os.Truncate(file, info.Size()/2)
	}
	if err != nil {
		t.Fatal(err)
	}
	const says = "of table import_entries is damaged: restore the database from a backup; where there is no backup, begin with another kafka.topic and another clickhouse.database"
	for _, args := range [][]string{
		{"import", "readings", filepath.Join(d.dir, "monday.csv"), "--map", mapping},
		{"imports", "undo", "1"},
	} {
		if got := d.dwell(1, args...); !strings.Contains(got, says) || strings.Contains(got, "2 readings") {
			t.Errorf("dwell %s prints\n%s", strings.Join(args, " "), got)
		}
	}
}
