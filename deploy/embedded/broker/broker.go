// Package broker is a Kafka broker inside this process, for one machine: a laptop, a demo, an analyst with one file.
//
// It promises that an acknowledged record is in the data folder before the producer hears of it, so that it survives the
// process being killed; that a restart resumes with the same topics, offsets and committed group offsets; and that one
// data folder is used by one process at a time. It listens on loopback only.
//
// On a full disk it accepts no writes, with errors after which clients retry, serves reads, and accepts writes again when there
// is room (room.go). One thing may be lost, where other programs fill the disk between a check
// and a write of less than a page: kfake then leaves half an entry in groups.log, and a kill before the next start in
// order forgets the group offsets committed after it. The log itself is cut back to whole batches.
//
// What is not a request of Kafka's protocol, or one that kfake would not survive, ends its connection and no more (guard.go). A batch
// that a consumer could not read is refused, and nothing of it is in the log (batch.go). Batches of topics with
// message.timestamp.type=LogAppendTime get the broker's time (batch.go).
//
// No offset is given twice: where a log is shorter than it was, it goes on behind its mark, or where somebody had read it up to
// (Topic.LeastEnds), and says what it has lost (marks.go, repair.go).
//
// A head of a batch that is damaged is put right before the log is opened, where its CRC tells how (heads.go).
//
// A file beside the log that is missing or damaged is named before anything is written, and made anew if nothing in it is used (state.go).
//
// A transaction that is open when the broker is killed is aborted, in the log too, and its producer is fenced (abandoned.go).
//
// A process that is killed while it joins a group does not keep partitions: kfake starts no session for a member whose
// JoinGroup it could not answer ((*group).reply), and would never remove it, so all sessions are started here too (ghost.go).
// It is removed within its session timeout and a second or two.
//
// It refuses to be more than that: one node, no replication, no authentication, and no promise against a loss of power,
// since writes rest in the operating system's page cache as Kafka's own do by default. A border's production runs on a
// Kafka cluster.
package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"dwell/deploy/embedded/folder"
)

// Config says where the broker listens and keeps its log.
type Config struct {
	// DataDir is the folder of the log; it is created if it is missing.
	DataDir string
	// Port is the port on 127.0.0.1, which is also the advertised one; 0 takes a free port.
	Port int
	// Advertised is the address in metadata responses, host:port, where a proxy stands between clients and the broker;
	// empty is the broker's own.
	Advertised string
	// Topics are created on start if they are missing. A topic that exists keeps the partitions it has.
	Topics []Topic
}

// Topic is a topic that the broker holds from its start.
type Topic struct {
	Name       string
	Partitions int
	// Configs is the configuration of a topic that is created.
	Configs map[string]string
	// LeastEnds are the offsets, by partition, up to which somebody has read the topic: none below is given again, also where log and
	// marks are older than that, or missing.
	LeastEnds []int64
}

// Validate names the key and the value that cannot be used.
func (c Config) Validate() error {
	if c.DataDir == "" {
		return errors.New("data folder: missing")
	}
	if c.Port < 0 || c.Port > 65535 {
		return fmt.Errorf("port: %d is not in 0..65535", c.Port)
	}
	if _, err := net.ResolveTCPAddr("tcp", c.Advertised); c.Advertised != "" && err != nil {
		return fmt.Errorf("advertised: %q is not host:port", c.Advertised)
	}
	for _, t := range c.Topics {
		if t.Name == "" {
			return errors.New("topic: a name is missing")
		}
		if t.Partitions < 1 {
			return fmt.Errorf("topic %q: partitions: %d is not positive", t.Name, t.Partitions)
		}
	}
	return nil
}

// Broker is one embedded broker. It runs once.
type Broker struct {
	cfg   Config
	log   *slog.Logger
	ready chan struct{}
	done  chan struct{}

	// own is the address that it listens on, whatever is advertised.
	own   string
	guard *guard
	// addr is set before ready is closed, err before done is.
	addr string
	err  error
}

