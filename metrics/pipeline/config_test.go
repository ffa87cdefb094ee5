package pipeline_test

import (
	"testing"
	"time"

	"dwell/ingest/strictyaml"
	"dwell/metrics/pipeline"
)

func TestConfigErrorNamesKeyAndValue(t *testing.T) {
	if err := pipeline.DefaultConfig().Validate(); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"memory_retention: 0s":  "memory_retention: 0s is not positive",
		"watermark_delay: -1s":  "watermark_delay: -1s is negative",
		"skew: -1m":             "skew: -1m0s is negative",
		"flush_every: 0s":       "flush_every: 0s is not positive",
		"flush_bytes: 5":        "flush_bytes: 5 is below 1024",
		"retry_max: 0s":         "retry_max: 0s is not positive",
		"watermark_delay: 0s":   "",
		"memory_retention: 90m": "",
	} {
		cfg := pipeline.DefaultConfig()
		if err := strictyaml.Unmarshal([]byte(text), &cfg); err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := cfg.Validate(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: error %q, want %q", text, got, want)
		}
	}
	cfg := pipeline.DefaultConfig()
	if err := strictyaml.Unmarshal([]byte("memory_retention: 90m"), &cfg); err != nil || cfg.Engine.MemoryRetention != 90*time.Minute {
		t.Errorf("the retention is %v, %v", cfg.Engine.MemoryRetention, err)
	}
}
