package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/ingest/simulator"
)

type simulateCommand struct {
	From   string        `required:"" help:"First day (2026-01-05) or instant (RFC 3339)."`
	For    time.Duration `required:"" help:"How long, such as 168h."`
	Seed   uint64        `default:"1" help:"What chance does; the same seed gives the same events."`
	Speed  string        `default:"max" help:"How much faster than life: a number, or max."`
	Faults string        `help:"What goes wrong on the way: late=10%,duplicate=2%,retract=0.5%,lost=0.1%,cut=12h,skew=5m."`
	Places string        `default:"afghanistan" help:"Places file, or the name of one that is part of the program."`
	Out    string        `type:"path" help:"Write CloudEvents, one a line, to this file instead of Kafka; - is standard output."`
	Truth  string        `type:"path" help:"Write to this file what really happened to each visit, one JSON object a line."`
	Config string        `type:"path" help:"Configuration file that names the Kafka cluster."`
	Data   string        `type:"path" help:"Data folder of a dwell with embedded parts, in place of --config."`
}

func (c *simulateCommand) Run(ctx context.Context, e *env) (err error) {
	speed, err := c.speed()
	if err != nil {
		return err
	}
	cfg := defaultConfig()
	if c.Out == "" {
		if cfg, err = clientConfig(c.Config, c.Data, e); err != nil {
			return err
		}
	}
	cfg.Places = c.Places
	simCfg, err := c.simulation(cfg)
	if err != nil {
		return err
	}
	if c.Truth != "" {
		truth, err := createFile(c.Truth)
		if err != nil {
			return fmt.Errorf("--truth: %w", err)
		}
		defer func() { err = errors.Join(err, truth.Close()) }()
		enc := json.NewEncoder(truth)
		simCfg.Truth = func(l simulator.TruthLine) { err = errors.Join(err, enc.Encode(l)) }
	}
	sim, err := simulator.New(simCfg)
	if err != nil {
		return err
	}
	pace := pacer{speed: speed}
	if c.Out != "" {
		return c.toFile(ctx, e, sim, &pace)
	}
	return c.toKafka(ctx, e, cfg, sim, &pace)
}

func (c *simulateCommand) speed() (float64, error) {
	if c.Speed == "max" {
		return 0, nil
	}
	speed, err := strconv.ParseFloat(c.Speed, 64)
	if err != nil || speed <= 0 {
		return 0, fmt.Errorf("--speed: %q is neither a positive number nor max", c.Speed)
	}
	return speed, nil
}

func (c *simulateCommand) simulation(cfg Config) (simulator.Config, error) {
	from, err := time.Parse(time.RFC3339, c.From)
	if err != nil {
		if from, err = time.Parse(time.DateOnly, c.From); err != nil {
			return simulator.Config{}, fmt.Errorf("--from: %q is neither a day (2026-01-05) nor an instant (RFC 3339)", c.From)
		}
	}
	if c.For <= 0 {
		return simulator.Config{}, fmt.Errorf("--for: %v is not positive", c.For)
	}
	faults, err := simulator.ParseFaults(c.Faults)
	if err != nil {
		return simulator.Config{}, fmt.Errorf("--faults: %w", err)
	}
	var book *place.Book
	if book, err = cfg.book(); err != nil {
		return simulator.Config{}, fmt.Errorf("--places: %w", err)
	}
	return simulator.Config{Places: book, From: from, Until: from.Add(c.For), Seed: c.Seed, Faults: faults}, nil
}

func (c *simulateCommand) toFile(ctx context.Context, e *env, sim *simulator.Simulator, pace *pacer) error {
	w := io.WriteCloser(&buffered{bufio.NewWriter(e.out), nil})
	if c.Out != "-" {
		file, err := createFile(c.Out)
		if err != nil {
			return fmt.Errorf("--out: %w", err)
		}
		w = file
	}
	var line []byte
	for em, ok := sim.Next(); ok; em, ok = sim.Next() {
		if err := pace.wait(ctx, em.At, func() error { return nil }); err != nil {
			return errors.Join(err, w.Close())
		}
		line = append(event.AppendStructured(line[:0], sim.Vocabulary(), em.Event), '\n')
		if _, err := w.Write(line); err != nil {
			return errors.Join(err, w.Close())
		}
	}
	return w.Close()
}

func (c *simulateCommand) toKafka(ctx context.Context, e *env, cfg Config, sim *simulator.Simulator, pace *pacer) error {
	log := slog.New(slog.NewTextHandler(e.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, own, err := startOrJoin(ctx, cfg, e.out, log)
	if err != nil {
		return err
	}
	f := feed{producer: s.producer}
	begin := time.Now()
	for em, ok := sim.Next(); ok && err == nil; em, ok = sim.Next() {
		err = pace.wait(ctx, em.At, func() error { return f.flush(ctx) })
		if err == nil {
			err = f.simulated(ctx, sim.Vocabulary(), em)
		}
	}
	if err == nil {
		err = f.flush(ctx)
	}
	s.say("simulated", "%d events in %.1f s", f.written, time.Since(begin).Seconds())
	if own && err == nil {
		s.say("", "they are in %s; `dwell import` and `dwell serve` count them", cfg.Data)
	}
	return errors.Join(err, s.stop())
}

// pacer holds events back until their time has come; at speed 0 it does not.
type pacer struct {
	speed float64
	begun time.Time
	first int64
}

// wait waits for the instant at, Unix milliseconds; idle is called before a pause.
func (p *pacer) wait(ctx context.Context, at int64, idle func() error) error {
	if err := ctx.Err(); err != nil || p.speed == 0 {
		return err
	}
	if p.begun.IsZero() {
		p.begun, p.first = time.Now(), at
	}
	ahead := time.Duration(float64(at-p.first)*float64(time.Millisecond)/p.speed) - time.Since(p.begun)
	if ahead <= 0 {
		return nil
	}
	if err := idle(); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(ahead):
		return nil
	}
}

// buffered is a file that is written in large pieces.
type buffered struct {
	*bufio.Writer
	file *os.File
}

func createFile(path string) (*buffered, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &buffered{bufio.NewWriterSize(file, 1<<20), file}, nil
}

// Close writes what is left.
func (b *buffered) Close() error {
	err := b.Flush()
	if b.file != nil {
		err = errors.Join(err, b.file.Close())
	}
	return err
}

// clientConfig is the configuration of a command that works with a dwell's parts: those of a file, or those of a data
// folder.
func clientConfig(config, data string, e *env) (Config, error) {
	if config != "" && data != "" {
		return Config{}, fmt.Errorf("--config %q and --data %q exclude each other", config, data)
	}
	if data == "" {
		return loadConfig(config, e.environ)
	}
	cfg := defaultConfig()
	environ := e.environ[:0:0]
	for _, pair := range e.environ { // a data folder is whole in itself
		if strings.HasPrefix(pair, "DWELL_LIBCHDB=") || strings.HasPrefix(pair, "DWELL_PLACES=") {
			environ = append(environ, pair)
		}
	}
	if err := fromEnvironment(&cfg, environ); err != nil {
		return cfg, err
	}
	cfg.embed(data)
	return cfg, cfg.validate()
}
