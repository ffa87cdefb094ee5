package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

type brokerCommand struct {
	Jars string `type:"existingdir" required:"" help:"Folder of Apache Kafka's jars, as ingest/kafka/apachetest/fetch.sh prints it."`
	Dir  string `type:"path" required:"" help:"Folder of its log, which is kept."`
	Port int    `help:"Port to listen on; 0 takes a free one."`
}

func (c *brokerCommand) Run(ctx context.Context) error {
	b, err := startBroker(ctx, c.Jars, c.Dir, c.Port)
	if err != nil {
		return err
	}
	fmt.Println("listening", b.addr)
	select {
	case <-ctx.Done():
		return b.stop()
	case <-b.ended:
		return fmt.Errorf("the broker ended by itself:\n%s", tail(b.log))
	}
}

// broker is Apache Kafka, one node as broker and controller.
type broker struct {
	*process
	addr string
}

// startBroker starts a broker whose log is in dir, and returns when it answers.
func startBroker(ctx context.Context, jars, dir string, port int) (*broker, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	addrs, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	if port != 0 {
		addrs[0] = fmt.Sprintf("127.0.0.1:%d", port)
	}
	properties := filepath.Join(dir, "server.properties")
	if err := os.WriteFile(properties, []byte(brokerProperties(filepath.Join(dir, "log"), addrs[0], addrs[1])), 0o644); err != nil {
		return nil, err
	}
	classes := filepath.Join(jars, "*")
	format := exec.CommandContext(ctx, "java", "-cp", classes, "kafka.tools.StorageTool",
		"format", "--ignore-formatted", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", properties)
	if output, err := format.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("format the broker's folder: %w\n%s", err, output)
	}
	// The heap and the collector of Kafka's own start script.
	p, err := startProcess("broker", filepath.Join(dir, "broker.log"), nil,
		"java", "-Xmx1g", "-Xms1g", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-cp", classes, "kafka.Kafka", properties)
	if err != nil {
		return nil, err
	}
	b := &broker{p, addrs[0]}
	if err := p.waitUntil(ctx, "it coordinates groups", 100*time.Millisecond, func() (bool, error) { return b.coordinates(ctx), nil }); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return b, nil
}

// coordinates reports whether the group and transaction coordinators are ready; the broker makes their topics at the first
// request.
func (b *broker) coordinates(ctx context.Context) bool {
	client := &kafkago.Client{Addr: kafkago.TCP(b.addr), Timeout: time.Second}
	for _, of := range []kafkago.CoordinatorKeyType{kafkago.CoordinatorKeyTypeConsumer, kafkago.CoordinatorKeyTypeTransaction} {
		res, err := client.FindCoordinator(ctx, &kafkago.FindCoordinatorRequest{Key: "bench", KeyType: of})
		if err != nil || res.Error != nil {
			return false
		}
	}
	return true
}

// brokerProperties are Kafka's defaults, except for a single node and without retention by time, because the events are old.
func brokerProperties(log, clients, controllers string) string {
	return fmt.Sprintf(`process.roles=broker,controller
node.id=1
controller.quorum.voters=1@%[3]s
listeners=PLAINTEXT://%[2]s,CONTROLLER://%[3]s
advertised.listeners=PLAINTEXT://%[2]s
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=%[1]s
log.retention.ms=-1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=8
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
`, log, clients, controllers)
}

// freePorts are free loopback addresses.
func freePorts(n int) ([]string, error) {
	var addrs []string
	for range n {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = ln.Close() }() // all at the end, so that no two are the same
		addrs = append(addrs, ln.Addr().String())
	}
	return addrs, nil
}
