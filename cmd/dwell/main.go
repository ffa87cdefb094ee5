// Command dwell watches how long trucks take to cross a land border.
//
// It promises one line on standard output for each part with its address, errors on standard error that name the flag,
// the key or the file and its value, and an ordered stop on SIGINT and SIGTERM, of which a second one ends it at once.
// It exits with 0 when it has done what was asked, 1 when it has not, and 80 when the command line makes no sense.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	_ "time/tzdata" // places name time zones, and the machine may have none

	"github.com/alecthomas/kong"

	"dwell/dashboards/visible"
)

func main() {
	os.Exit(run(untilSignal(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ()))
}

// untilSignal is a context that the first signal ends. The second one does not wait for the ordered stop: it ends the process, with the status that a
// shell gives to one that a signal has ended, also where the process was started with SIGINT ignored, as in the background of a script.
func untilSignal() context.Context {
	ctx, end := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		end()
		status := 1
		if s, is := (<-signals).(syscall.Signal); is {
			status = 128 + int(s)
		}
		os.Exit(status)
	}()
	return ctx
}

// commands are the command line. The text after help is what `dwell --help` prints.
type commands struct {
	Demo      demoCommand      `cmd:"" help:"Everything on this machine: broker, ClickHouse, simulator, engine and page."`
	Serve     serveCommand     `cmd:"" help:"Count events from Kafka into ClickHouse, and serve page, API and metrics."`
	Normalize normalizeCommand `cmd:"" help:"Make events of the messages of agencies' own topics, in a process of its own; dwell serve does it too."`
	Check     checkCommand     `cmd:"" help:"Check the configuration and reach every server it names."`
	Config    configCommand    `cmd:"" help:"Print the configuration in effect as YAML, with what each key is."`
	Simulate  simulateCommand  `cmd:"" help:"Simulate border crossing points, to Kafka or to a file."`
	Import    importCommand    `cmd:"" help:"Bring a file of events or of queue readings into Kafka."`
	Imports   importsCommand   `cmd:"" help:"The imports of files: list them, or take one back."`
	Post      postCommand      `cmd:"" help:"Post a file of events to a dwell over HTTP."`
	Token     tokenCommand     `cmd:"" help:"The tokens of those who may post events over HTTP."`
	Source    sourceCommand    `cmd:"" help:"Files of readings and events made elsewhere."`
	Audit     auditCommand     `cmd:"" help:"Recompute all visits and windows from the raw events, and compare."`

	Restatements restatementsCommand `cmd:"" help:"List the final windows that late events changed, and because of which."`

	Recount recountCommand `cmd:"" help:"Count all events again, by the rules that are now configured; every other process is stopped."`

	Rebuild rebuildCommand `cmd:"" help:"Copy all events into a new topic with other partitions."`

	Log logCommand `cmd:"" help:"The log of a partition, where it has lost records."`

	Annotations annotationsCommand `cmd:"" help:"What people know of BCPs that numbers do not say: list, add, remove or import it."`

	DeadLetters deadLettersCommand `cmd:"" help:"Messages that could not be used: list, show, correct and send again."`

	SQL sqlCommand `cmd:"" name:"sql" help:"Run a statement in ClickHouse and print what it returns."`

	Completion completionCommand `cmd:"" help:"Print a script that completes commands and flags in a shell."`

	Version     versionCommand   `cmd:"" help:"Print the version of this program."`
	VersionFlag kong.VersionFlag `name:"version" help:"Print the version of this program."`

	EmbeddedClickHouse embeddedCommand `cmd:"" name:"embedded-clickhouse" hidden:"" help:"The ClickHouse child process."`
}

// env is what a command has of the world outside. What it prints is made visible (package visible), whatever that has from outside.
type env struct {
	in       io.Reader
	out, err io.Writer
	environ  []string
}

func run(ctx context.Context, args []string, in io.Reader, stdout, stderr io.Writer, environ []string) int {
	out, errOut := visible.NewWriter(stdout), visible.NewWriter(stderr)
	defer func() { _ = errors.Join(out.Close(), errOut.Close()) }() // nobody is left to be told
	var line commands
	exit := -1
	parser, err := kong.New(&line,
		kong.Name("dwell"),
		kong.Description("How long trucks take to cross a land border, from the events of the agencies there."),
		kong.Vars{"version": versionLine()},
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exit = code }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(&env{in, out, errOut, environ}),
	)
	if err != nil {
		_, _ = fmt.Fprintf(errOut, "dwell: %v\n", err)
		return 1
	}
	parsed, err := parser.Parse(args)
	if exit >= 0 { // --help has been printed
		return exit
	}
	if err != nil {
		_, _ = fmt.Fprintf(errOut, "dwell: %v\n", err)
		return 80
	}
	switch err := parsed.Run(); {
	case err == nil:
		return 0
	case errors.Is(err, errDifferences):
		return 1
	case ctx.Err() != nil:
		_, _ = fmt.Fprintf(errOut, "dwell: interrupted: %v\n", err)
		return 1
	default:
		_, _ = fmt.Fprintf(errOut, "dwell: %v\n", err)
		return 1
	}
}
