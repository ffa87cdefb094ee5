package app

import (
	"slices"
	"strings"
	"testing"
	"time"
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

// A variable is read as the file is: eight partitions for 010 would be for good.
func TestNumberOfAVariableIsWhatItSays(t *testing.T) {
	for text, want := range map[string]string{
		"010": `environment variable DWELL_KAFKA_NEW_PARTITIONS: "010": line 1: "010" begins with a zero, and YAML would take it for an octal number`,
		"08":  `environment variable DWELL_KAFKA_NEW_PARTITIONS: "08": [1:1] "08" begins with a zero; write it without`,
		"1.5": `environment variable DWELL_KAFKA_NEW_PARTITIONS: "1.5": [1:1] "1.5" is not a whole number`,
	} {
		cfg := DefaultConfig()
		err := fromEnvironment(&cfg, []string{"DWELL_KAFKA_NEW_PARTITIONS=" + text})
		if err == nil || !strings.HasPrefix(err.Error(), want) || cfg.Kafka.NewPartitions != 4 {
			t.Errorf("%s: %d, %v\nwant %s", text, cfg.Kafka.NewPartitions, err, want)
		}
	}
	cfg := DefaultConfig()
	if err := fromEnvironment(&cfg, []string{"DWELL_KAFKA_NEW_PARTITIONS=10", "DWELL_TRACING_SAMPLE_RATIO=0.5", "DWELL_ENGINE_SKEW=1h"}); err != nil || cfg.Kafka.NewPartitions != 10 || cfg.Engine.Skew != time.Hour {
		t.Errorf("%d, %v, %v", cfg.Kafka.NewPartitions, cfg.Engine.Skew, err)
	}
}

func TestErrorOfAVariableIsOneLine(t *testing.T) {
	cfg := DefaultConfig()
	err := fromEnvironment(&cfg, []string{"DWELL_DASHBOARDS_LIVE_COMPRESS=maybe"})
	if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), `DWELL_DASHBOARDS_LIVE_COMPRESS: "maybe"`) {
		t.Errorf("got error %v", err)
	}
}