// segmentBytes bounds what a start reads into memory at once: each segment is read whole to rebuild its index.
var segmentBytes = 64 << 20

// New checks the configuration and starts nothing.
func New(cfg Config, log *slog.Logger) (*Broker, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("embedded broker: %w", err)
	}
	return &Broker{cfg: cfg, log: log.With("component", "embedded-broker"), ready: make(chan struct{}), done: make(chan struct{})}, nil
}

// Run starts the broker and serves until ctx ends, then closes the log in order and returns nil. It may be called once.
func (b *Broker) Run(ctx context.Context) error {
	defer close(b.done)
	b.err = b.run(ctx)
	return b.err
}

func (b *Broker) run(ctx context.Context) error {
	data, err := folder.Own(b.cfg.DataDir, 0)
	if err != nil {
		return fmt.Errorf("embedded broker: %w", err)
	}
	defer func() { _ = data.Release() }()
	m, err := openMarks(filepath.Join(b.cfg.DataDir, "marks"), b.log)
	if err != nil {
		return fmt.Errorf("embedded broker: %w", err)
	}
	defer m.close()
	topics, err := b.checkState(m)
	if err != nil {
		return fmt.Errorf("embedded broker: %w", err)
	}
	if err := b.checkSums(data.Note); err != nil {
		return fmt.Errorf("embedded broker: %w", err)
	}
	if err := b.mendHeads(topics, m); err != nil {
		return fmt.Errorf("embedded broker: %w", err)
	}
	if err := b.forgetSums(data); err != nil {
		return fmt.Errorf("embedded broker: %w", err)
	}
	cluster, err := b.openWhole(m)
	if err != nil {
		return fmt.Errorf("embedded broker: %w", err)
	}
	defer func() {
		cluster.Close()
		if kept := b.keepSums(data); kept != nil {
			b.log.Warn("the next start will not notice damage of the broker's files", "error", kept)
		}
	}()
	(&room{b: b}).watch(cluster)
	ghosts := watchGhosts(cluster, b.log)
	b.addr = cluster.ListenAddrs()[0]
	b.log.Info("embedded broker is ready", "address", b.addr, "data", b.cfg.DataDir)
	close(b.ready)
	if err := ghosts.run(ctx, b.own); err != nil {
		return fmt.Errorf("embedded broker: %w", err)
	}
	return nil
}

