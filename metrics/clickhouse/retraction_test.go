package clickhouse

import "testing"

// A post takes back the arrivals of two trucks. One of them has come, under another source, another edition and another place; the other
// one came to shard 1, and a third retraction is about a time whose events are no longer kept.
func TestRetractionsThatRetractNothingAreListed(t *testing.T) {
	cfg := fresh(t)
	if _, err := IneffectiveRetractions(t.Context(), cfg); err == nil {
		t.Error("a database that is not there has retractions")
	}
	s := open(t, cfg, vocabulary(t))
	wants := func(want uint64) {
		t.Helper()
		if n, err := IneffectiveRetractions(t.Context(), cfg); err != nil || n != want {
			t.Errorf("%d retractions retract nothing (%v), and should be %d", n, err, want)
		}
	}
	insert := func(rows string) {
		t.Helper()
		if err := s.exec(t.Context(), "INSERT INTO events (shard, offset, type, bcp, subject, source, id, edition, time, retracted_source, retracted_id, retracted_edition, retracted_time) VALUES "+rows); err != nil {
			t.Fatal(err)
		}
	}
	wants(0)
	const none = ", '', '', 0, NULL)"
	insert(`(0, 1, 'event.retracted', 'AF-NAN-TORKHAM', 'T1', '/p', 'r1', 0, '2026-01-05 09:00:00', '/p', '1', 1, '2026-01-05 08:00:00'),
		(1, 2, 'event.retracted', 'AF-NAN-TORKHAM', 'T2', '/p', 'r2', 0, '2026-01-05 09:00:00', '/p', '2', 0, '2026-01-05 08:00:00'),
		(0, 2, 'truck.arrived', 'AF-NAN-TORKHAM', 'T1', '/q', '1', 1, '2026-01-05 08:00:00'` + none + `,
		(0, 3, 'truck.arrived', 'AF-NAN-TORKHAM', 'T1', '/p', '1', 0, '2026-01-05 08:00:00'` + none + `,
		(0, 4, 'truck.arrived', 'AF-KDH-SPIN-BOLDAK', 'T1', '/p', '1', 1, '2026-01-05 08:00:00'` + none)
	wants(2)
	insert(`(1, 3, 'truck.arrived', 'AF-NAN-TORKHAM', 'T2', '/p', '2', 0, '2026-01-05 08:00:00'` + none)
	wants(1)
	if got, want := s.text(t, "SELECT bcp, subject, source, id, retracted_source, retracted_id, retracted_edition FROM ineffective_retractions"),
		"AF-NAN-TORKHAM\tT1\t/p\tr1\t/p\t1\t1\n"; got != want {
		t.Errorf("listed are\n%swant\n%s", got, want)
	}
	// A fact about a place is in every shard, and so is its retraction, which is listed once.
	insert(`(0, 5, 'event.retracted', 'AF-NAN-TORKHAM', 'AF-NAN-TORKHAM', '/p', 'r3', 0, '2026-01-05 09:00:00', '/p', '3', 0, '2026-01-05 08:00:00'),
		(1, 5, 'event.retracted', 'AF-NAN-TORKHAM', 'AF-NAN-TORKHAM', '/p', 'r3', 0, '2026-01-05 09:00:00', '/p', '3', 0, '2026-01-05 08:00:00')`)
	wants(2)
	// A reading is in one shard. It was replaced, and its retraction is in each.
	insert(`(0, 6, 'queue.observed', 'AF-NAN-TORKHAM', 'AF-NAN-TORKHAM', '/q', '4', 0, '2026-01-05 08:00:00'` + none + `,
		(0, 7, 'event.retracted', 'AF-NAN-TORKHAM', 'AF-NAN-TORKHAM', '/q', 'r4', 0, '2026-01-05 09:00:00', '/q', '4', 0, '2026-01-05 08:00:00'),
		(1, 7, 'event.retracted', 'AF-NAN-TORKHAM', 'AF-NAN-TORKHAM', '/q', 'r4', 0, '2026-01-05 09:00:00', '/q', '4', 0, '2026-01-05 08:00:00')`)
	wants(2)
	// What is older than the events that are kept may have come once.
	for _, statement := range []string{
		"INSERT INTO progress (shard, offset, watermark) VALUES (0, 9, '2026-01-06 08:00:00'), (1, 9, '2026-01-06 08:00:00')",
		"INSERT INTO retentions (shard, offset, visits_ms, events_ms) VALUES (0, 0, 86400000, 86400000), (1, 0, 3600000, 3600000)",
	} {
		if err := s.exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	wants(2)
	if err := s.exec(t.Context(), "INSERT INTO progress (shard, offset, watermark) VALUES (0, 10, '2026-01-06 08:00:01')"); err != nil {
		t.Fatal(err)
	}
	wants(0)
}
