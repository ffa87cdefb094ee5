package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"dwell/cmd/dwell/app"
	embedded "dwell/deploy/embedded/clickhouse"
	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/ingest/kafka/apachetest"
)

// group is several instances of `dwell serve` in one consumer group of an Apache Kafka cluster. They count into one
// ClickHouse.
type group struct {
	kafka      *apachetest.Cluster
	clickhouse string
	login      app.ClickHouseConfig
	partitions int
	members    []*member
}

// member is one instance of `dwell serve`.
type member struct {
	*exec.Cmd
	page   string
	output bytes.Buffer
	ended  chan struct{}
}

func startGroup(t *testing.T, partitions int) *group {
	t.Helper()
	g := &group{kafka: apachetest.Start(t, apachetest.Config{Brokers: 3}), clickhouse: freeAddress(t), partitions: partitions}
	data := t.TempDir()
	if _, err := embedded.CreatePassword(filepath.Join(data, "clickhouse.password")); err != nil {
		t.Fatal(err)
	}
	if err := g.login.Login(data); err != nil {
		t.Fatal(err)
	}
	clickhouse := dwell(t, "embedded-clickhouse", "--data", filepath.Join(data, "clickhouse"), "--listen", g.clickhouse,
		"--password-file", filepath.Join(data, "clickhouse.password"))
	stdin, err := clickhouse.StdinPipe() // the process ends when this is closed
	if err != nil {
		t.Fatal(err)
	}
	if err := clickhouse.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = clickhouse.Wait()
	})
	until(t, "clickhouse answers", func() bool {
		c, err := net.Dial("tcp", g.clickhouse)
		return err == nil && c.Close() == nil
	})
	return g
}

// environ is the configuration of the members, and of other commands that work with the group. With small flushes, more
// kills hit between two of them.
func (g *group) environ() []string {
	return []string{
		"DWELL_KAFKA_BROKERS=" + strings.Join(g.kafka.Addrs(), ","), fmt.Sprintf("DWELL_KAFKA_NEW_PARTITIONS=%d", g.partitions),
		"DWELL_KAFKA_SESSION_TIMEOUT=6s", "DWELL_KAFKA_DRAIN_TIMEOUT=4s",
		"DWELL_CLICKHOUSE_ADDRESSES=" + g.clickhouse, "DWELL_CLICKHOUSE_PASSWORD=" + g.login.Password,
		"DWELL_CLICKHOUSE_COMPRESSION=none",
		"DWELL_ENGINE_FLUSH_EVERY=100ms", "DWELL_ENGINE_FLUSH_BYTES=300000",
	}
}

// join starts a member. It may still be without partitions when join returns.
func (g *group) join(t *testing.T) {
	t.Helper()
	m := &member{Cmd: g.command(t, "serve"), page: freeAddress(t), ended: make(chan struct{})}
	m.Env = append(m.Env, "DWELL_LISTEN="+m.page)
	m.Stdout, m.Stderr = &m.output, &m.output
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = m.Wait(); close(m.ended) }()
	t.Cleanup(func() {
		_ = m.Process.Kill()
		<-m.ended
		if t.Failed() {
			t.Logf("output of dwell serve at %s:\n%s", m.page, &m.output)
		}
	})
	g.members = append(g.members, m)
}

// leave stops the oldest member in order.
func (g *group) leave(t *testing.T) {
	t.Helper()
	m := g.signalOldest(t, syscall.SIGTERM)
	if code := m.ProcessState.ExitCode(); code != 0 {
		t.Errorf("dwell serve at %s was asked to stop and exited with %d", m.page, code)
	}
}

// kill kills the oldest member.
func (g *group) kill(t *testing.T) {
	t.Helper()
	g.signalOldest(t, syscall.SIGKILL)
}

// signalOldest sends a signal to the member that joined first, and waits until it has exited.
func (g *group) signalOldest(t *testing.T, s syscall.Signal) *member {
	t.Helper()
	m := g.members[0]
	g.members = g.members[1:]
	if err := m.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
	<-m.ended
	return m
}

var assignedPartitions = regexp.MustCompile(`(?m)^dwell_kafka_assigned_partitions (\d+)$`)

