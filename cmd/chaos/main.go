// Command chaos proves dwell under fault. It starts a broker, a ClickHouse and several `dwell serve` as processes of their
// own, with a network between them that it can trouble; sends simulated trucks; kills, freezes and cuts off one part after
// another at random, fills its disk; and at the end compares every visit and window with the truth.
//
// It promises that a seed gives the same faults in the same order on machines that allow the same ones, though not at the
// same microsecond; that an instance of dwell serve which exits by itself is a failure, whatever faults the others have; and
// that it exits with 0 only if there is no difference.
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
	Run    runCommand    `cmd:"" default:"withargs" help:"Break things for a while, and see whether the numbers hold."`
	Broker brokerCommand `cmd:"" hidden:"" help:"The broker process."`
}

type runCommand struct {
	Dwell  string        `default:"bin/dwell" type:"existingfile" help:"The program that is tried."`
	For    time.Duration `default:"5m" help:"How long things break."`
	Seed   uint64        `help:"Random seed; the same seed reproduces the same events and faults; 0 picks one."`
	Serves int           `default:"2" help:"How many dwell serve share the work."`
	Rate   int           `default:"700" help:"Events a second."`
	Outage time.Duration `help:"First of all ClickHouse is away for so long."`
	Dir    string        `type:"path" help:"Folder of data and logs, which is kept; a new one that goes when all is well."`
	Mounts bool          `hidden:"" help:"It runs where it may mount."`
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
		if code, err := ownMounts(ctx, append(os.Args[1:], "--mounts")); err == nil {
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
	if err := disksCanRunFull(dir); err != nil {
		fmt.Println("chaos: without full disks: this machine does not allow mounts:", err)
		disks = false
	}
	fmt.Printf("chaos: seed %d, for %v, %d serves, logs in %s\n", c.Seed, c.For, c.Serves, dir)
	b, err := startBorder(ctx, c.Dwell, dir, c.Serves, disks)
	if b != nil {
		defer func() { err = errors.Join(err, b.end(err != nil || c.Dir != "")) }()
	}
	if err == nil {
		err = c.tryBorder(ctx, b, filepath.Join(dir, "truth.jsonl"))
	}
	if err != nil {
		return fmt.Errorf("seed %d: %w", c.Seed, err)
	}
	return nil
}

// tryBorder injects faults until all events are sent, and compares the tables with the truth.
func (c *runCommand) tryBorder(ctx context.Context, b *border, truth string) error {
	n, l, err := c.breakThings(ctx, b, truth)
	if err != nil {
		return err
	}
	if err := b.caughtUp(ctx); err != nil {
		return err
	}
	if err := b.stopServes(); err != nil {
		return err
	}
	if err := b.refused(ctx, l.ahead); err != nil {
		return err
	}
	text, differences, err := b.audit(ctx, truth)
	if err != nil {
		return err
	}
	fmt.Print(text)
	starts := 0
	for _, p := range b.serves {
		starts += p.again
	}
	fmt.Printf("chaos: seed %d, %d events, %d faults (%d kills), %d starts in vain, %d writes that found no room, %d differences\n",
		c.Seed, l.sent, n.all, n.kills, starts, b.clickhouse.again, differences)
	if differences > 0 {
		return errors.New("the tables differ from what happened")
	}
	return nil
}

// count is the number of injected faults.
type count struct{ all, kills int }

// breakThings sends the load, and injects faults until all of it is sent.
func (c *runCommand) breakThings(ctx context.Context, b *border, truth string) (n count, l *load, err error) {
	events := int(c.For.Seconds() * float64(c.Rate))
	if l, err = newLoad(b.kafkaAddr, truth, events, c.Seed); err != nil {
		return n, nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	sent := make(chan error, 1)
	go func() { sent <- l.run(ctx, events, c.For, rand.New(rand.NewPCG(c.Seed, 1))) }()
	faults, r := faultsOf(b), rand.New(rand.NewPCG(c.Seed, 2))
	begin := time.Now()
	report := func(fault, what string) {
		n.all++
		if fault == "kill" || fault == "away" {
			n.kills++
		}
		fmt.Printf("%7.1fs  %-8s %s\n", time.Since(begin).Seconds(), fault, what)
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
			b.heal(ctx)
			return n, l, errors.Join(err, b.failure())
		case <-ctx.Done():
			return n, l, <-sent
		case <-time.After(between(r, 0, 2*time.Second)):
		}
		f := anyOf(faults, r)
		what, err := f.do(ctx, b, r)
		if err = errors.Join(err, b.failure()); err != nil {
			cancel(err)
			return n, l, errors.Join(fmt.Errorf("%s: %w", f.name, err), <-sent)
		}
		report(f.name, what)
	}
}
