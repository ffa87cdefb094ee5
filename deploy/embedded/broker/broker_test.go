package broker_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"dwell/deploy/embedded/broker"
	"dwell/deploy/embedded/broker/brokertest"
)

var discard = slog.New(slog.DiscardHandler)

const topic = "dwell.events"

// childDir makes this test binary the broker that a test kills: it serves the folder and prints its address.
const childDir = "DWELL_TEST_BROKER_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		serve(dir)
		return
	}
	os.Exit(m.Run())
}

func serve(dir string) {
	b, err := broker.New(broker.Config{DataDir: dir, Topics: []broker.Topic{{Name: topic, Partitions: 3}}},
		slog.New(slog.DiscardHandler))
	if err != nil {
		panic(err)
	}
	go func() {
		addr, err := b.Addr(context.Background())
		if err != nil {
			panic(err)
		}
		fmt.Println(addr)
	}()
	if err := b.Run(context.Background()); err != nil {
		panic(err)
	}
}

func TestRestartKeepsOffsetsAndGroupOffsets(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "broker")
	addr, stop := brokertest.StartStop(t, brokertest.DataDir(dir), brokertest.Topic(topic, 3))
	write(t, addr, 1, 0, 100)
	commit(t, addr, 1, 42)
	stop()

	addr = brokertest.Start(t, brokertest.DataDir(dir), brokertest.Topic(topic, 5))
	if n := partitions(t, addr); n != 3 {
		t.Errorf("topic has %d partitions after the restart, want the 3 it was created with", n)
	}
	if got := committed(t, addr, 1); got != 42 {
		t.Errorf("committed offset %d, want 42", got)
	}
	write(t, addr, 1, 100, 10)
	read(t, addr, 1, 110)
}

func TestAcknowledgedRecordsSurviveAKill(t *testing.T) {
	dir := t.TempDir()
	addr, kill := child(t, dir)
	write(t, addr, 2, 0, 5000)
	commit(t, addr, 2, 4321)
	kill()

	addr, kill = child(t, dir)
	read(t, addr, 2, 5000)
	if got := committed(t, addr, 2); got != 4321 {
		t.Errorf("committed offset %d, want 4321", got)
	}
	write(t, addr, 2, 5000, 7)
	kill()

	addr = brokertest.Start(t, brokertest.DataDir(dir))
	read(t, addr, 2, 5007)
}

func TestSecondBrokerOnOneFolderIsRefused(t *testing.T) {
	dir := t.TempDir()
	brokertest.Start(t, brokertest.DataDir(dir))
	b, err := broker.New(broker.Config{DataDir: dir}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	err = b.Run(t.Context())
	wantLine(t, err, fmt.Sprintf("%q is in use by process", dir))
	if _, addrErr := b.Addr(t.Context()); !errors.Is(addrErr, err) {
		t.Errorf("Addr returned %v, want the error of Run", addrErr)
	}
}

func TestPortInUseIsNamed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	port := l.Addr().(*net.TCPAddr).Port
	dir := t.TempDir()
	b, err := broker.New(broker.Config{DataDir: dir, Port: port}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	wantLine(t, b.Run(t.Context()), fmt.Sprintf("127.0.0.1:%d: address already in use", port))

	// The folder is free again: another port serves it.
	brokertest.Start(t, brokertest.DataDir(dir))
}

func TestConfiguredPortIsAdvertised(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	addr := brokertest.Start(t, brokertest.Port(port), brokertest.Topic(topic, 1))
	if want := "127.0.0.1:" + strconv.Itoa(port); addr != want {
		t.Errorf("address %q, want %q", addr, want)
	}
	write(t, addr, 0, 0, 1)
}

func TestInvalidConfigurationNamesKeyAndValue(t *testing.T) {
	for want, cfg := range map[string]broker.Config{
		"data folder: missing": {},
		"port: 70000":          {DataDir: "x", Port: 70000},
		`topic "a": partitions: 0`: {
			DataDir: "x", Topics: []broker.Topic{{Name: "a"}},
		},
	} {
		_, err := broker.New(cfg, slog.New(slog.DiscardHandler))
		wantLine(t, err, want)
	}
}

// child runs this test binary as a broker; kill is SIGKILL and waits.
func child(t *testing.T, dir string) (addr string, kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	t.Cleanup(kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the child broker did not say its address: %v", err)
	}
	return strings.TrimSpace(line), kill
}

// write appends records whose values are the numbers from first on.
func write(t *testing.T, addr string, partition, first, n int) {
	t.Helper()
	w := &kafka.Writer{
		Addr: kafka.TCP(addr), Topic: topic, RequiredAcks: kafka.RequireAll, BatchSize: 500,
		BatchTimeout: time.Millisecond,
		Balancer:     kafka.BalancerFunc(func(kafka.Message, ...int) int { return partition }),
	}
	defer func() { _ = w.Close() }()
	for i := 0; i < n; i += 500 {
		var ms []kafka.Message
		for j := i; j < min(i+500, n); j++ {
			ms = append(ms, kafka.Message{Value: []byte(strconv.Itoa(first + j))})
		}
		if err := w.WriteMessages(t.Context(), ms...); err != nil {
			t.Fatal(err)
		}
	}
}

// read checks that the partition holds exactly the numbers from 0 to n-1, in order.
func read(t *testing.T, addr string, partition, n int) {
	t.Helper()
	r := kafka.NewReader(kafka.ReaderConfig{
		Brokers: []string{addr}, Topic: topic, Partition: partition,
		MaxWait: 50 * time.Millisecond,
	})
	defer func() { _ = r.Close() }()
	for i := range n {
		m, err := r.ReadMessage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if m.Offset != int64(i) || string(m.Value) != strconv.Itoa(i) {
			t.Fatalf("record %d: offset %d value %q", i, m.Offset, m.Value)
		}
	}
	last, err := (&kafka.Client{Addr: kafka.TCP(addr)}).ListOffsets(t.Context(), &kafka.ListOffsetsRequest{
		Topics: map[string][]kafka.OffsetRequest{topic: {kafka.LastOffsetOf(partition)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if end := last.Topics[topic][0].LastOffset; end != int64(n) {
		t.Errorf("partition %d ends at %d, want %d", partition, end, n)
	}
}

func commit(t *testing.T, addr string, partition int, offset int64) {
	t.Helper()
	if err := tryCommit(t, addr, partition, offset); err != nil {
		t.Fatal(err)
	}
}

func tryCommit(t *testing.T, addr string, partition int, offset int64) error {
	t.Helper()
	r, err := (&kafka.Client{Addr: kafka.TCP(addr)}).OffsetCommit(t.Context(), &kafka.OffsetCommitRequest{
		GroupID: "dwell", GenerationID: -1,
		Topics: map[string][]kafka.OffsetCommit{topic: {{Partition: partition, Offset: offset}}},
	})
	if err != nil {
		return err
	}
	return r.Topics[topic][0].Error
}

func committed(t *testing.T, addr string, partition int) int64 {
	t.Helper()
	r, err := (&kafka.Client{Addr: kafka.TCP(addr)}).OffsetFetch(t.Context(), &kafka.OffsetFetchRequest{
		GroupID: "dwell", Topics: map[string][]int{topic: {partition}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r.Topics[topic][0].CommittedOffset
}

func partitions(t *testing.T, addr string) int {
	t.Helper()
	m, err := (&kafka.Client{Addr: kafka.TCP(addr)}).Metadata(t.Context(), &kafka.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		t.Fatal(err)
	}
	return len(m.Topics[0].Partitions)
}

func wantLine(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want one line that says %q", err, want)
	}
}
