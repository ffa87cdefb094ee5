package clickhouse_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"dwell/deploy/embedded/clickhouse"
	"dwell/deploy/embedded/clickhouse/clickhousetest"
	"dwell/deploy/embedded/folder"
)

func TestAcknowledgedInsertsSurviveAKill(t *testing.T) {
	dir := t.TempDir()
	engine := clickhousetest.Open(t, dir)
	s := engine.Server
	ask(t, s, nil, "CREATE DATABASE dwell")
	ask(t, s, nil, "CREATE TABLE dwell.t (x UInt64) ENGINE = ReplacingMergeTree ORDER BY x")
	ask(t, s, nil, "CREATE TABLE t (x UInt64) ENGINE = MergeTree ORDER BY x") // in the default database
	acknowledged := 0
	for round := range 3 {
		s = engine.Server
		for i := range 20 {
			row := fmt.Sprint(round*20 + i)
			ask(t, s, nil, "INSERT INTO dwell.t VALUES ("+row+")")
			ask(t, s, nil, "INSERT INTO t VALUES ("+row+")")
			acknowledged++
		}
		engine.Kill(t)
		engine = clickhousetest.Open(t, dir)
		s = engine.Server
		want := fmt.Sprintf("%d\t%d\n", acknowledged, acknowledged*(acknowledged-1)/2)
		for _, table := range []string{"dwell.t", "t"} {
			if got := ask(t, s, nil, "SELECT count(), sum(x) FROM "+table); got != want {
				t.Fatalf("after kill %d, %s holds %q, not %q", round+1, table, got, want)
			}
		}
	}
	engine.Stop(t)
}

func TestSecondServerOnOneFolderIsRefused(t *testing.T) {
	dir := t.TempDir()
	clickhousetest.Open(t, dir)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := clickhouse.Config{Data: dir, PasswordFile: clickhousetest.PasswordFile(dir)}
	err = clickhouse.Serve(t.Context(), "unused", cfg, ln, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), dir) || strings.Contains(err.Error(), "\n") {
		t.Fatalf("%v", err)
	}
}

func TestServerWithoutAPasswordDoesNotStart(t *testing.T) {
	dir := t.TempDir()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := clickhouse.Config{Data: filepath.Join(dir, "data"), PasswordFile: filepath.Join(dir, "password")}
	err = clickhouse.Serve(t.Context(), "unused", cfg, ln, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), cfg.PasswordFile) {
		t.Errorf("%v", err)
	}
}

func TestStopWaitsForRunningQueries(t *testing.T) {
	engine := clickhousetest.Open(t, t.TempDir())
	s := engine.Server
	ask(t, s, nil, "CREATE TABLE t (x UInt64) ENGINE = MergeTree ORDER BY x")
	answer := make(chan string, 1)
	go func() {
		response, err := http.Post(s.URL(), "", strings.NewReader("SELECT sum(sleepEachRow(0.1)) FROM numbers(20) SETTINGS max_block_size = 1 -- slow"))
		if err != nil {
			answer <- err.Error()
			return
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		answer <- string(text)
	}()
	for ask(t, s, nil, "SELECT count() FROM system.processes WHERE query LIKE '%-- slow' AND query NOT LIKE '%system.processes%'") == "0\n" {
		if t.Context().Err() != nil || len(answer) > 0 {
			t.Fatalf("the slow query is not seen at work: %q", <-answer)
		}
	}
	engine.Stop(t)
	if got := <-answer; got != "0\n" {
		t.Errorf("the slow query was answered with %q", got)
	}
}

func TestErrorOfAFailedChildHasItsLastLine(t *testing.T) {
	var log bytes.Buffer
	child := clickhouse.NewChild([]string{"sh", "-c", "echo first >&2; echo the disk is full >&2; exit 3"}, nil, &log)
	err := child.Run(t.Context())
	if err == nil || !strings.HasSuffix(err.Error(), "exit status 3: the disk is full") || log.String() != "first\nthe disk is full\n" {
		t.Errorf("%v, %q", err, log.String())
	}
	child = clickhouse.NewChild([]string{"/no/such/program"}, nil, &log)
	if err := child.Run(t.Context()); err == nil {
		t.Error("a program that is not there gives no error")
	}
}

func TestChildGetsNoSecretsOfTheEnvironment(t *testing.T) {
	t.Setenv("DWELL_KAFKA_SASL_PASSWORD", "sesame")
	t.Setenv("TZ", "Asia/Kabul")
	t.Setenv("XDG_CACHE_HOME", "/cache")
	var log bytes.Buffer
	child := clickhouse.NewChild([]string{"/bin/sh", "-c", "/usr/bin/env >&2"}, []string{"OWN=1"}, &log)
	_ = child.Run(t.Context()) // the shell is no engine
	var names []string
	for line := range strings.Lines(log.String()) {
		name, _, _ := strings.Cut(line, "=")
		names = append(names, name)
	}
	for _, name := range []string{"TZ", "XDG_CACHE_HOME", "OWN"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is missing in %q", name, names)
		}
	}
	known := []string{"DWELL_LIBCHDB", "HOME", "XDG_CACHE_HOME", "LD_LIBRARY_PATH", "TZ", "TZDIR", "OWN", "PWD", "SHLVL", "_"} // the last three are the shell's
	for _, name := range names {
		if !slices.Contains(known, name) {
			t.Errorf("the child got %s", name)
		}
	}
}

