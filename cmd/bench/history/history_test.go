package history

import (
	"bytes"
	"testing"
	"time"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
	"dwell/metrics/clickhouse"
)

func TestMain(m *testing.M) { clickhousetest.Main(m) }

// A hundred thousand trucks at three crossings in a year: they are in the days and in the hours, and all questions have
// answers.
func TestEveryQueryOverAYearOfWindows(t *testing.T) {
	server := clickhousetest.Start(t)
	cfg := clickhouse.DefaultConfig()
	cfg.Addresses, cfg.Database = []string{server.Addr}, "history"
	cfg.Password = server.Password
	c := Config{Visits: 100_000, Years: 1, BCPs: 3, Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	voc, err := c.Vocabulary()
	if err != nil {
		t.Fatal(err)
	}
	store, err := clickhouse.Open(t.Context(), cfg, voc)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	if err := Make(t.Context(), store.Conn(), cfg.Database, c); err != nil {
		t.Fatal(err)
	}
	for _, grain := range []string{"day", "hour"} {
		var n int64
		err := store.Conn().QueryRow(t.Context(), "SELECT sum(n) FROM history.windows FINAL WHERE measure = 'arrivals' AND grain = '"+grain+"'").Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		if n < 80_000 || n > 120_000 {
			t.Errorf("%d arrivals by %s, want about %d", n, grain, c.Visits)
		}
	}
	var n uint64
	if err := store.Conn().QueryRow(t.Context(), "SELECT count() FROM history.visits WHERE departed > released AND released > arrived").Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n < 8_000 || n > 9_000 {
		t.Errorf("%d visits, want those of a month, about 8,500", n)
	}
	var out bytes.Buffer
	if err := Ask(t.Context(), store.Conn(), cfg.Database, c, 1, &out); err != nil {
		t.Fatal(err)
	}
	if got, want := bytes.Count(out.Bytes(), []byte("p95")), 2+3*3*3; got != want {
		t.Errorf("%d answers, want %d:\n%s", got, want, out.String())
	}
}
