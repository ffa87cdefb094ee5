package clickhouse

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"dwell/ingest/event"
)

var databases atomic.Int32

// fresh is a database of the test's own that nothing has been written to.
func fresh(t testing.TB) Config {
	t.Helper()
	cfg := DefaultConfig()
	if os.Getenv("DWELL_CH") == "" {
		t.Skip("no engine")
	}
	cfg.Protocol, cfg.Addresses = "http", []string{os.Getenv("DWELL_CH")}
	cfg.Database = fmt.Sprintf("dwell_%d_%d", os.Getpid(), databases.Add(1))
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
		[]string{"AF-NAN-TORKHAM", `O'Neill "\ ? $1 {x}`, "گمرک تورخم", "AF-KDH-SPIN-BOLDAK"},
		[]string{"customs", "border_police", "Ветеринар'ь", "transport"},
	)
	if err != nil {
		t.Fatal(err)
	}
	return voc
}
