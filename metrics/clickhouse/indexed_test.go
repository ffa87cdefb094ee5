package clickhouse

import (
	"fmt"
	"testing"
)

// A database of the version before has visits of months that are not merged again. Its next start indexes them, too.
func TestVisitsOfBeforeAreIndexedByWhetherTheyAreOver(t *testing.T) {
	voc, cfg := vocabulary(t), fresh(t)
	cfg.Settings = map[string]string{"mutations_sync": "1"}
	s := open(t, cfg, voc)
	const indexes = "SELECT concat(name, ' ', data_compressed_bytes > 0) FROM system.data_skipping_indices WHERE database = currentDatabase() AND table = 'visits' ORDER BY name"
	for _, sql := range []string{
		"ALTER TABLE visits DROP INDEX over",
		"INSERT INTO visits (shard, visit, month, bcp, over, first_fact, last_fact) VALUES (0, 'T1', 202601, 'A', 1, '2026-01-05 08:00:00', '2026-01-05 08:00:00')",
		"TRUNCATE TABLE schema_versions",
	} {
		if err := s.conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	all, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if m.name == "inside" {
			break
		}
		if err := s.conn.Exec(t.Context(), fmt.Sprintf(note, cfg.Database, m.version, m.name)); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.text(t, indexes); got != "as_of 1\nfirst_fact 1\nlast_change 1\n" {
		t.Fatalf("before, the indexes are %q", got)
	}
	s = open(t, cfg, voc)
	if got := s.text(t, indexes); got != "as_of 1\nfirst_fact 1\nlast_change 1\nover 1\n" {
		t.Errorf("the indexes are %q", got)
	}
}
