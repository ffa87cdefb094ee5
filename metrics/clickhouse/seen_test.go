package clickhouse

import (
	"fmt"
	"testing"
)

// Six agencies worked at the border, and a places file has customs alone. Three have left something: the police the time of an inspection
// whose events are no longer kept, transport an event of a visit with a fault, health a hold that goes on and whose events are no longer
// kept. Plants had a visit that is over, and quarantine never had anything.
func TestAgenciesOfTheTablesAreNamedIfTheyAreNotConfigured(t *testing.T) {
	cfg := fresh(t)
	alone := vocabularyOf(t, nil, "TORKHAM")
	if _, err := FindUnconfigured(t.Context(), cfg, alone); err == nil {
		t.Error("a database that is not there has names")
	}
	all := []string{"police", "transport", "health", "plants", "quarantine"}
	s := open(t, cfg, vocabularyOf(t, all, "TORKHAM", "AQINA"))
	wants := func(want string, agencies ...string) {
		t.Helper()
		got, err := FindUnconfigured(t.Context(), cfg, vocabularyOf(t, agencies, "TORKHAM"))
		if text := fmt.Sprint(got); err != nil || text != want {
			t.Errorf("with %q: %v, %v\nwant %s", agencies, text, err, want)
		}
	}
	wants("{[] []}")
	for _, insert := range []string{
		"INSERT INTO windows (shard, bcp, direction, grain, start, measure, n) VALUES (0, 'TORKHAM', 'inbound', 'hour', 0, 'service/police', 1), (0, 'TORKHAM', 'inbound', 'hour', 0, 'incomplete/no_arrival', 1)",
		"INSERT INTO events (shard, offset, type, bcp, agency) VALUES (0, 1, 'inspection.started', 'TORKHAM', 'transport'), (0, 2, 'hold.placed', 'TORKHAM', 'customs')",
		"INSERT INTO visits (shard, bcp, visit, over, segment_holder, holder) VALUES (0, 'TORKHAM', 'T1', 0, ['trader'], 'health'), (0, 'TORKHAM', 'T2', 1, ['plants'], '')",
		"INSERT INTO inside_now (shard, bcp, direction, last_event) VALUES (0, 'TORKHAM', 'inbound', now()), (0, 'AQINA', 'inbound', now())",
	} {
		if err := s.exec(t.Context(), insert); err != nil {
			t.Fatal(err)
		}
	}
	wants("{[AQINA] [health police transport]}")
	wants("{[AQINA] [health transport]}", "police", "quarantine")
	wants("{[AQINA] []}", "health", "police", "transport")
	if got, err := s.Unconfigured(t.Context()); err != nil || fmt.Sprint(got) != "{[] []}" {
		t.Errorf("of those who are configured: %v, %v", got, err)
	}
}
