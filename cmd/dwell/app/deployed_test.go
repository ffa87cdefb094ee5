package app

import "testing"

// The configuration of the compose file is one that this program takes.
func TestTheDeployedConfigurationIsTaken(t *testing.T) {
	cfg, err := LoadConfig("../../../deploy/dwell.yaml", []string{"DWELL_CLICKHOUSE_PASSWORD=secret"})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Kafka.Embedded || cfg.ClickHouse.Embedded || cfg.ClickHouse.Password != "secret" {
		t.Errorf("kafka embedded %v, clickhouse embedded %v: both are services of their own", cfg.Kafka.Embedded, cfg.ClickHouse.Embedded)
	}
}
