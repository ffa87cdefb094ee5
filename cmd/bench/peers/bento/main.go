// Command bento does the bench's job in Bento: it reads the topic with the input kafka_franz, joins the events of each visit
// in a processor, and writes windows with the output kafka_franz.
//
// It promises that every record that the topic had when it started is in the result topic, acknowledged by the broker, and
// its offset committed, before it says "done". It refuses to outlive a crash with its state: Bento keeps none, so that a
// visit whose arrival was read before a restart would not be counted after it.
package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	_ "github.com/warpstreamlabs/bento/public/components/kafka"
	_ "github.com/warpstreamlabs/bento/public/components/pure"
	"github.com/warpstreamlabs/bento/public/service"
)

//go:embed plugin.yaml configuration.yaml
var streams embed.FS

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("bento", flag.ContinueOnError)
	brokers := flags.String("brokers", "127.0.0.1:9092", "bootstrap broker, host:port")
	topic := flags.String("topic", "bench.events", "topic of the events")
	result := flags.String("result", "bench.result", "topic of the windows, which exists")
	partitions := flags.Int("partitions", 8, "partitions of the topic")
	group := flags.String("group", fmt.Sprintf("bench-bento-%d", time.Now().UnixNano()), "consumer group, which has not read the topic yet")
	form := flags.String("form", "plugin", "plugin: the join is a processor in Go; configuration: caches and Bloblang alone")
	if err := flags.Parse(args); err != nil {
		return err
	}
	text, err := streams.ReadFile(*form + ".yaml")
	if err != nil {
		return fmt.Errorf("form %q: neither plugin nor configuration", *form)
	}
	for name, value := range map[string]string{"brokers": *brokers, "topic": *topic, "result": *result, "group": *group} {
		if strings.ContainsAny(value, "\"\n") {
			return fmt.Errorf("%s %q: no name for a stream's configuration", name, value)
		}
		text = bytes.ReplaceAll(text, []byte("{"+name+"}"), []byte(value))
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(*brokers))
	if err != nil {
		return err
	}
	defer client.Close()
	log := topicLog{client: client, topic: *topic, group: *group, partitions: *partitions}
	records, ends, err := log.extent(ctx)
	if err != nil {
		return err
	}
	if err := stream(ctx, string(text), func(ctx context.Context) error { return log.await(ctx, ends, committedEvery) }); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "done", records)
	return err
}

// committedEvery is how often the group is asked how far it is.
const committedEvery = 250 * time.Millisecond

// stream runs Bento until the work is done.
func stream(ctx context.Context, text string, done func(context.Context) error) error {
	if err := registerCrossings(); err != nil {
		return err
	}
	builder := service.NewStreamBuilder()
	if err := builder.SetYAML(text); err != nil {
		return err
	}
	s, err := builder.Build()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		ended <- s.Run(ctx)
		cancel()
	}()
	if err := done(ctx); err != nil {
		cancel()
		return errors.Join(err, <-ended)
	}
	const stopTimeout = 30 * time.Second
	if err := s.StopWithin(stopTimeout); err != nil {
		return err
	}
	return <-ended
}
