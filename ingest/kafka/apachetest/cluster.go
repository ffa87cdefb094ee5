// Package apachetest starts Apache Kafka for the tests of other packages: one broker or a cluster of them, each a process
// of its own on loopback, in KRaft mode. make test-kafka fetches its jars, and runs the tests that want it; everywhere else
// they run over the embedded broker, or say why they are left out.
package apachetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

var jars = os.Getenv("APACHE_KAFKA_JARS")

// Wanted reports whether the tests are to run over Apache Kafka.
func Wanted() bool { return jars != "" }

// Need leaves out a test that runs over Apache Kafka alone.
func Need(t testing.TB) {
	t.Helper()
	if !Wanted() {
		t.Skip("it needs Apache Kafka, which make test-kafka fetches")
	}
}

// Config says what to start.
type Config struct {
	// Brokers is how many there are, numbered from 1; 0 is one. Each is a controller too.
	Brokers int
	// Topics have a replica on every broker.
	Topics []Topic
	// Properties are added to those of every broker.
	Properties map[string]string
	// Login is what clients have to do to be let in; nil lets in everybody.
	Login *Login
}

// Topic is a topic that is created.
type Topic struct {
	Name       string
	Partitions int
}

// Cluster is what runs.
type Cluster struct {
	t       testing.TB
	cfg     Config
	brokers []*broker
}

// broker is one process, and the addresses that it listens on.
type broker struct {
	id                            int
	dir, properties               string
	clients, brokers, controllers string
	cmd                           *exec.Cmd
	output                        bytes.Buffer
	ended                         chan struct{} // closed when cmd has ended; nil if no broker is to run
}

// waitTimeout is the time limit of every wait. It is generous, since no test measures time.
const waitTimeout = 2 * time.Minute

// Start starts the brokers, until the test ends, and returns when all of them have every topic.
func Start(t testing.TB, cfg Config) *Cluster {
	t.Helper()
	cfg.Brokers = max(cfg.Brokers, 1)
	c := &Cluster{t: t, cfg: cfg}
	ports := freePorts(t, 3*cfg.Brokers)
	for id := 1; id <= cfg.Brokers; id++ {
		c.brokers = append(c.brokers, &broker{
			id: id, dir: t.TempDir(), clients: ports[3*id-3], brokers: ports[3*id-2], controllers: ports[3*id-1],
		})
	}
	t.Cleanup(c.end) // before the folders go
	formatted := make([]error, cfg.Brokers)
	var formats sync.WaitGroup
	for i, b := range c.brokers {
		formats.Go(func() { formatted[i] = c.format(b) })
	}
	formats.Wait()
	if err := errors.Join(formatted...); err != nil {
		t.Fatal(err)
	}
	for _, b := range c.brokers {
		c.launch(b)
	}
	c.createTopics()
	c.awaitSync(c.brokers...)
	return c
}

// Addrs are where clients reach the brokers, host:port.
func (c *Cluster) Addrs() []string {
	var addrs []string
	for _, b := range c.brokers {
		addrs = append(addrs, b.clients)
	}
	return addrs
}

// Stop asks a broker to end, which gives its partitions to the others first, and waits until it has.
func (c *Cluster) Stop(id int) { c.signal(id, syscall.SIGTERM) }

// Kill ends a broker at once.
func (c *Cluster) Kill(id int) { c.signal(id, syscall.SIGKILL) }

// Restart starts a broker that has ended, and returns when it has every record again that the others have.
func (c *Cluster) Restart(id int) {
	c.t.Helper()
	b := c.brokers[id-1]
	c.launch(b)
	c.awaitSync(b) // the others may not have noticed yet that it was away
}

func (c *Cluster) signal(id int, s syscall.Signal) {
	c.t.Helper()
	b := c.brokers[id-1]
	if err := b.cmd.Process.Signal(s); err != nil {
		c.t.Fatalf("broker %d: %v", id, err)
	}
	<-b.ended
	b.ended = nil
}

