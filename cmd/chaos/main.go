// Command chaos tests dwell under faults. It starts a broker, a ClickHouse and several instances of `dwell serve`, each as a
// process, with proxies between them; sends the events of simulated trucks; meanwhile kills, freezes or cuts off one process
// after another at random, or fills its disk; and at the end compares every visit and window with the truth.
//
// It promises that a seed gives the same faults in the same order, though not at the same microsecond, on machines that all
// allow mounts or all do not; that an instance which has started and exits by itself is a failure, whatever faults the other
// processes have; and that it exits with 0 only if there is no difference.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	_ "time/tzdata" // places name time zones, and the machine may have none

	"github.com/alecthomas/kong"

	"dwell/deploy/embedded/broker"
)

type commands struct {
	Run    runCommand    `cmd:"" default:"withargs" help:"Inject faults while trucks cross, then compare the tables with the truth."`
	Broker brokerCommand `cmd:"" hidden:"" help:"The broker process."`
}

type runCommand struct {
	Dwell     string        `default:"bin/dwell" type:"existingfile" help:"The dwell program to test."`
	For       time.Duration `default:"5m" help:"How long to send events and inject faults."`
	Seed      uint64        `help:"Random seed; the same seed reproduces the same events and faults; 0 picks one."`
	Instances int           `default:"2" help:"Number of instances of dwell serve."`
	Rate      int           `default:"700" help:"Events per second."`
	Only      []string      `help:"Inject only the faults of these names, such as kill,cut."`
	Outage    time.Duration `help:"Before any other fault, stop ClickHouse for this long."`
	Dir       string        `type:"path" help:"Folder for data and logs, which is kept; without it a temporary one, removed unless the run fails."`
	Mounts    bool          `hidden:"" help:"Set in the child process that has a mount namespace."`
}

type brokerCommand struct {
	Data       string `required:""`
	Port       int    `required:""`
	Advertised string `required:""`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	k := kong.Parse(&commands{}, kong.Name("chaos"), kong.BindTo(ctx, (*context.Context)(nil)))
	k.FatalIfErrorf(k.Run())
}

func (c *brokerCommand) Run(ctx context.Context) error {
	b, err := broker.New(broker.Config{DataDir: c.Data, Port: c.Port, Advertised: c.Advertised}, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	return b.Run(ctx)
}

func (c *runCommand) Run(ctx context.Context) (err error) {
	if !c.Mounts {
		if code, err := runWithMounts(ctx, append(os.Args[1:], "--mounts")); err == nil {
			os.Exit(code)
		}
	}
	if c.Seed == 0 {
		c.Seed = uint64(time.Now().UnixNano()) % 1_000_000
	}
	dir := c.Dir
	if dir == "" {
		if dir, err = os.MkdirTemp("", "dwell-chaos-"); err != nil {
			return err
		}
	} else if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	disks := true
	if err := tryFullDisk(dir); err != nil {
		fmt.Println("chaos: without full disks: this machine does not allow mounts:", err)
		disks = false
	}
	fmt.Printf("chaos: seed %d, for %v, %d instances, logs in %s\n", c.Seed, c.For, c.Instances, dir)
	b, err := startBorder(ctx, c.Dwell, dir, c.Instances, disks)
	if b != nil {
		defer func() { err = errors.Join(err, b.end(err != nil || c.Dir != "")) }()
	}
	if err == nil {
		err = c.test(ctx, b, filepath.Join(dir, "truth.jsonl"))
	}
	if err != nil {
		return fmt.Errorf("seed %d: %w", c.Seed, err)
	}
	return nil
}

// test injects faults until all events are sent, and compares the tables with the truth.
func (c *runCommand) test(ctx context.Context, b *border, truth string) error {
	n, l, err := c.injectFaults(ctx, b, truth)
	if err != nil {
		return err
	}
	if err := b.caughtUp(ctx); err != nil {
		return err
	}
	if err := b.stopInstances(); err != nil {
		return err
	}
	if err := b.checkDeadLetters(ctx, l.own); err != nil {
		return err
	}
	if err := b.checkTrucks(ctx, l.own); err != nil {
		return err
	}
	forwarded, err := b.checkForwarded(ctx)
	if err != nil {
		return err
	}
	text, differences, err := b.audit(ctx, truth)
	if err != nil {
		return err
	}
	fmt.Print(text)
	starts := 0
	for _, p := range b.instances {
		starts += p.restarts
	}
	fmt.Printf("chaos: seed %d, %d events, %d records forwarded, %d faults (%d kills), %d failed starts of instances, %d exits on a full disk, %d differences\n",
		c.Seed, l.sent, forwarded, n.all, n.kills, starts, b.clickhouse.restarts, differences)
	if differences > 0 {
		return errors.New("the tables differ from the truth")
	}
	return nil
}

// faultCount is the number of injected faults.
type faultCount struct{ all, kills int }

// injectFaults sends the load, and injects faults until all events are sent.
func (c *runCommand) injectFaults(ctx context.Context, b *border, truth string) (n faultCount, l *load, err error) {
	faults, err := faultsOf(b, c.Only)
	if err != nil {
		return n, nil, err
	}
	events := int(c.For.Seconds() * float64(c.Rate))
	if l, err = newLoad(ctx, b.kafkaAddr, truth, events, c.Seed); err != nil {
		return n, nil, err
	}
	b.load = l
	defer func() { err = errors.Join(err, l.close()) }()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	sent := make(chan error, 1)
	go func() { sent <- l.run(ctx, events, c.For, rand.New(rand.NewPCG(c.Seed, 1))) }()
	r := rand.New(rand.NewPCG(c.Seed, 2))
	begin := time.Now()
	report := func(fault, what string) {
		n.all++
		if fault == "kill" || fault == "away" {
			n.kills++
		}
		fmt.Printf("%7.1fs  %-10s %s\n", time.Since(begin).Seconds(), fault, what)
	}
	if c.Outage > 0 {
		what, err := outage(ctx, b, c.Outage)
		if err = errors.Join(err, b.failure()); err != nil {
			cancel(err)
			return n, l, errors.Join(err, <-sent)
		}
		report("away", what)
	}
	for {
		select {
		case err := <-sent:
			return n, l, errors.Join(err, b.failure())
		case <-ctx.Done():
			return n, l, <-sent
		case <-time.After(between(r, 0, 2*time.Second)):
		}
		f := pick(faults, r)
		what, err := f.do(ctx, b, r)
		if err = errors.Join(err, b.failure()); err != nil {
			cancel(err)
			return n, l, errors.Join(fmt.Errorf("%s: %w", f.name, err), <-sent)
		}
		report(f.name, what)
	}
}
