package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"dwell/cmd/dwell/app"
	embedded "dwell/deploy/embedded/clickhouse"
	"dwell/ingest/kafka/apachetest"
)

// group is some `dwell serve` that share the partitions of a cluster of Apache Kafka between them, and count into one
// ClickHouse.
type group struct {
	kafka      *apachetest.Cluster
	clickhouse string
	login      app.ClickHouseConfig
	partitions int
	members    []*member
}

// member is one `dwell serve`.
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
	stdin, err := clickhouse.StdinPipe() // it ends when its parent's end of the pipe is closed
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

// environ is the configuration of all that works with the group. Small flushes make more cuts.
func (g *group) environ() []string {
	return []string{
		"DWELL_KAFKA_BROKERS=" + strings.Join(g.kafka.Addrs(), ","), fmt.Sprintf("DWELL_KAFKA_NEW_PARTITIONS=%d", g.partitions),
		"DWELL_KAFKA_SESSION_TIMEOUT=6s", "DWELL_KAFKA_DRAIN_TIMEOUT=4s",
		"DWELL_CLICKHOUSE_ADDRESSES=" + g.clickhouse, "DWELL_CLICKHOUSE_PASSWORD=" + g.login.Password,
		"DWELL_CLICKHOUSE_PROTOCOL=http", "DWELL_CLICKHOUSE_COMPRESSION=none",
		"DWELL_ENGINE_FLUSH_EVERY=100ms", "DWELL_ENGINE_FLUSH_BYTES=300000",
	}
}

// join starts a member, which may take a while to be one.
func (g *group) join(t *testing.T) {
	t.Helper()
	m := &member{Cmd: g.run(t, "serve"), page: freeAddress(t), ended: make(chan struct{})}
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
			t.Logf("dwell serve at %s said:\n%s", m.page, &m.output)
		}
	})
	g.members = append(g.members, m)
}

// leave asks the member that joined first to stop.
func (g *group) leave(t *testing.T) {
	t.Helper()
	m := g.first(t, syscall.SIGTERM)
	if code := m.ProcessState.ExitCode(); code != 0 {
		t.Errorf("dwell serve at %s was asked to stop and exited with %d", m.page, code)
	}
}

// lose kills it.
func (g *group) lose(t *testing.T) {
	t.Helper()
	g.first(t, syscall.SIGKILL)
}

func (g *group) first(t *testing.T, s syscall.Signal) *member {
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

// partitions is how many it reads now.
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

// settles waits until every member has a share of the partitions, and each partition a member.
func (g *group) settles(t *testing.T) {
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

// imports imports a file again and again until stop, since an event counts once however often it comes, and returns when
// some of it is counted. One that a broker which ends takes with it is no failure.
func (g *group) imports(t *testing.T, file string) (stop func()) {
	t.Helper()
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			if text, err := g.run(t, "import", "events", file).CombinedOutput(); err != nil {
				t.Logf("import: %v\n%s", err, text)
			}
			select {
			case <-end:
				return
			default:
			}
		}
	}()
	stop = sync.OnceFunc(func() {
		close(end)
		<-ended
	})
	t.Cleanup(stop)
	g.counts(t)
	return stop
}

// counts waits until more is counted than is now.
func (g *group) counts(t *testing.T) {
	t.Helper()
	const counted = "SELECT toUInt64(sum(offset)) FROM dwell.progress FINAL"
	now := ask(t, g.clickhouse, g.login.Password, counted)
	until(t, "more is counted", func() bool { return ask(t, g.clickhouse, g.login.Password, counted) > now })
}

// run is a command with the group's configuration.
func (g *group) run(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := dwell(t, args...)
	cmd.Env = append(cmd.Env, g.environ()...)
	return cmd
}

// TestAGroupOverApacheKafkaGrowsAndShrinksUnderLoad: one, two and four processes count what trucks do, while some join,
// leave and are killed, and a broker is, too; at the end every visit is what really happened, and every window what the
// events say.
func TestAGroupOverApacheKafkaGrowsAndShrinksUnderLoad(t *testing.T) {
	apachetest.Need(t)
	acts := []struct {
		what string
		do   func(g *group)
	}{
		{"one is alone", func(*group) {}},
		{"a second joins", func(g *group) { g.join(t) }},
		{"two more join", func(g *group) { g.join(t); g.join(t) }},
		{"one leaves, and another is killed", func(g *group) { g.leave(t); g.lose(t) }},
		{"one joins while another leaves", func(g *group) { g.join(t); g.leave(t) }},
		{"a broker is killed, and comes back", func(g *group) { g.kafka.Kill(2); g.counts(t); g.kafka.Restart(2) }},
		{"one is killed", func(g *group) { g.lose(t) }},
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
	loads := cut(t, events, len(acts))

	g := startGroup(t, 8)
	g.join(t)
	g.settles(t)
	for i, act := range acts {
		stop := g.imports(t, loads[i])
		t.Log(act.what)
		act.do(g)
		g.settles(t)
		stop()
	}
	if text, err := g.run(t, "import", "events", events, "--wait").CombinedOutput(); err != nil {
		t.Fatalf("import: %v\n%s", err, text)
	}
	g.leave(t)
	text, err := g.run(t, "audit", "--truth", truth).CombinedOutput()
	if err != nil || !strings.Contains(string(text), "audit: 0 differences in") {
		t.Fatalf("audit: %v\n%s", err, text)
	}
	t.Logf("%s", text)
}

// cut cuts a file into some of about as many lines each.
func cut(t *testing.T, file string, parts int) (files []string) {
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
