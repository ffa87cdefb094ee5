package kafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// apacheJars is the folder of Apache Kafka's jars, over which make test-kafka runs the tests of this package in place of
// the embedded broker. Those that disturb a broker from within are left out.
var apacheJars = os.Getenv("APACHE_KAFKA_JARS")

// embeddedOnly leaves out a test that tells the embedded broker how to behave.
func embeddedOnly(t *testing.T) {
	t.Helper()
	if apacheJars != "" {
		t.Skip("it disturbs the embedded broker from within")
	}
}

// startApache starts a broker with the topics, until the test ends.
func startApache(t testing.TB, partitions int) (addr string) {
	t.Helper()
	port := freePort(t)
	startApacheIn(t, t.TempDir(), port, partitions)
	return fmt.Sprintf("127.0.0.1:%d", port)
}

// startApacheIn starts a broker of one node in KRaft mode, which keeps its log in a folder, until stop or the end of the
// test.
func startApacheIn(t testing.TB, dir string, port, partitions int) (stop func()) {
	t.Helper()
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	controller := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	properties := filepath.Join(dir, "server.properties")
	if err := os.WriteFile(properties, fmt.Appendf(nil, `
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@%[2]s
listeners=PLAINTEXT://%[1]s,CONTROLLER://%[2]s
advertised.listeners=PLAINTEXT://%[1]s
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=%[3]s
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
`, addr, controller, filepath.Join(dir, "log")), 0o600); err != nil {
		t.Fatal(err)
	}
	java := func(args ...string) *exec.Cmd {
		args = append([]string{"-Xmx512m", "-XX:TieredStopAtLevel=1", "-cp", filepath.Join(apacheJars, "*")}, args...)
		return exec.Command("java", args...)
	}
	if said, err := java("kafka.tools.StorageTool", "format", "-g", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", properties).CombinedOutput(); err != nil {
		t.Fatalf("format: %v\n%s", err, said)
	}
	var said bytes.Buffer
	server := java("kafka.Kafka", properties)
	server.Stdout, server.Stderr = &said, &said
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
		if t.Failed() {
			t.Logf("apache kafka said:\n%s", &said)
		}
	})
	t.Cleanup(stop)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	client := kafkago.Client{Addr: kafkago.TCP(addr)}
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		answer, err := client.CreateTopics(ctx, &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{
			{Topic: topic, NumPartitions: partitions, ReplicationFactor: 1},
			{Topic: letters, NumPartitions: 2, ReplicationFactor: 1},
		}})
		if err == nil && there(answer.Errors[topic]) && there(answer.Errors[letters]) {
			return stop
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("apache kafka does not answer: %v", err)
		}
	}
}

func there(err error) bool { return err == nil || errors.Is(err, kafkago.TopicAlreadyExists) }
