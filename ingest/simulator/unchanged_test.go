package simulator_test

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"runtime"
	"testing"

	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/ingest/simulator"
)

// A demo is continued by playing it again from its beginning, so a seed must give the same events in each version. The hashes were
// made before there were scenarios.
func TestSeedWithoutScenarioGivesTheEventsThatItAlwaysGave(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("other processors round logarithms differently")
	}
	for _, c := range []struct {
		places, faults string
		days           int
		want           string
	}{
		{"afghanistan", allFaults, 3, "ec026e14cf1cee93"},
		{"poland-ukraine", "", 8, "75f5a5be664cdd2b"},
	} {
		cfg := config(t, c.days, 7, c.faults)
		var err error
		if cfg.Places, err = place.Load(c.places); err != nil {
			t.Fatal(err)
		}
		voc, err := cfg.Places.Vocabulary()
		if err != nil {
			t.Fatal(err)
		}
		h := fnv.New64a()
		var message []byte
		truth := play(t, cfg, func(e simulator.Emission) {
			message = event.AppendStructured(message[:0], voc, e.Event)
			_, _ = fmt.Fprintf(h, "%d %s %v %s\n", e.At, e.Key, e.AllPartitions, message)
		})
		if err := json.NewEncoder(h).Encode(truth); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%016x", h.Sum64()); got != c.want {
			t.Errorf("%d days of %s: the hash of events and truth is %s, was %s", c.days, c.places, got, c.want)
		}
	}
}
