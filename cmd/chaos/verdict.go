package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"regexp"
	"strconv"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/metrics/clickhouse"
)

// caughtUp waits until everything that Kafka has is counted in ClickHouse: messages of agencies' topics become events first, and records in
// other partitions than those of their subjects are forwarded before their partitions' progress passes them.
func (b *border) caughtUp(ctx context.Context) error {
	for _, wait := range []func(context.Context) error{b.normalized, b.counted, b.counted} {
		if err := wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// counted waits until the records that Kafka has now are counted, or forwarded.
func (b *border) counted(ctx context.Context) error {
	ends, err := b.ends(ctx, eventsTopic)
	if err != nil {
		return err
	}
	conn, err := b.connect()
	if err != nil {
		return err
	}
	err = b.until(ctx, fmt.Sprintf("the records before %v are counted", ends), func() bool {
		var shards []uint16
		var offsets []int64
		err := conn.QueryRow(ctx, "SELECT groupArray(shard), groupArray(toInt64(offset)) FROM progress FINAL").Scan(&shards, &offsets)
		done := map[int]int64{}
		for i, shard := range shards {
			done[int(shard)] = offsets[i]
		}
		for partition, end := range ends {
			if done[partition] < end {
				return false
			}
		}
		return err == nil
	})
	return errors.Join(err, conn.Close())
}

// ends are the offsets after the last record of each partition of a topic.
func (b *border) ends(ctx context.Context, topic string) ([]int64, error) {
	k := kafka.DefaultConfig()
	k.Brokers, k.Topic = []string{b.kafkaAddr}, topic
	return kafka.Ends(ctx, k)
}

// connect connects to ClickHouse as the instances do, through the proxy.
func (b *border) connect() (driver.Conn, error) {
	c := clickhouse.DefaultConfig()
	c.Addresses, c.Database = []string{b.chAddr}, b.database
	c.Password = b.password
	return clickhouse.Connect(c)
}

// checkDeadLetters fails unless the dead letters are exactly what was sent to become one, by reason.
func (b *border) checkDeadLetters(ctx context.Context, a accounts) error {
	conn, err := b.connect()
	if err != nil {
		return err
	}
	var reasons []string
	var counts []uint64
	err = conn.QueryRow(ctx, "SELECT groupArray(reason), groupArray(n) FROM (SELECT toString(reason) AS reason, uniqExact(value) AS n FROM dead_letters GROUP BY reason)").Scan(&reasons, &counts)
	found := map[event.Reason]uint64{}
	for i, reason := range reasons {
		found[event.Reason(reason)] = counts[i]
	}
	want := map[event.Reason]uint64{event.FutureTime: uint64(a.ahead), event.UnreadableBatch: uint64(a.unreadable), event.UnknownType: uint64(a.unknown)}
	maps.DeleteFunc(want, func(_ event.Reason, n uint64) bool { return n == 0 })
	if err == nil && !maps.Equal(found, want) {
		err = fmt.Errorf("dead letters by reason are %v, want %v", found, want)
	}
	return errors.Join(err, conn.Close())
}

var verdict = regexp.MustCompile(`audit: (\d+) differences in (\d+) visits, (\d+) windows\n$`)

// audit compares the tables with the raw events and with the truth.
func (b *border) audit(ctx context.Context, truth string) (text string, differences int, err error) {
	cmd := exec.CommandContext(ctx, b.dwell, "audit", "--truth", truth)
	cmd.Env = append(cmd.Environ(), b.config()...)
	out, err := cmd.CombinedOutput()
	m := verdict.FindSubmatch(out)
	var exit *exec.ExitError
	if m == nil || err != nil && !errors.As(err, &exit) {
		return "", 0, fmt.Errorf("dwell audit: %w\n%s", err, out)
	}
	differences, err = strconv.Atoi(string(m[1]))
	return string(out), differences, err
}