// partitions returns how many partitions are assigned to the member.
func (m *member) partitions(t *testing.T) int {
	t.Helper()
	select {
	case <-m.ended:
		t.Fatalf("dwell serve at %s ended by itself", m.page)
	default:
	}
	res, err := http.Get("http://" + m.page + "/metrics")
	if err != nil {
		return 0 // it is still starting
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	found := assignedPartitions.FindSubmatch(text)
	if found == nil {
		t.Fatalf("no number of assigned partitions in %s", text)
	}
	n, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// waitBalanced waits until each partition is assigned, and every member has at least one.
func (g *group) waitBalanced(t *testing.T) {
	t.Helper()
	var shares []int
	until(t, fmt.Sprintf("%d members share the partitions", len(g.members)), func() bool {
		all, least := 0, g.partitions
		shares = shares[:0]
		for _, m := range g.members {
			n := m.partitions(t)
			all, least, shares = all+n, min(least, n), append(shares, n)
		}
		return all == g.partitions && least > 0
	})
	t.Logf("%d members have %v partitions", len(g.members), shares)
}

// importAndRepeat imports a file, and sends its events again and again until stop is called: an import sends no event twice, and an event
// counts once however often it comes. It returns when some of the file is counted. Both may fail when a broker is killed; the import of all
// files at the end then sends what is missing.
func (g *group) importAndRepeat(t *testing.T, file string) (stop func()) {
	t.Helper()
	records := recordsOf(t, file)
	cfg := kafka.DefaultConfig()
	cfg.Brokers = g.kafka.Addrs()
	producer, err := kafka.NewProducer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		defer producer.Close()
		if text, err := g.command(t, "import", "events", file).CombinedOutput(); err != nil {
			t.Logf("import: %v\n%s", err, text)
		}
		for {
			for some := range slices.Chunk(records, 100) {
				select {
				case <-end:
					return
				default:
				}
				if err := producer.Write(context.Background(), some...); err != nil {
					t.Logf("sending again: %v", err)
				}
			}
		}
	}()
	stop = sync.OnceFunc(func() {
		close(end)
		<-ended
	})
	t.Cleanup(stop)
	g.waitCount(t)
	return stop
}

// recordsOf are the events of a file.
func recordsOf(t *testing.T, file string) (records []event.Record) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var e struct{ Subject string }
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		records = append(records, event.StructuredRecord([]byte(e.Subject), bytes.Clone(lines.Bytes()), time.Now().UnixMilli()))
	}
	return records
}

// waitCount waits until more records are counted than at the call.
func (g *group) waitCount(t *testing.T) {
	t.Helper()
	const counted = "SELECT toUInt64(sum(offset)) FROM dwell.progress FINAL"
	now := ask(t, g.clickhouse, g.login.Password, counted)
	until(t, "more records are counted", func() bool { return ask(t, g.clickhouse, g.login.Password, counted) > now })
}

// command returns a dwell command with the group's configuration.
func (g *group) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := dwell(t, args...)
	cmd.Env = append(cmd.Env, g.environ()...)
	return cmd
}

// TestConsumerGroupOverApacheKafkaGrowsAndShrinksDuringImports lets instances join, leave and be killed while others count, and kills a
// broker. At the end the audit finds no difference from the simulator's truth and from the raw events.
func TestConsumerGroupOverApacheKafkaGrowsAndShrinksDuringImports(t *testing.T) {
	apachetest.Need(t)
	steps := []struct {
		what string
		do   func(g *group)
	}{
		{"one member is alone", func(*group) {}},
		{"a second joins", func(g *group) { g.join(t) }},
		{"two more join", func(g *group) { g.join(t); g.join(t) }},
		{"one leaves, and another is killed", func(g *group) { g.leave(t); g.kill(t) }},
		{"one joins while another leaves", func(g *group) { g.join(t); g.leave(t) }},
		{"a broker is killed, and comes back", func(g *group) { g.kafka.Kill(2); g.waitCount(t); g.kafka.Restart(2) }},
		{"one is killed", func(g *group) { g.kill(t) }},
	}
	dir := t.TempDir()
	events, truth := filepath.Join(dir, "events.jsonl"), filepath.Join(dir, "truth.jsonl")
	e := &env{strings.NewReader(""), io.Discard, io.Discard, nil}
	simulate := simulateCommand{
		From: "2026-01-05", For: 48 * time.Hour, Seed: 17, Speed: "max", Faults: "late=10%,duplicate=2%,retract=0.5%",
		Out: events, Truth: truth,
	}
	if err := simulate.Run(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	parts := split(t, events, len(steps))

	g := startGroup(t, 8)
	g.join(t)
	g.waitBalanced(t)
	for i, step := range steps {
		stop := g.importAndRepeat(t, parts[i])
		t.Log(step.what)
		step.do(g)
		g.waitBalanced(t)
		stop()
	}
	if text, err := g.command(t, "import", "events", events, "--wait").CombinedOutput(); err != nil {
		t.Fatalf("import: %v\n%s", err, text)
	}
	g.leave(t)
	text, err := g.command(t, "audit", "--truth", truth).CombinedOutput()
	if err != nil || !strings.Contains(string(text), "audit: 0 differences in") {
		t.Fatalf("audit: %v\n%s", err, text)
	}
	t.Logf("%s", text)
}

// split splits a file into parts with about the same number of lines.
func split(t *testing.T, file string, parts int) (files []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	for i := range parts {
		part := fmt.Sprintf("%s.%d", file, i)
		if err := os.WriteFile(part, bytes.Join(lines[i*len(lines)/parts:(i+1)*len(lines)/parts], nil), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, part)
	}
	return files
}

// freeAddress returns an address with a free port.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}
