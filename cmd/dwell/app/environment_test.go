package app

import (
	"slices"
	"strings"
	"testing"
)

// What a file has is not switched off by a variable that is there but empty, as containers have them.
func TestEmptyVariableIsAnEmptyListAndNoNumber(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Kafka.Brokers, cfg.Kafka.TLS.Enabled = []string{"kafka:9092"}, true
	for _, name := range []string{"DWELL_KAFKA_TLS_ENABLED", "DWELL_KAFKA_TICK", "DWELL_KAFKA_PORT", "DWELL_CLICKHOUSE_SETTINGS", "DWELL_TRACING_SAMPLE_RATIO"} {
		if err := fromEnvironment(&cfg, []string{name + "="}); err == nil || !strings.Contains(err.Error(), name+`: "": is empty`) {
			t.Errorf("%s is empty: got error %v", name, err)
		}
	}
	if !cfg.Kafka.TLS.Enabled || cfg.Kafka.Tick == 0 {
		t.Errorf("an empty variable has changed TLS to %t, tick to %v", cfg.Kafka.TLS.Enabled, cfg.Kafka.Tick)
	}
	if err := fromEnvironment(&cfg, []string{"DWELL_KAFKA_BROKERS=", "DWELL_WEB_HOSTS= a.example, b.example ", "DWELL_KAFKA_GROUP="}); err != nil {
		t.Fatal(err)
	}
	if len(cfg.Kafka.Brokers) != 0 || !slices.Equal(cfg.Web.Hosts, []string{"a.example", "b.example"}) || cfg.Kafka.Group != "" {
		t.Errorf("got brokers %q, hosts %q, group %q", cfg.Kafka.Brokers, cfg.Web.Hosts, cfg.Kafka.Group)
	}
}

func TestErrorOfAVariableIsOneLine(t *testing.T) {
	cfg := DefaultConfig()
	err := fromEnvironment(&cfg, []string{"DWELL_DASHBOARDS_LIVE_COMPRESS=maybe"})
	if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), `DWELL_DASHBOARDS_LIVE_COMPRESS: "maybe"`) {
		t.Errorf("got error %v", err)
	}
}
