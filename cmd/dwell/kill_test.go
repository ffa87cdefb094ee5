package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"dwell/cmd/dwell/app"
)

// dwellProcess is a running `dwell serve`.
type dwellProcess struct {
	*exec.Cmd
	at     app.Addresses
	output bytes.Buffer
}

// dwell returns a command that runs this test binary as dwell.
func dwell(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), "DWELL_TEST_IS_DWELL=1")
	return cmd
}

// serveEmbedded starts `dwell serve` with embedded parts, and with what environ sets, and waits until it can be reached.
func serveEmbedded(t *testing.T, dir string, environ ...string) *dwellProcess {
	t.Helper()
	p := &dwellProcess{Cmd: dwell(t, "serve")}
	p.Env = append(p.Env, "DWELL_DATA="+dir, "DWELL_KAFKA_EMBEDDED=true", "DWELL_CLICKHOUSE_EMBEDDED=true",
		"DWELL_LISTEN=127.0.0.1:0", "DWELL_ENGINE_FLUSH_EVERY=50ms", "DWELL_ENGINE_FLUSH_BYTES=300000")
	p.Env = append(p.Env, environ...)
	p.Stdout, p.Stderr = &p.output, &p.output
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = p.Wait(); close(ended) }()
	until(t, "dwell serves", func() bool {
		select {
		case <-ended:
			t.Fatalf("dwell serve ended:\n%s", p.output.String())
		default:
		}
		text, err := os.ReadFile(filepath.Join(dir, "running.json"))
		return err == nil && json.Unmarshal(text, &p.at) == nil && p.at.Process == p.Process.Pid
	})
	return p
}

// until waits for a condition. The limit is so long that a slow machine does not reach it.
func until(t testing.TB, what string, is func() bool) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for tick := time.NewTicker(20 * time.Millisecond); !is(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s", what)
		}
	}
}

// ask asks an embedded ClickHouse for one number.
func ask(t *testing.T, clickhouse, password, sql string) int {
	t.Helper()
	res, err := http.Get("http://" + clickhouse + "/?query=" + url.QueryEscape(sql) + "&password=" + password)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatalf("%s: %s", sql, text)
	}
	return n
}

// TestKillsDuringAnImportLoseNothing kills dwell, with its broker and ClickHouse, four times while a file is imported and
// counted. At the end the audit finds no difference from the simulator's truth and from the raw events.
func TestKillsDuringAnImportLoseNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute, and other tests run the same code")
	}
	dir := t.TempDir()
	events, truth, data := filepath.Join(dir, "events.jsonl"), filepath.Join(dir, "truth.jsonl"), filepath.Join(dir, "data")
	e := &env{strings.NewReader(""), io.Discard, io.Discard, nil}
	simulate := simulateCommand{
		From: "2026-01-05", For: 96 * time.Hour, Seed: 11, Speed: "max", Faults: "late=10%,duplicate=2%,retract=0.5%",
		Out: events, Truth: truth,
	}
	if err := simulate.Run(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	var login app.ClickHouseConfig
	for kill := 1; kill <= 4; kill++ {
		p := serveEmbedded(t, data)
		if err := login.Login(data); err != nil {
			t.Fatal(err)
		}
		load := dwell(t, "import", "events", events, "--data", data)
		if err := load.Start(); err != nil {
			t.Fatal(err)
		}
		before := ask(t, p.at.ClickHouse, login.Password, "SELECT toUInt64(sum(offset)) FROM dwell.progress FINAL")
		until(t, fmt.Sprintf("import %d has been counted in part", kill), func() bool {
			return ask(t, p.at.ClickHouse, login.Password, "SELECT toUInt64(sum(offset)) FROM dwell.progress FINAL") > before+3000*kill
		})
		if err := p.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = load.Process.Kill()
		_ = load.Wait()
		until(t, "the killed process is gone", func() bool { return syscall.Kill(p.Process.Pid, 0) != nil })
	}
	p := serveEmbedded(t, data)
	if out, err := dwell(t, "import", "events", events, "--data", data, "--wait").CombinedOutput(); err != nil {
		t.Fatalf("import: %v\n%s\n%s", err, out, p.output.String())
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	until(t, "dwell has stopped", func() bool { return syscall.Kill(p.Process.Pid, 0) != nil })
	audit := dwell(t, "audit", "--data", data, "--truth", truth)
	text, err := audit.CombinedOutput()
	if err != nil || !strings.Contains(string(text), "audit: 0 differences in") {
		t.Fatalf("audit: %v\n%s", err, text)
	}
	t.Logf("%s", text)
}