// end kills what still runs.
func (c *Cluster) end() {
	for _, b := range c.brokers {
		if b.ended != nil {
			_ = b.cmd.Process.Kill()
			<-b.ended
		}
		if c.t.Failed() && b.output.Len() > 0 {
			c.t.Logf("output of broker %d:\n%s", b.id, &b.output)
		}
	}
}

// java starts small: no test has much to keep, and none runs for long.
func java(args ...string) *exec.Cmd {
	args = append([]string{"-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", filepath.Join(jars, "*")}, args...)
	return exec.Command("java", args...)
}

// format makes the folder in which a broker keeps its log.
func (c *Cluster) format(b *broker) error {
	b.properties = filepath.Join(b.dir, "server.properties")
	if err := os.WriteFile(b.properties, c.properties(b), 0o600); err != nil {
		return err
	}
	args := []string{"kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", b.properties}
	if output, err := java(append(args, c.cfg.Login.scram()...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("format broker %d: %w\n%s", b.id, err, output)
	}
	return nil
}

func (c *Cluster) launch(b *broker) {
	c.t.Helper()
	b.cmd = java("kafka.Kafka", b.properties)
	b.cmd.Stdout, b.cmd.Stderr = &b.output, &b.output
	if err := b.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	b.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan<- struct{}) {
		_ = cmd.Wait() // whether it was to end is known to who asks
		close(ended)
	}(b.cmd, b.ended)
}

// client is a way in that asks for no login, and remembers nothing for long.
func (c *Cluster) client(by ...*broker) *kafkago.Client {
	var addrs []string
	for _, b := range by {
		addrs = append(addrs, b.brokers)
	}
	transport := &kafkago.Transport{MetadataTTL: 100 * time.Millisecond}
	c.t.Cleanup(transport.CloseIdleConnections)
	return &kafkago.Client{Addr: kafkago.TCP(addrs...), Transport: transport}
}

func (c *Cluster) createTopics() {
	c.t.Helper()
	client := c.client(c.brokers...)
	var topics []kafkago.TopicConfig
	for _, topic := range c.cfg.Topics {
		topics = append(topics, kafkago.TopicConfig{
			Topic: topic.Name, NumPartitions: topic.Partitions, ReplicationFactor: c.cfg.Brokers,
		})
	}
	c.until("every topic is created", func(ctx context.Context) error {
		res, err := client.CreateTopics(ctx, &kafkago.CreateTopicsRequest{Topics: topics})
		if err != nil {
			return err
		}
		for _, topic := range topics {
			if err := res.Errors[topic.Topic]; err != nil && !errors.Is(err, kafkago.TopicAlreadyExists) {
				return err
			}
		}
		return nil
	})
}

// awaitSync waits until every partition is on all brokers that are to have it, as those say that are asked.
func (c *Cluster) awaitSync(asked ...*broker) {
	c.t.Helper()
	client := c.client(asked...)
	c.until("every partition is in sync", func(ctx context.Context) error {
		res, err := client.Metadata(ctx, &kafkago.MetadataRequest{})
		if err != nil {
			return err
		}
		if len(res.Brokers) < c.cfg.Brokers || len(res.Topics) < len(c.cfg.Topics) {
			return fmt.Errorf("%d brokers and %d topics are known", len(res.Brokers), len(res.Topics))
		}
		for _, topic := range res.Topics {
			for _, p := range topic.Partitions {
				if len(p.Isr) < len(p.Replicas) || p.Leader.Port == 0 {
					return fmt.Errorf("topic %q partition %d is on %d of %d brokers", topic.Name, p.ID, len(p.Isr), len(p.Replicas))
				}
			}
		}
		return nil
	})
}

// until tries until it succeeds, and ends the test when a broker has ended by itself.
func (c *Cluster) until(what string, try func(ctx context.Context) error) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), waitTimeout)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try(ctx)
		if err == nil {
			return
		}
		for _, b := range c.brokers {
			select {
			case <-b.ended:
				c.t.Fatalf("broker %d ended by itself", b.id)
			default:
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			c.t.Fatalf("timed out waiting until %s: %v", what, err)
		}
	}
}
