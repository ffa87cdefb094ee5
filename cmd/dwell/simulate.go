package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"strconv"
	"time"

	"dwell/cmd/dwell/app"
	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/ingest/place"
	"dwell/ingest/simulator"
	"dwell/ingest/simulator/player"
)

type simulateCommand struct {
	From     string        `required:"" help:"First day (2026-01-05) or instant (RFC 3339)."`
	For      time.Duration `required:"" help:"How long, such as 168h. Into Kafka it ends at the present."`
	Seed     uint64        `default:"1" help:"Random seed; the same seed reproduces the same events."`
	Speed    string        `default:"max" help:"How much faster than life: a number, or max."`
	Faults   string        `help:"What goes wrong on the way: late=10%,duplicate=2%,retract=0.5%,lost=0.1%,cut=12h,skew=5m."`
	Scenario string        `type:"path" help:"What happens beside the usual, in this file (YAML): interventions, outages, holidays and variations, as ingest/simulator/README.md describes them."`
	Out      string        `type:"path" help:"Write CloudEvents, one per line, to this file instead of Kafka; - is standard output."`
	Truth    string        `type:"path" help:"Write to this file what really happened to each visit, one JSON object per line; - is standard output."`

	folderFlags `embed:""`
}

func (c *simulateCommand) Run(ctx context.Context, e *env) error {
	clock, speed, err := c.clock()
	if err != nil {
		return err
	}
	cfg, err := c.configuration(e.environ)
	if err != nil {
		return err
	}
	simCfg, err := c.simulation(cfg)
	if err != nil {
		return err
	}
	if c.Out == "" && !hasDemo(cfg) {
		if simCfg.Until, err = untilPresent(simCfg.From, simCfg.Until, time.Now(), speed); err != nil {
			return err
		}
	}
	if c.Truth != "" {
		truth, err := create(c.Truth, e.out)
		if err != nil {
			return fmt.Errorf("--truth: %w", err)
		}
		enc := json.NewEncoder(truth)
		simCfg.Truth = func(l simulator.TruthLine) { _ = enc.Encode(l) } // Close says so
		return errors.Join(c.play(ctx, e, cfg, simCfg, clock), under("--truth", truth.Close()))
	}
	return c.play(ctx, e, cfg, simCfg, clock)
}

// configuration is the one that the flags name. For a file of events no more of it counts than the places.
func (c *simulateCommand) configuration(environ []string) (app.Config, error) {
	switch {
	case c.Out == "":
		return c.load(environ)
	case c.Out == c.Truth:
		return app.Config{}, fmt.Errorf("--out and --truth are both %q; give them files of their own", c.Out)
	case c.Data != "":
		return app.Config{}, fmt.Errorf("--out %q and --data %q cannot be used together: the events go to a file or to a data folder", c.Out, c.Data)
	}
	cfg, err := app.ReadConfig(c.Config, environ)
	if err == nil && c.Places != "" {
		cfg.Places = c.Places
	}
	return cfg, err
}

func (c *simulateCommand) play(ctx context.Context, e *env, cfg app.Config, simCfg simulator.Config, clock *player.Clock) error {
	sim, err := simulator.New(simCfg)
	if err != nil {
		return err
	}
	if c.Out != "" {
		return c.toFile(ctx, e, sim, clock)
	}
	return c.toKafka(ctx, e, cfg, simCfg, sim, clock)
}

// clock is that of the simulation, which begins with the first event; none for --speed max, which is infinite.
func (c *simulateCommand) clock() (_ *player.Clock, speed float64, err error) {
	if c.Speed == "max" {
		return nil, math.Inf(1), nil
	}
	if speed, err = strconv.ParseFloat(c.Speed, 64); err == nil {
		err = player.CheckSpeed(speed)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("--speed: %q is neither max nor a number: %w", c.Speed, err)
	}
	return player.NewClock(time.Time{}, speed), speed, nil
}

// hasDemo reports whether events go to the data folder of a demo. Its topic takes events from the future, since a demo runs ahead of
// the clock.
func hasDemo(cfg app.Config) bool {
	_, err := os.Stat(demoFile(cfg.Data))
	return err == nil && cfg.Kafka.Embedded
}

