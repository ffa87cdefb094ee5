package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/metrics/clickhouse"
)

// caughtUp waits until all records in Kafka are counted in ClickHouse.
func (b *border) caughtUp(ctx context.Context) error {
	ends, err := b.ends(ctx)
	if err != nil {
		return err
	}
	conn, err := b.connect()
	if err != nil {
		return err
	}
	all := int64(0)
	for _, end := range ends {
		all += end
	}
	err = b.until(ctx, fmt.Sprintf("all %d records are counted", all), func() bool {
		var counted int64
		err := conn.QueryRow(ctx, "SELECT toInt64(sum(offset)) FROM progress FINAL").Scan(&counted)
		return err == nil && counted >= all
	})
	return errors.Join(err, conn.Close())
}

// ends are the offsets after the last record of each partition.
func (b *border) ends(ctx context.Context) ([]int64, error) {
	k := kafka.DefaultConfig()
	k.Brokers = []string{b.kafkaAddr}
	return kafka.Ends(ctx, k)
}

// connect connects to ClickHouse as the instances do, through the proxy.
func (b *border) connect() (driver.Conn, error) {
	c := clickhouse.DefaultConfig()
	c.Addresses, c.Database = []string{b.chAddr}, b.database
	c.Password = b.password
	return clickhouse.Connect(c)
}

// checkDeadLetters fails unless the dead letters are exactly the events that were sent with a time ahead, and the batches that cannot
// be read.
func (b *border) checkDeadLetters(ctx context.Context, a accounts) error {
	conn, err := b.connect()
	if err != nil {
		return err
	}
	var all, future, unreadable uint64
	err = conn.QueryRow(ctx, "SELECT uniqExact(value), uniqExactIf(value, reason = ?), uniqExactIf(value, reason = ?) FROM dead_letters",
		string(event.FutureTime), string(event.UnreadableBatch)).Scan(&all, &future, &unreadable)
	if err == nil && (all != future+unreadable || future != uint64(a.ahead) || unreadable != uint64(a.unreadable)) {
		err = fmt.Errorf("of %d events with a time ahead and %d batches that cannot be read, %d and %d are dead letters, and %d others are, too",
			a.ahead, a.unreadable, future, unreadable, all-future-unreadable)
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
