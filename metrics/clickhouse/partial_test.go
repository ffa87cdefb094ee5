package clickhouse

import (
	"fmt"
	"testing"
)

// A post closes Torkham, and its record lies in one of three partitions as if it were in all. It is said of the shard that has counted an hour
// of trucks since, and not of the one that has yet to.
func TestClosingThatSomeShardsDoNotHaveIsNamed(t *testing.T) {
	cfg := fresh(t)
	if _, err := PartialFacts(t.Context(), cfg, 10); err == nil {
		t.Error("a database that is not there has facts")
	}
	s := open(t, cfg, vocabulary(t))
	wants := func(want string) {
		t.Helper()
		got, err := PartialFacts(t.Context(), cfg, 10)
		if text := fmt.Sprint(got); err != nil || text != want {
			t.Errorf("%v, %v\nwant %s", text, err, want)
		}
	}
	insert := func(rows string) {
		t.Helper()
		if err := s.exec(t.Context(), "INSERT INTO events (shard, offset, type, bcp, subject, source, id, time, logged) VALUES "+rows); err != nil {
			t.Fatal(err)
		}
	}
	wants("[]")
	insert(`(0, 0, 'bcp.closed', 'AF-NAN-TORKHAM', 'AF-NAN-TORKHAM', '/post', 'c1', '2026-01-05 08:00:00', '2026-01-05 08:00:01'),
		(0, 1, 'lane.opened', 'AF-NAN-TORKHAM', 'AF-NAN-TORKHAM', '/post', 'l1', '2026-01-05 07:00:00', '2026-01-05 07:00:01'),
		(1, 0, 'lane.opened', 'AF-NAN-TORKHAM', 'AF-NAN-TORKHAM', '/post', 'l1', '2026-01-05 07:00:00', '2026-01-05 07:00:01'),
		(2, 0, 'lane.opened', 'AF-NAN-TORKHAM', 'AF-NAN-TORKHAM', '/post', 'l1', '2026-01-05 07:00:00', '2026-01-05 07:00:01'),
		(1, 1, 'truck.arrived', 'AF-NAN-TORKHAM', 'T1', '/post', '1', '2026-01-05 08:59:00', '2026-01-05 08:59:00'),
		(2, 1, 'truck.arrived', 'AF-NAN-TORKHAM', 'T2', '/post', '2', '2026-01-05 08:10:00', '2026-01-05 08:10:00')`)
	wants("[]")
	insert(`(1, 2, 'truck.arrived', 'AF-NAN-TORKHAM', 'T3', '/post', '3', '2026-01-05 09:01:00', '2026-01-05 09:01:00')`)
	wants("[{AF-NAN-TORKHAM bcp.closed /post c1 [1]}]")
	insert(`(1, 3, 'bcp.closed', 'AF-NAN-TORKHAM', 'AF-NAN-TORKHAM', '/post', 'c1', '2026-01-05 08:00:00', '2026-01-05 09:02:00')`)
	wants("[]")
}
