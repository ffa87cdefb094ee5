package app

import (
	"testing"

	"dwell/dashboards/door"
)

// A container gives a process few files: connections to the page leave some to the broker, to ClickHouse and to Kafka.
func TestConnectionsToThePageLeaveFilesToOthers(t *testing.T) {
	for files, want := range map[uint64]int{1 << 30: 25_000, 29_096: 25_000, 29_095: 24_999, 20_000: 15_904, 8192: 4096, 1024: 512, 1: 1} {
		got, less := withinFiles(door.DefaultConfig(), files)
		if got.MaxConnections != want || less != (want < 25_000) {
			t.Errorf("with %d files %d connections, fewer %t; want %d", files, got.MaxConnections, less, want)
		}
	}
}