// Addr waits until the broker is ready and returns its address, host:port. It returns an error when the broker has
// failed or stopped before it was ready, or when ctx ends first.
func (b *Broker) Addr(ctx context.Context) (string, error) {
	select {
	case <-b.ready:
		return b.addr, nil
	default:
	}
	select {
	case <-b.ready:
		return b.addr, nil
	case <-b.done:
		if b.err != nil {
			return "", b.err
		}
		return "", errors.New("embedded broker: stopped before it was ready")
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// openWhole opens the log. Where it is shorter than its marks, it is repaired first.
func (b *Broker) openWhole(m *marks) (*kfake.Cluster, error) {
	for repaired := false; ; repaired = true {
		cluster, err := b.open(m)
		if err != nil {
			return nil, err
		}
		err = b.create(cluster, m)
		var lost []loss
		if err == nil {
			lost, err = m.losses(cluster, b.cfg.DataDir)
		}
		var left []abandoned
		if err == nil && len(lost) == 0 {
			left, err = abandonedTransactions(m, cluster, b.cfg.DataDir)
		}
		if err == nil && len(lost) == 0 && len(left) == 0 {
			if err = forgetSnapshots(b.cfg.DataDir); err == nil {
				b.guard.open(cluster)
				return cluster, nil
			}
		}
		cluster.Close()
		if err == nil && repaired && len(left) > 0 {
			err = fmt.Errorf("partition %d of topic %q has a transaction of producer %d that cannot be aborted", left[0].partition, left[0].topic, left[0].producer)
		}
		if err == nil && repaired && len(lost) > 0 {
			err = fmt.Errorf("partition %d of topic %q lacks the offsets %d to %d, and cannot be repaired", lost[0].partition, lost[0].topic, lost[0].first, lost[0].last)
		}
		if err != nil {
			return nil, err
		}
		for _, a := range left {
			if err := a.end(b.cfg.DataDir); err != nil {
				return nil, err
			}
			b.log.Warn("a transaction was open when the broker was killed: it is aborted",
				"topic", a.topic, "partition", a.partition, "producer", a.producer, "epoch", a.producerEpoch)
		}
		for _, l := range lost {
			if err := l.repair(b.cfg.DataDir); err != nil {
				return nil, err
			}
			b.log.Error("the log has lost records that were acknowledged: their offsets are not given again",
				"topic", l.topic, "partition", l.partition, "first", l.first, "last", l.last, "records", l.last-l.first+1)
		}
	}
}

func (b *Broker) open(m *marks) (*kfake.Cluster, error) {
	cluster, err := kfake.NewCluster(
		kfake.Ports(b.cfg.Port),
		kfake.ListenFn(func(network, address string) (net.Listener, error) { return b.listen(network, address, m) }),
		kfake.DataDir(b.cfg.DataDir),
		kfake.ClusterID("dwell"),
		kfake.WithLogger(logger{b.log}),
		// A group whose processes were killed waits for their sessions to end, so short ones are allowed.
		kfake.GroupMinSessionTimeout(time.Second),
		kfake.BrokerConfigs(map[string]string{
			"log.segment.bytes": strconv.Itoa(segmentBytes),
			// Retention goes by the records' own timestamps, and an import brings records that are years old.
			"log.retention.ms":    "-1",
			"log.retention.bytes": "-1",
		}),
	)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("cannot bind 127.0.0.1:%d: address already in use; stop the program that uses it, or choose another port", b.cfg.Port)
	}
	if err != nil {
		return nil, fmt.Errorf("data folder %q: %w", b.cfg.DataDir, err)
	}
	return cluster, nil
}

// listen listens on an address, and reports the advertised one.
func (b *Broker) listen(network, address string, m *marks) (net.Listener, error) {
	ln, err := net.Listen(network, address)
	if err != nil {
		return nil, err
	}
	b.own = ln.Addr().String()
	b.guard = newGuard(ln, b.log, m)
	ln = b.guard
	if b.cfg.Advertised == "" {
		return ln, nil
	}
	addr, err := net.ResolveTCPAddr(network, b.cfg.Advertised)
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	return advertised{ln, addr}, nil
}

type advertised struct {
	net.Listener
	addr net.Addr
}

func (a advertised) Addr() net.Addr { return a.addr }

// create creates topics that are missing, and marks where the logs of topics end at least.
func (b *Broker) create(cluster *kfake.Cluster, m *marks) error {
	for _, t := range b.cfg.Topics {
		if cluster.TopicInfo(t.Name) == nil {
			if err := cluster.CreateTopic(t.Name, int32(t.Partitions), t.Configs); err != nil {
				return fmt.Errorf("create topic %q with %d partitions: %w", t.Name, t.Partitions, err)
			}
			b.log.Info("topic created", "topic", t.Name, "partitions", t.Partitions)
		}
		for _, p := range cluster.PartitionInfos(t.Name) {
			if int(p.Partition) < len(t.LeastEnds) && t.LeastEnds[p.Partition] > 0 {
				if err := m.raise(t.Name, p.Partition, t.LeastEnds[p.Partition]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// logger passes what kfake logs to slog, requests at level debug.
type logger struct{ log *slog.Logger }

func (l logger) Logf(level kfake.LogLevel, format string, args ...any) {
	to := slog.LevelDebug
	switch level {
	case kfake.LogLevelError:
		to = slog.LevelError
	case kfake.LogLevelWarn:
		to = slog.LevelWarn
	}
	if l.log.Enabled(context.Background(), to) {
		l.log.Log(context.Background(), to, fmt.Sprintf(format, args...))
	}
}
