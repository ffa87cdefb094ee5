package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// job is what to count, and where.
type job struct {
	brokers, topic, group, database string
	partitions, consumers           int
}

//go:embed tables.sql
var tablesSQL string

//go:embed result.sql
var resultSQL string

// committedEvery is how often the committed offsets of the group are read.
const committedEvery = 250 * time.Millisecond

// do counts the records that the topic has now, and returns their number.
func (j *job) do(ctx context.Context, address string) (records int64, err error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(j.brokers))
	if err != nil {
		return 0, err
	}
	defer client.Close()
	log := topicLog{client: client, topic: j.topic, group: j.group, partitions: j.partitions}
	records, ends, err := log.extent(ctx)
	if err != nil {
		return 0, err
	}
	if err := j.run(ctx, address, tablesSQL); err != nil {
		return 0, err
	}
	if err := log.await(ctx, ends, committedEvery); err != nil {
		return 0, err
	}
	return records, j.run(ctx, address, resultSQL)
}

var aName = regexp.MustCompile(`^[A-Za-z0-9._:,-]+$`)

// run sends the statements of a file, one after another.
func (j *job) run(ctx context.Context, address, file string) error {
	for _, name := range []string{j.brokers, j.topic, j.group, j.database} {
		if !aName.MatchString(name) {
			return fmt.Errorf("%q cannot stand in a statement", name)
		}
	}
	file = strings.NewReplacer("{brokers}", j.brokers, "{topic}", j.topic, "{group}", j.group, "{database}", j.database,
		"{consumers}", fmt.Sprint(j.consumers)).Replace(file)
	for sql := range strings.SplitSeq(file, ";\n") {
		if sql = strings.TrimSpace(sql); sql == "" {
			continue
		}
		if err := send(ctx, address, sql); err != nil {
			return err
		}
	}
	return nil
}

func send(ctx context.Context, address, sql string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(sql))
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusOK {
		return errors.Join(fmt.Errorf("clickhouse: %s: %s", sql, text), err)
	}
	return err
}
