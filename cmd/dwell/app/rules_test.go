package app

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"dwell/ingest/place"
)

func TestRulesAreWhatDecidesANumber(t *testing.T) {
	cfg := DefaultConfig()
	book, err := cfg.ReadPlaces()
	if err != nil {
		t.Fatal(err)
	}
	book.Places = book.Places[:1]
	id := book.Places[0].ID
	s := &System{Config: cfg, Book: book}
	want := []string{"calendar of " + id, "engine.retract_others", "engine.watermark_delay", "kafka.topic", "lapse_after of " + id, "time_zone of " + id}
	if got := slices.Sorted(maps.Keys(s.rules())); !slices.Equal(got, want) {
		t.Errorf("rules %q, not %q", got, want)
	}
	before := s.rules()
	days := new(place.Calendar) // never open
	s.Config.Engine.Engine.WatermarkDelay += time.Minute
	s.Config.Engine.RetractOthers = false
	s.Book.Places[0].LapseAfter += time.Hour
	s.Book.Places[0].Zone, s.Book.Places[0].Calendar = time.UTC, days
	s.Config.Kafka.Topic = "other"
	for rule, value := range s.rules() {
		if value == before[rule] {
			t.Errorf("%s stays %q", rule, value)
		}
	}
}

// An attribute of a place without a rule tag is a rule, so that forgetting the tag is safe.
func TestNewAttributeIsARule(t *testing.T) {
	rules := map[string]string{}
	collectRules(rules, struct {
		Name  string `rule:"-"`
		Grace time.Duration
	}{"Torkham", time.Hour}, func(f reflect.StructField) string { return f.Name })
	if !maps.Equal(rules, map[string]string{"Grace": "1h0m0s"}) {
		t.Errorf("rules %v", rules)
	}
}

func TestProfilesAreForThisMachineAlone(t *testing.T) {
	for address, good := range map[string]bool{
		"127.0.0.1:6060": true, "[::1]:6060": true, "localhost:0": true,
		"0.0.0.0:6060": false, ":6060": false, "192.0.2.1:6060": false, "dwell.example.org:6060": false, "6060": false,
	} {
		cfg := DefaultConfig()
		cfg.Kafka.Brokers, cfg.Pprof = []string{"127.0.0.1:9092"}, address
		if err := cfg.Validate(); (err == nil) != good || err != nil && !strings.Contains(err.Error(), "pprof: ") {
			t.Errorf("pprof %q: %v", address, err)
		}
	}
}
