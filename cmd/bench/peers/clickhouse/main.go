// Command clickhouse computes the result of the benchmark in ClickHouse alone: its Kafka table engine reads the topic, a
// materialized view keeps two facts of each visit, and one query counts them into bench_result.
//
// It promises that every record that the topic had at the start is in the result, and its offset is committed, before it prints
// "done". It refuses to do any of the work itself: this program creates tables and waits.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	embedded "dwell/deploy/embedded/clickhouse"
)

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
	if len(args) > 0 && args[0] == "engine" {
		return runEngine(ctx, args[1:], out)
	}
	var j job
	var address, dir string
	flags := flag.NewFlagSet("clickhouse", flag.ContinueOnError)
	flags.StringVar(&j.brokers, "brokers", "127.0.0.1:9092", "bootstrap broker, host:port")
	flags.StringVar(&j.topic, "topic", "bench.events", "topic of the events")
	flags.IntVar(&j.partitions, "partitions", 8, "partitions of the topic")
	flags.StringVar(&j.group, "group", fmt.Sprintf("bench-clickhouse-%d", time.Now().UnixNano()), "consumer group; it must not have read the topic yet")
	flags.StringVar(&j.database, "database", "default", "database of bench_result")
	flags.IntVar(&j.consumers, "consumers", 1, "kafka_num_consumers")
	flags.StringVar(&address, "clickhouse", "", "URL of the HTTP interface of a running ClickHouse, with user and password")
	flags.StringVar(&dir, "data", "", "data folder of a ClickHouse that this program starts and stops")
	_ = flags.String("result", "", "not used: the result is the table bench_result")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if (address == "") == (dir == "") {
		return errors.New("give either --clickhouse or --data")
	}
	if dir != "" {
		var end func() error
		var err error
		if address, end, err = startEngine(ctx, dir); err != nil {
			return err
		}
		n, err := j.do(ctx, address)
		if err = errors.Join(err, end()); err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, "done", n)
		return err
	}
	n, err := j.do(ctx, address)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "done", n)
	return err
}

// runEngine makes this process a ClickHouse whose tables may read from Kafka, which dwell's embedded ClickHouse does not allow.
func runEngine(ctx context.Context, args []string, out io.Writer) error {
	cfg := embedded.Config{Unguarded: true}
	flags := flag.NewFlagSet("engine", flag.ContinueOnError)
	flags.StringVar(&cfg.Data, "data", "", "data folder")
	flags.StringVar(&cfg.Listen, "listen", "127.0.0.1:0", "address of the HTTP interface")
	flags.StringVar(&cfg.PasswordFile, "password-file", "", "file of the password that each request must have")
	if err := flags.Parse(args); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return embedded.RunChild(ctx, cfg, os.Stdin, out, log)
}

// startEngine starts this program a second time, as the ClickHouse process.
func startEngine(ctx context.Context, dir string) (address string, end func() error, err error) {
	passwordFile := filepath.Clean(dir) + ".password"
	password, err := embedded.CreatePassword(passwordFile)
	if err != nil {
		return "", nil, err
	}
	exe, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	child := embedded.NewChild([]string{exe, "engine", "--data", dir, "--password-file", passwordFile}, nil, os.Stderr)
	ended := make(chan error, 1)
	go func() { ended <- child.Run(ctx) }()
	end = func() error {
		cancel()
		return <-ended
	}
	select {
	case <-child.Ready():
		return (&url.URL{Scheme: "http", User: url.UserPassword(embedded.User, password), Host: child.Addr(), Path: "/"}).String(), end, nil
	case err := <-ended:
		cancel()
		return "", nil, err
	}
}
