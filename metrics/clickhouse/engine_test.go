package clickhouse

import (
	"testing"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
	"dwell/ingest/event"
)

func TestMain(m *testing.M) { clickhousetest.Main(m) }

// fresh is a database of the test's own that nothing has been written to.
func fresh(t testing.TB) Config {
	t.Helper()
	server := clickhousetest.Start(t)
	cfg := DefaultConfig()
	cfg.Addresses, cfg.Database = []string{server.Addr}, server.Database
	cfg.Password = server.Password
	return cfg
}

func open(t testing.TB, cfg Config, voc *event.Vocabulary) *Store {
	t.Helper()
	s, err := Open(t.Context(), cfg, voc)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// vocabulary has names that are hard to quote.
func vocabulary(t testing.TB) *event.Vocabulary {
	t.Helper()
	voc, err := event.NewVocabulary(
		[]string{"AF-NAN-TORKHAM", `ONeill " ? $1 {x}, (y) = 2, `, "گمرک تورخم", "AF-KDH-SPIN-BOLDAK"},
		[]string{"customs", "border_police", "Ветеринарь", "transport"},
	)
	if err != nil {
		t.Fatal(err)
	}
	return voc
}
