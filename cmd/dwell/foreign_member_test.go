package main

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"dwell/cmd/dwell/app"
	"dwell/ingest/kafka"
)

// TestForeignMemberOfTheGroupIsNamedAndNothingIsLost has a console consumer join the group of `dwell serve`: it gets half of the partitions,
// and counts nothing.
func TestForeignMemberOfTheGroupIsNamedAndNothingIsLost(t *testing.T) {
	if testing.Short() {
		t.Skip("a partition stands after ten seconds, and the race detector sees as much in the tests of cmd/dwell/app")
	}
	c := counter{serveWith(t, func(cfg *app.Config) { cfg.Kafka.SessionTimeout, cfg.Kafka.DrainTimeout = 6*time.Second, 2*time.Second }, time.Now)}
	until(t, "the process is ready", func() bool { return c.ready(t) })
	taken, leave := joinGroup(t, c)

	const trucks = 200
	began := time.Now()
	waiting, all := map[int]int64{}, int64(0)
	records := arrivals("/torkham", trucks, began.Add(-time.Hour))
	for _, r := range records {
		if p := kafka.PartitionOf(r.Key, c.Config.Kafka.Partitions); slices.Contains(taken, p) {
			waiting[p]++
			all++
		}
	}
	if err := c.Producer.Write(t.Context(), records...); err != nil {
		t.Fatal(err)
	}
	want := ""
	for _, p := range taken {
		want += fmt.Sprintf("partition %d is not counted: %d records wait, and the member of the consumer group \"dwell\" that has it has counted none since TIME: "+
			"if it is another dwell, its /readyz says why; if it is no dwell, stop it, or give it another group\n", p, waiting[p])
	}
	since := regexp.MustCompile(`since \S+Z:`)
	says := ""
	until(t, "/readyz names each partition that the console consumer has", func() bool {
		code, text := c.get(t, "/readyz")
		says = since.ReplaceAllString(text, "since TIME:")
		return code == http.StatusServiceUnavailable && strings.Count(says, "is not counted") == len(taken)
	})
	if says != want {
		t.Errorf("/readyz says\n%s\nwant\n%s", says, want)
	}
	shown := c.overview(t)
	if shown.RecordsWaiting != all || shown.StandsSince == nil || shown.StandsSince.Before(began) || len(shown.Outages) != 0 {
		t.Errorf("%d records wait, and the overview has %+v", all, shown.Health)
	}
	if n := eventsOf(t, c); n != trucks-all {
		t.Errorf("%d events are counted, want %d", n, trucks-all)
	}

	leave()
	until(t, "the process is ready again", func() bool { return c.ready(t) })
	if err := c.CaughtUp(t.Context(), func(int64) {}); err != nil {
		t.Fatal(err)
	}
	if n := eventsOf(t, c); n != trucks {
		t.Errorf("once the console consumer has left, %d events are counted, want %d", n, trucks)
	}
	if shown := c.overview(t); shown.RecordsWaiting != 0 || shown.StandsSince != nil {
		t.Errorf("once the console consumer has left, the overview has %+v", shown.Health)
	}
}

// joinGroup has a client that counts nothing join the group that counts, and returns the partitions that it gets, in order.
func joinGroup(t *testing.T, c counter) (taken []int, leave func()) {
	t.Helper()
	assigned := make(chan []int32, 16)
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Config.Kafka.Brokers...), kgo.ConsumerGroup(c.Config.Kafka.Group), kgo.ConsumeTopics(c.Config.Kafka.Topic),
		kgo.Balancers(kgo.RangeBalancer()), kgo.DisableAutoCommit(),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, all map[string][]int32) { assigned <- all[c.Config.Kafka.Topic] }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	until(t, "the group has shared the partitions", func() bool { // at first it may have all, until the process has joined again
		select {
		case partitions := <-assigned:
			taken = nil
			for _, p := range partitions {
				taken = append(taken, int(p))
			}
		default:
		}
		return len(taken) > 0 && len(taken) < c.Config.Kafka.Partitions
	})
	slices.Sort(taken)
	until(t, "the process is ready with the rest", func() bool { return c.ready(t) })
	return taken, client.Close
}

// eventsOf is how many events the tables have.
func eventsOf(t *testing.T, c counter) (n int64) {
	t.Helper()
	if err := c.Store.Conn().QueryRow(t.Context(), "SELECT toInt64(count()) FROM events FINAL").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
