package app

import (
	"strings"
	"testing"

	"dwell/ingest/strictyaml"
)

// A ministry gives its address with a password and a key. The configuration that is printed does not have them, nor has the fault that names the address.
func TestPasswordOfAnAddressIsNotShown(t *testing.T) {
	const with = `{sources: {queues: {source: /ministry, bcp: AF-NAN-TORKHAM, url: "https://dwell:sesame@example.org/q?key=sesame&page=1", columns: {time: at, vehicles: trucks}%s}}}`
	cfg := DefaultConfig()
	if err := strictyaml.Unmarshal([]byte(strings.Replace(with, "%s", "", 1)), &cfg); err != nil {
		t.Fatal(err)
	}
	text, err := cfg.YAML()
	if err != nil || strings.Contains(text, "sesame") || !strings.Contains(text, "https://dwell:xxxxx@example.org/q?key=xxxxx&page=xxxxx") {
		t.Errorf("%v\n%s", err, text)
	}
	if url := cfg.Sources["queues"].URL; url != "https://dwell:sesame@example.org/q?key=sesame&page=1" {
		t.Errorf("the configuration itself has %q", url)
	}
	both := DefaultConfig()
	if err := strictyaml.Unmarshal([]byte(strings.Replace(with, "%s", ", topic: gate", 1)), &both); err != nil {
		t.Fatal(err)
	}
	if err := both.Validate(); err == nil || strings.Contains(err.Error(), "sesame") || !strings.Contains(err.Error(), "is there beside topic") {
		t.Errorf("%v", err)
	}
}
