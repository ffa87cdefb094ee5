// Command bench compares dwell with other stream processors: one workload, one machine, one run, alternating engines.
//
// It promises that an engine whose answer is not the oracle's is named with the first difference and gets no figure; that
// broker and database are processes of their own whose work is measured apart from the engine's; and that whatever it starts
// has ended when it ends.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	_ "time/tzdata" // the places file names a time zone, and the machine may have none

	"github.com/alecthomas/kong"

	"dwell/cmd/bench/workload"
)

type commands struct {
	Run    runCommand    `cmd:"" help:"Compare engines: load a broker, run each, check and measure."`
	Load   loadCommand   `cmd:"" help:"Write the workload to a topic, which is created where it is missing."`
	Check  checkCommand  `cmd:"" help:"Compare a result with the oracle: exits with 1 if it differs."`
	Places placesCommand `cmd:"" help:"Print the places file of the workload, which dwell needs."`
	Broker brokerCommand `cmd:"" help:"Run Apache Kafka, one node, until it is interrupted."`
	Guard  guardCommand  `cmd:"" help:"Fail if the figures on standard input have fallen, beside this machine's ceiling."`

	Latency latencyCommand `cmd:"" help:"Write so many events a second, and measure how long after that a viewer and a query see them."`
	History historyCommand `cmd:"" help:"Make the windows of five years in ClickHouse, and measure what the dashboards ask of them."`
}

// size is the size of the workload, as flags of every command that needs it.
type size struct {
	Events     int    `default:"10000000" help:"Number of records."`
	BCPs       int    `name:"bcps" default:"200" help:"Number of border crossing points."`
	Trucks     int    `default:"500000" help:"Number of trucks."`
	Partitions int    `default:"8" help:"Partitions of the topic; the last one is silent but for its first records."`
	Seed       uint64 `default:"1" help:"Random seed; the same seed reproduces the same events."`
}

func (s size) config() workload.Config {
	return workload.Config{Seed: s.Seed, Events: s.Events, BCPs: s.BCPs, Trucks: s.Trucks, Partitions: s.Partitions}
}

type placesCommand struct {
	BCPs int `name:"bcps" default:"200" help:"Number of border crossing points."`
}

func (c *placesCommand) Run() error {
	cfg := workload.Default()
	cfg.BCPs = c.BCPs
	_, err := os.Stdout.Write(workload.Places(cfg))
	return err
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	k := kong.Parse(&commands{}, kong.Name("bench"),
		kong.Description("dwell and other stream processors: the same trucks, the same machine, alternating."),
		kong.BindTo(ctx, (*context.Context)(nil)))
	err := k.Run()
	stop()
	k.FatalIfErrorf(err)
}