// TestChildSurvivesCtrlCAndEndsWithItsParent plays a parent that gets killed: this binary, run as a parent of the engine.
func TestChildSurvivesCtrlCAndEndsWithItsParent(t *testing.T) {
	dir := t.TempDir()
	parent, s := startParent(t, dir)
	if err := syscall.Kill(-parent.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	ask(t, s, nil, "CREATE TABLE t (x UInt64) ENGINE = MergeTree ORDER BY x")
	ask(t, s, nil, "INSERT INTO t VALUES (1)")
	answer := make(chan struct{})
	go func() { // of a client that stays
		defer close(answer)
		response, err := http.Post(s.URL(), "", strings.NewReader("SELECT sum(sleepEachRow(0.1)) FROM numbers(6000) SETTINGS max_block_size = 1 -- slow"))
		if err == nil {
			_ = response.Body.Close()
		}
	}()
	for ask(t, s, nil, "SELECT count() FROM system.processes WHERE query LIKE '%-- slow' AND query NOT LIKE '%system.processes%'") == "0\n" {
		if t.Context().Err() != nil {
			t.Fatal("the slow query is not seen at work")
		}
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	own, err := folder.Own(dir, 30*time.Second)
	if err != nil {
		t.Fatalf("after its parent was killed the child does not end: %v", err)
	}
	_ = own.Release()
	<-answer
	ln, err := net.Listen("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	_ = ln.Close()
}

// An INSERT waits for rows that its client does not send, which nothing can end. The parent is killed, and its successor gets the folder
// all the same, with what was acknowledged.
func TestChildEndsWithItsParentThoughAStatementDoesNot(t *testing.T) {
	dir := t.TempDir()
	parent, s := startParent(t, dir)
	ask(t, s, nil, "CREATE TABLE t (x UInt64) ENGINE = MergeTree ORDER BY x")
	ask(t, s, nil, "INSERT INTO t VALUES (1)")
	client, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	_, err = fmt.Fprintf(client, "POST /?query=INSERT+INTO+t+FORMAT+CSV&password=%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n", s.Password)
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(client).ReadString('\n') // is answered when the rows are read
	if err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	own, err := folder.Own(dir, clickhouse.OwnerWait)
	if err != nil {
		t.Fatalf("after its parent was killed the child does not end: %v", err)
	}
	_ = own.Release()
	next := clickhousetest.Open(t, dir)
	if got := ask(t, next.Server, nil, "SELECT count() FROM t"); got != "1\n" {
		t.Errorf("of one acknowledged row the successor has %q", got)
	}
}

// startParent starts this binary as a parent of the engine on a folder.
func startParent(t *testing.T, dir string) (*exec.Cmd, clickhousetest.Server) {
	t.Helper()
	if _, err := clickhouse.Locate(); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	parent := exec.Command(exe)
	parent.Env = append(os.Environ(), parentVariable+"="+dir)
	parent.Stderr = os.Stderr
	parent.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its group is what a terminal would send Ctrl-C to
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	password, err := clickhouse.ReadPassword(clickhousetest.PasswordFile(dir))
	if err != nil {
		t.Fatal(err)
	}
	return parent, clickhousetest.Server{Addr: strings.TrimSpace(addr), Password: password, Database: "default"}
}
