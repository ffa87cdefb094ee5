package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"dwell/dashboards/overview"
	"dwell/ingest/simulator/player"

	"dwell/cmd/dwell/app"
)

type demoCommand struct {
	For    time.Duration `help:"Stop this long after the history has been told, and print a summary."`
	Data   string        `default:"data/demo" type:"path" help:"Folder of the demo; starting again goes on from it."`
	Listen string        `default:"127.0.0.1:8080" help:"Address of the page."`
	Seed   uint64        `default:"1" help:"What chance does. A data folder keeps the seed that it was begun with."`
	Speed  float64       `default:"60" help:"How much faster than life time goes: 60 is an hour a minute."`
	Places string        `default:"afghanistan" help:"Places file, or the name of one that is part of the program."`

	portFlags `embed:""`
}

// history is how far back a new demo begins, so that there is something to see.
const history = 3 * 24 * time.Hour

func (c *demoCommand) Run(ctx context.Context, e *env) error {
	if c.Speed <= 0 {
		return fmt.Errorf("--speed: %v is not positive", c.Speed)
	}
	cfg := app.DefaultConfig()
	cfg.Embed(c.Data)
	cfg.Listen, cfg.Places = c.Listen, c.Places
	if err := c.set(&cfg); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(e.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	st, err := readDemo(c.Data, c.Seed)
	if err != nil {
		return err
	}
	from := time.Now()
	if st.Last.After(from) { // it ran ahead of life before
		from = st.Last
	}
	clock := player.NewClock(from, c.Speed)
	app.CollectGarbage(e.environ)
	s, err := app.Serve(ctx, cfg, e.out, log, clock.Now)
	if err != nil {
		return unlessStopped(ctx, err)
	}
	sim, err := st.simulation(s)
	if err != nil {
		return errors.Join(err, s.Stop())
	}
	ahead := make(chan struct{})
	played := s.Go(ctx, "simulator", func(ctx context.Context) error {
		if err := player.Play(ctx, sim, clock, &demoFeed{feed{producer: s.Producer, voc: s.Vocabulary}, st}, func() { close(ahead) }); err != nil {
			return err
		}
		return errors.New("the simulation came to an end")
	})
	if err := s.Ready(ctx, "history", ahead); err != nil && ctx.Err() == nil {
		return errors.Join(err, s.Stop())
	}
	if c.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.For)
		defer cancel()
	}
	err = s.Wait(ctx)
	if c.For > 0 && err == nil {
		err = errors.Join(played.Stop(), summary(context.WithoutCancel(ctx), e, s))
	}
	return errors.Join(err, s.Stop())
}

// summary prints what the page shows, once all that was sent has been counted.
func summary(ctx context.Context, e *env, s *app.System) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := s.CaughtUp(ctx, func(int64) {}); err != nil {
		return err
	}
	b, err := s.Source.Board(ctx)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(e.out, "\n%-22s %9s %9s %11s %16s %16s\n", "BCP", "arrivals", "releases", "inside now", "median release", "p90 release")
	for i := range b.BCPs {
		_, _ = fmt.Fprintln(e.out, summaryLine(&b.BCPs[i]))
	}
	return nil
}

func summaryLine(b *overview.BCP) string {
	count := func(n *int64) string {
		if n == nil {
			return "unknown"
		}
		return fmt.Sprint(*n)
	}
	hours := func(seconds *float64) string {
		if seconds == nil {
			return "unknown"
		}
		return fmt.Sprintf("%.1f h", *seconds/3600)
	}
	return fmt.Sprintf("%-22s %9s %9s %11s %16s %16s", b.ID,
		count(b.Flow.Arrivals), count(b.Flow.Releases), count(b.Inside.Trucks), hours(b.ReleaseTime.P50Seconds), hours(b.ReleaseTime.P90Seconds))
}
