package audit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"testing"
	"time"

	"dwell/ingest/place"
	"dwell/ingest/simulator"
	"dwell/metrics/audit"
)

// Two days at nine BCPs, with late, repeated, retracted and lost events and a post that is cut off for half a day: the
// tables agree with the raw events, and every visit with what the simulator knows.
func TestSimulatedDaysAgreeWithTheTruth(t *testing.T) {
	book, err := place.Load("afghanistan")
	if err != nil {
		t.Fatal(err)
	}
	faults, err := simulator.ParseFaults("late=10%,duplicate=2%,retract=0.5%,lost=0.1%,cut=12h")
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	var truth bytes.Buffer
	lines := json.NewEncoder(&truth)
	s, err := simulator.New(simulator.Config{
		Places: book, From: from, Until: from.Add(48 * time.Hour), Seed: 7, Faults: faults,
		Truth: func(l simulator.TruthLine) {
			if err := lines.Encode(l); err != nil {
				t.Error(err)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	b := newBorderAt(t, s.Vocabulary(), book.Places)
	n := 0
	for e, ok := s.Next(); ok; e, ok = s.Next() {
		h := fnv.New32a()
		_, _ = h.Write(e.Key)
		for id := range b.shards {
			if e.AllPartitions || id == int(h.Sum32())%len(b.shards) {
				b.log(id, e.Event)
			}
		}
		if n++; n%10_000 == 0 {
			b.flush()
		}
	}
	b.flush()
	r, out := b.audit(func(c *audit.Config) { c.Truth, c.EventsPerBucket = &truth, 20_000 })
	want := fmt.Sprintf("%s\ntruth: %d visits compared, %d not compared because events of theirs were lost\nmoved on, not compared: 0\naudit: 0 differences in %d visits, %d windows\n", b.offsets(), r.True, r.Lost, r.Visits, r.Windows)
	if out != want || r.True < 1000 || r.Lost == 0 {
		t.Errorf("%d events, %+v\n%s", n, r, out)
	}
}
