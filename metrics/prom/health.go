package prom

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// Health is what a process knows of itself.
type Health struct {
	// Lag has the records of each partition that its shard has not applied yet, of the shards of the process of which it is known.
	Lag map[int]int64
	// Short has by how many records the log of a partition is shorter than what was counted of it. Its shard waits.
	Short map[int]int64
	// Standing has whether records of a partition wait and none has been counted for ten seconds, for the same shards as Lag.
	Standing map[int]bool
	// Reachable has "kafka" and "clickhouse".
	Reachable map[string]bool
	// Damaged has how many parts of each table ClickHouse cannot read; nil before they were looked at.
	Damaged map[string]int
}

// healthCollector collects Health. It implements prometheus.Collector.
type healthCollector struct {
	health                                   func() Health
	lag, standing, short, reachable, damaged *prometheus.Desc
}

func newHealthCollector(health func() Health) *healthCollector {
	return &healthCollector{
		health: health,
		lag: prometheus.NewDesc("dwell_shard_lag_records",
			"Records of the partition that are not applied yet: high watermark of the latest fetch less next offset. It is known from the first fetch on, also while the shard is at work or stalled.", []string{"shard"}, nil),
		standing: prometheus.NewDesc("dwell_shard_standing",
			"1 while records of the partition wait and none has been counted for ten seconds, else 0: /readyz says why. One that is behind and counts has 0.", []string{"shard"}, nil),
		short: prometheus.NewDesc("dwell_shard_short_log_records",
			"By how many records the log of the partition was shorter than what was counted of it, or all that was counted if it is another log. The shard waits until the command dwell log accept; absent where it does not.", []string{"shard"}, nil),
		reachable: prometheus.NewDesc("dwell_part_reachable",
			"1 while this process reaches the part, else 0; an outage is known within ten seconds.", []string{"part"}, nil),
		damaged: prometheus.NewDesc("dwell_damaged_parts",
			"Parts of the table that ClickHouse cannot read or has set aside, so that numbers may be missing. Each process has it of all tables: take the maximum over processes.", []string{"table"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (c *healthCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.lag
	ch <- c.standing
	ch <- c.short
	ch <- c.reachable
	ch <- c.damaged
}

// Collect implements prometheus.Collector.
func (c *healthCollector) Collect(ch chan<- prometheus.Metric) {
	h := c.health()
	for shard, records := range h.Lag {
		ch <- prometheus.MustNewConstMetric(c.lag, prometheus.GaugeValue, float64(records), strconv.Itoa(shard))
	}
	for shard, records := range h.Short {
		ch <- prometheus.MustNewConstMetric(c.short, prometheus.GaugeValue, float64(records), strconv.Itoa(shard))
	}
	for shard, is := range h.Standing {
		ch <- prometheus.MustNewConstMetric(c.standing, prometheus.GaugeValue, oneIf(is), strconv.Itoa(shard))
	}
	for part, is := range h.Reachable {
		ch <- prometheus.MustNewConstMetric(c.reachable, prometheus.GaugeValue, oneIf(is), part)
	}
	for table, parts := range h.Damaged {
		ch <- prometheus.MustNewConstMetric(c.damaged, prometheus.GaugeValue, float64(parts), table)
	}
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
