package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"dwell/cmd/dwell/app"
	"dwell/dashboards/overview"
	"dwell/ingest/simulator/player"
	"dwell/ingest/source"
)

type demoCommand struct {
	For    time.Duration `help:"Stop this long after the history has been counted, and print a summary."`
	Data   string        `default:"data/demo" type:"path" help:"Folder of the demo; a restart continues from it."`
	Listen string        `default:"127.0.0.1:8080" help:"Address of the page."`
	Open   bool          `help:"Let everybody who reaches the address read everything, where it is more than this machine."`
	Seed   uint64        `default:"1" help:"Random seed; the same seed reproduces the same events. A data folder keeps the one that it was begun with."`
	Days   int           `default:"60" help:"How many days of history a new demo begins with."`
	Speed  float64       `default:"60" help:"How much faster than life time goes: 60 is an hour a minute."`
	Places string        `default:"afghanistan" help:"Places file, or the name of one that is part of the program."`

	portFlags `embed:""`
}

func (c *demoCommand) Run(ctx context.Context, e *env) error {
	if err := player.CheckSpeed(c.Speed); err != nil {
		return fmt.Errorf("--speed: %w", err)
	}
	if c.For < 0 {
		return fmt.Errorf("--for: %v is negative", c.For)
	}
	if c.Days < 1 || c.Days > 3650 {
		return fmt.Errorf("--days: %d is not in 1..3650", c.Days)
	}
	cfg := app.DefaultConfig()
	cfg.Embed(c.Data)
	cfg.Listen, cfg.Web.Open, cfg.Places = c.Listen, c.Open, c.Places
	cfg.Kafka.ProducerTimes = true // its clock runs ahead of the broker's
	if err := c.set(&cfg); err != nil {
		return err
	}
	book, err := cfg.ReadPlaces()
	if err != nil {
		return err
	}
	if len(book.Places) > 1 {
		cfg.Sources = map[string]source.Description{"demo": demoGate(book.Places[1].ID)}
	}
	log := slog.New(slog.NewTextHandler(e.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	st, err := readDemo(c.Data, c.Seed, c.Days)
	if err != nil {
		return err
	}
	from := time.Now()
	if st.Last.After(from) { // it ran ahead of life before
		from = st.Last
	}
	cfg.Dashboards.Query.Simulation = &overview.Simulation{From: st.From, HistoryUntil: from.UTC()}
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
	log.Warn("all data of the demo are made up by a simulation", "component", "demo", "places", c.Places, "seed", st.Seed)
	s.Say("simulator", "made-up events since %s, %v times as fast as life", st.From.Format(time.DateOnly), c.Speed)
	ways, err := newDemoWays(s, clock.Now())
	if err != nil {
		return errors.Join(err, s.Stop())
	}
	ahead := make(chan struct{})
	played := s.Go(ctx, "simulator", func(ctx context.Context) error {
		defer ways.Close()
		feed := &demoFeed{to: ways, state: st}
		err := player.Play(ctx, sim, clock, feed, func() {
			ways.live = true
			close(ahead)
		})
		if err != nil {
			return err
		}
		return errors.New("the simulation came to an end")
	})
	if err := history(ctx, s, st, clock, ahead); err != nil {
		return errors.Join(unlessStopped(ctx, err), s.Stop())
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

// history waits until all events up to now have been sent and counted, and reports the progress.
func history(ctx context.Context, s *app.System, st *demoState, clock *player.Clock, sent <-chan struct{}) error {
	day := func(until time.Time) int { return int(until.Sub(st.From) / (24 * time.Hour)) }
	doing := func() string {
		until, ok, err := s.Counted(ctx)
		if err != nil || !ok {
			until = st.From
		}
		return fmt.Sprintf("day %d of %d counted", day(until), day(clock.Now()))
	}
	if err := s.Ready(ctx, "history", sent, doing); err != nil {
		return err
	}
	if err := s.CaughtUp(ctx, func(int64) { s.Doing("history", doing()) }); err != nil {
		return err
	}
	s.Say("history", "%d days counted", day(clock.Now()))
	return nil
}

// summary prints what the page shows, once all that was sent has been counted.
func summary(ctx context.Context, e *env, s *app.System) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := s.CaughtUp(ctx, func(int64) {}); err != nil {
		return err
	}
	b, err := s.Source.Overview(ctx)
	if err != nil {
		return err
	}
	if b.Simulation != nil {
		_, _ = fmt.Fprintf(e.out, "\nmade-up data since %s", b.Simulation.From.Format(time.DateOnly))
	}
	_, _ = fmt.Fprintf(e.out, "\n%-22s %9s %9s %11s %12s %16s %16s   %s\n", "BCP", "arrivals", "releases", "inside now", "usual", "median release", "p90 release", "mostly held by")
	for i := range b.Places {
		_, _ = fmt.Fprintln(e.out, summaryLine(&b.Places[i]))
	}
	return nil
}

func summaryLine(b *overview.Place) string {
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
	return fmt.Sprintf("%-22s %9s %9s %11s %12s %16s %16s   %s", b.ID,
		count(b.Flow.Counts["arrivals"]), count(b.Flow.Counts["releases"]), count(b.Inside.Trucks), usually(&b.Usual), hours(b.ReleaseTime.P50Seconds), hours(b.ReleaseTime.P90Seconds), mostlyHeld(&b.Inside))
}

// usually is the range in which half of the usual numbers of trucks are.
func usually(u *overview.Usual) string {
	switch {
	case u.Median != nil:
		return fmt.Sprintf("%.0f to %.0f", *u.P25, *u.P75)
	case u.Reason == overview.PlaceClosed:
		return "closed"
	}
	return "unknown"
}

// mostlyHeld names the holder that has the most trucks inside, with the word presumably if most of those trucks are presumed.
func mostlyHeld(inside *overview.Inside) string {
	switch {
	case inside.Trucks == nil:
		return "unknown"
	case *inside.Trucks == 0:
		return "-"
	}
	trucks, presumed := map[string]int64{}, map[string]int64{}
	most := ""
	for _, h := range inside.ByHolder {
		trucks[h.Holder] += h.Trucks
		if h.Presumed != nil {
			presumed[h.Holder] += h.Trucks
		}
		if trucks[h.Holder] > trucks[most] {
			most = h.Holder
		}
	}
	if 2*presumed[most] > trucks[most] {
		return fmt.Sprintf("%s, presumably: %d", most, trucks[most])
	}
	return fmt.Sprintf("%s: %d", most, trucks[most])
}
