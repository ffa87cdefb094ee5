package main

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be dwell: for the scripts, for the tests that kill it, and for the ClickHouse child that
// dwell starts from its own executable.
func TestMain(m *testing.M) {
	if dir := os.Getenv("DWELL_TEST_IS_BROKER"); dir != "" {
		os.Exit(asBroker(dir))
	}
	if os.Getenv("DWELL_TEST_HANGS") != "" {
		hang()
	}
	if os.Getenv("DWELL_TEST_IS_DWELL") != "" || len(os.Args) > 1 && os.Args[1] == "embedded-clickhouse" {
		os.Exit(asDwell())
	}
	testscript.Main(m, map[string]func(){"dwell": func() { os.Exit(asDwell()) }})
}

func asDwell() int {
	var environ []string
	for _, pair := range os.Environ() {
		if pair != "DWELL_TEST_IS_DWELL=1" {
			environ = append(environ, pair)
		}
	}
	return run(untilSignal(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr, environ)
}

// hang is a process whose ordered stop has no end.
func hang() {
	ctx := untilSignal()
	_, _ = io.WriteString(os.Stdout, "runs\n")
	<-ctx.Done()
	_, _ = io.WriteString(os.Stdout, "stops\n")
	select {}
}

func TestScripts(t *testing.T) {
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	if testing.Short() { // the race detector sees as much in the small ones
		scripts = slices.DeleteFunc(scripts, func(file string) bool {
			return slices.Contains([]string{"week.txtar", "order.txtar", "recount.txtar"}, filepath.Base(file))
		})
	}
	testscript.Run(t, testscript.Params{
		Files: scripts,
		Setup: func(e *testscript.Env) error {
			e.Setenv("XDG_CACHE_HOME", cache) // where libchdb is; a script's HOME is its own
			return setPorts(e)
		},
	})
}

// setPorts tells a script two free ports of this machine, and one that is in use as long as the script runs.
func setPorts(e *testscript.Env) error {
	for _, name := range []string{"FREE_PORT", "OTHER_FREE_PORT", "PORT_IN_USE"} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		e.Defer(func() { _ = ln.Close() })
		_, port, err := net.SplitHostPort(ln.Addr().String())
		if err != nil {
			return err
		}
		e.Setenv(name, port)
		if name != "PORT_IN_USE" {
			defer func() { _ = ln.Close() }()
		}
	}
	return nil
}

func TestInterruptedCommandSaysSo(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	var out, errs strings.Builder
	code := run(ctx, []string{"simulate", "--from", "2026-01-05", "--for", "1h", "--out", "-"}, strings.NewReader(""), &out, &errs, nil)
	if code != 1 || errs.String() != "dwell: interrupted: context canceled\n" {
		t.Errorf("exit status %d, %q", code, errs.String())
	}
}
