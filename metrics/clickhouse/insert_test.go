package clickhouse

import (
	"context"
	"fmt"
	"testing"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

func TestCompressedInsertsWriteTheSameRows(t *testing.T) {
	voc := vocabulary(t)
	cfg := fresh(t)
	var stores []*Store
	for _, compression := range []string{"none", "lz4", "zstd"} {
		c := cfg
		c.Database += "_" + compression
		c.Compression = compression
		stores = append(stores, open(t, c, voc))
	}
	f := newFlush(voc)
	f.raw.Readings = []engine.QueueReading{{Offset: 1, Source: "s", ID: "i", Queue: "buses", BCP: 3, Observation: event.Observation{Vehicles: 7, WaitSeconds: event.Unknown, LanesOpen: 2}}}
	f.raw.DeadLetters = []event.DeadLetter{
		{Reason: event.NotJSON, Origin: event.RecordOrigin("dwell.events", 1, 8), Record: event.Record{
			Key: []byte("k"), Value: []byte{0xff, 0},
			Headers: []event.Header{{Key: []byte("a"), Value: []byte{1}}, {Key: []byte("a"), Value: []byte{2}}},
		}},
		{Reason: event.NotJSON, Origin: event.RecordOrigin("dwell.events", 1, 9)},
	}
	inside := []engine.Inside{
		{BCP: 1, AsOf: 5, Occupancy: engine.Occupancy{LastEvent: 1, Trucks: 3, Classes: map[engine.Class]int{{Held: window.OfSegment(visit.Wait, voc.Customs), Last: event.TruckArrived, Arrived: 9}: 3}}},
		{BCP: 2, AsOf: 5, Occupancy: engine.NoOccupancy()},
	}
	// One row without a segment, alone in its block, has no dictionary of holders at all.
	open := (&truck{voc: voc, id: "alone"}).add(event.TruckArrived, 1, nil).row(3)
	for _, s := range stores {
		for _, err := range []error{
			s.WriteRaw(t.Context(), 1, &f.raw), s.WriteWindows(t.Context(), 1, pointers(f.windows...)), s.WriteVisits(t.Context(), 1, chunksOf(f.visits...)),
			s.WriteVisits(t.Context(), 1, chunksOf(open)), s.WriteInside(t.Context(), 1, inside),
			s.WriteProgress(t.Context(), 1, &engine.Flush{AsOf: 4, Latest: 5, Watermark: 3, HasLatest: true}),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, table := range []string{"events", "visits", "windows", "inside_now", "readings", "progress", "dead_letters"} {
		query := fmt.Sprintf("SELECT count(), groupBitXor(cityHash64(* EXCEPT '(written_at|bins|class_done)', toString(tuple(* EXCEPT 'written_at')))) FROM %s FINAL", table)
		plain := stores[0].text(t, query)
		for _, s := range stores[1:] {
			if got := s.text(t, query); got != plain || got[:2] == "0\t" {
				t.Errorf("table %s with %s: %q, without compression %q", table, s.cfg.Compression, got, plain)
			}
		}
	}
}

// A shard encodes a flush and goes on: what the rows say by the time they are written, and that they are written twice, changes
// nothing. More rows than a block has are in several.
func TestEncodedRowsAreThoseOfTheirTime(t *testing.T) {
	voc := vocabulary(t)
	cfg, other := fresh(t), fresh(t)
	other.Database += "_encoded"
	direct, encoded := open(t, cfg, voc), open(t, other, voc)
	direct.blockRows, encoded.blockRows = 1000, 1000
	f := newFlush(voc)
	windows, windowBytes := encoded.EncodeWindows(1, pointers(f.windows...))
	visits, visitBytes := encoded.EncodeVisits(1, chunksOf(f.visits...))
	for _, err := range []error{
		direct.WriteWindows(t.Context(), 1, pointers(f.windows...)), direct.WriteVisits(t.Context(), 1, chunksOf(f.visits...)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range f.windows {
		f.windows[i].N, f.windows[i].AsOf = 0, 1<<40
	}
	for i := range f.visits {
		clear(f.visits[i].Facts)
		f.visits[i].AsOf = 1 << 40
	}
	for _, write := range []func(context.Context) error{windows, windows, visits, visits} {
		if err := write(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if windowBytes < 50*len(f.windows) || visitBytes < 50*len(f.visits) {
		t.Errorf("%d windows take %d bytes, %d visits %d", len(f.windows), windowBytes, len(f.visits), visitBytes)
	}
	for _, table := range []string{"visits", "windows"} {
		query := fmt.Sprintf("SELECT count(), groupBitXor(cityHash64(* EXCEPT 'bins', toString(tuple(*)))) FROM %s FINAL", table)
		if got, want := encoded.text(t, query), direct.text(t, query); got != want || got[:2] == "0\t" {
			t.Errorf("table %s: %q, of rows that were written at once %q", table, got, want)
		}
	}
}

func TestWrittenRowsSurviveAKill(t *testing.T) {
	voc, dir := vocabulary(t), t.TempDir()
	server := clickhousetest.Open(t, dir)
	cfg := DefaultConfig()
	cfg.Addresses, cfg.Password = []string{server.Addr}, server.Password
	s := open(t, cfg, voc)
	row := (&truck{voc: voc, id: "T1"}).add(event.TruckArrived, 1_767_600_000_000, nil).row(3)
	if err := s.WriteVisits(t.Context(), 0, chunksOf(row)); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteProgress(t.Context(), 0, &engine.Flush{AsOf: 4}); err != nil {
		t.Fatal(err)
	}
	server.Kill(t)
	if err := s.WriteProgress(t.Context(), 0, &engine.Flush{AsOf: 5}); err == nil {
		t.Error("a write to no server did not fail")
	}

	cfg.Addresses = []string{clickhousetest.Open(t, dir).Addr}
	s = open(t, cfg, voc)
	if p, err := s.Progress(t.Context(), 0); err != nil || p.Offset != 4 {
		t.Errorf("progress is %+v, %v", p, err)
	}
	got, err := s.Visits(t.Context(), 0, []visit.Key{{BCP: 1, ID: "T1"}})
	if err != nil {
		t.Fatal(err)
	}
	sameVisits(t, got, []visit.Row{row})
}