// untilPresent is when a simulation ends that is to end at an instant, or before that when it overtakes the present: in a topic with
// LogAppendTime what is later is a dead letter, and in another one it would make open visits lapse.
func untilPresent(from, until, now time.Time, speed float64) (time.Time, error) {
	if from.After(now) {
		return until, fmt.Errorf("--from: %s is in the future: events from there are dead letters (future_time); choose the past, or a file with --out",
			from.Format(time.RFC3339))
	}
	if speed <= 1 {
		return until, nil
	}
	left := min(float64(now.Sub(from))/(speed-1), math.MaxInt64/2)
	if meets := now.Add(time.Duration(left)); meets.Before(until) {
		return meets, nil
	}
	return until, nil
}

func (c *simulateCommand) simulation(cfg app.Config) (simulator.Config, error) {
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
	if book, err = cfg.ReadPlaces(); err != nil {
		return simulator.Config{}, fmt.Errorf("--places: %w", err)
	}
	simCfg := simulator.Config{Places: book, From: from, Until: from.Add(c.For), Seed: c.Seed, Faults: faults}
	if c.Scenario != "" {
		text, err := os.ReadFile(c.Scenario)
		if err == nil {
			simCfg.Scenario, err = simulator.ParseScenario(text, from, book)
		}
		if err != nil {
			return simulator.Config{}, fmt.Errorf("--scenario: %w", named(c.Scenario, err))
		}
	}
	return simCfg, nil
}

// named begins an error with the file that it is about, unless it does.
func named(file string, err error) error {
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return err
	}
	return fmt.Errorf("%s: %w", file, err)
}

func (c *simulateCommand) toFile(ctx context.Context, e *env, sim *simulator.Simulator, clock *player.Clock) error {
	w, err := create(c.Out, e.out)
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	err = player.Play(ctx, sim, clock, lines{w}, nil)
	return cmp.Or(err, under("--out", w.Close())) // what could not be written cannot be written by Close either
}

// lines writes what is played as CloudEvents, one per line.
type lines struct{ to *buffered }

func (l lines) Add(_ context.Context, r event.Record) error {
	_, err := l.to.Write(append(r.Value, '\n'))
	return under("--out", err)
}

func (l lines) Flush(context.Context) error { return under("--out", l.to.Flush()) }

func (c *simulateCommand) toKafka(ctx context.Context, e *env, cfg app.Config, simCfg simulator.Config, sim *simulator.Simulator, clock *player.Clock) error {
	log := slog.New(slog.NewTextHandler(e.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, own, err := app.StartOrJoin(ctx, cfg, app.All, e.out, log)
	if err != nil {
		return err
	}
	if simCfg.Until.Before(simCfg.From.Add(c.For)) {
		s.Say("simulator", "stops at %s, when it reaches the present: later events would be dead letters (future_time)", simCfg.Until.UTC().Format(time.RFC3339))
	}
	to := kafka.NewBuffered(s.Producer)
	begin := time.Now()
	err = player.Play(ctx, sim, clock, arriving{to, hasDemo(cfg)}, nil)
	s.Say("simulated", "%d events in %.1f s", to.Written(), time.Since(begin).Seconds())
	if own && err == nil {
		s.Say("", "they are in %s; `dwell import` and `dwell serve` count them", cfg.Data)
	}
	return errors.Join(err, s.Stop())
}

// arriving is a topic in which no record arrives in the future, though the simulation delivers late events after its end.
type arriving struct {
	*kafka.Buffered
	demo bool
}

func (a arriving) Add(ctx context.Context, r event.Record) error {
	if !a.demo {
		r.Time = min(r.Time, time.Now().UnixMilli())
	}
	return a.Buffered.Add(ctx, r)
}

// buffered is a file that is written in large pieces.
type buffered struct {
	*bufio.Writer
	file *os.File
}

// create makes the file; - is out.
func create(path string, out io.Writer) (*buffered, error) {
	if path == "-" {
		return &buffered{bufio.NewWriter(out), nil}, nil
	}
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
		err = cmp.Or(err, b.file.Close())
	}
	return err
}

// under names the flag that an error is about.
func under(flag string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", flag, err)
}
