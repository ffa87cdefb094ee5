package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"dwell/dashboards/query"
	"dwell/deploy/embedded/broker"
	embedded "dwell/deploy/embedded/clickhouse"
	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/ingest/place"
	"dwell/metrics/clickhouse"
)

// System is what every command that works on data needs: Kafka, ClickHouse and the places, embedded or not.
//
//	broker (embedded) ──┐
//	                    ├── topics ── producer
//	clickhouse (child) ─┴── store
type System struct {
	*parts
	Config     Config
	Log        *slog.Logger
	Book       *place.Book
	Vocabulary *event.Vocabulary
	Store      *clickhouse.Store
	Producer   *kafka.Producer
	// A system that serves shows Source at Listening, host:port.
	Source    *query.Source
	Listening string

	folder *folder // nil where nothing is embedded
}

// Start starts what is embedded and connects to the rest. On an error, what has started is stopped.
func Start(ctx context.Context, cfg Config, out io.Writer, log *slog.Logger) (_ *System, err error) {
	s := &System{parts: newParts(out), Config: cfg, Log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
		}
	}()
	if s.Book, err = cfg.ReadPlaces(); err != nil {
		return nil, err
	}
	if s.Vocabulary, err = s.Book.Vocabulary(); err != nil {
		return nil, err
	}
	if cfg.Kafka.Embedded || cfg.ClickHouse.Embedded {
		if s.folder, err = ownFolder(cfg.Data); err != nil {
			return nil, err
		}
		s.Go(ctx, "folder", func(ctx context.Context) error {
			<-ctx.Done()
			return s.folder.release()
		})
	}
	if err := s.startClickHouse(ctx); err != nil {
		return nil, err
	}
	if err := s.startKafka(ctx); err != nil {
		return nil, err
	}
	if s.folder != nil {
		err = s.folder.announce(s.reachedAt())
	}
	return s, err
}

// reachedAt are the addresses of what is embedded.
func (s *System) reachedAt() (a Addresses) {
	if s.Config.Kafka.Embedded {
		a.Kafka = s.Config.Kafka.Brokers[0]
	}
	if s.Config.ClickHouse.Embedded {
		a.ClickHouse = s.Config.ClickHouse.Addresses[0]
	}
	return a
}

// beside makes the configuration of a program that works with the parts of another one, which owns the data folder.
func (c *Config) beside(a Addresses) error {
	if c.Kafka.Embedded && a.Kafka != "" {
		c.Kafka.Embedded, c.Kafka.Brokers, c.Kafka.NewReplication = false, []string{a.Kafka}, 1
	}
	if c.ClickHouse.Embedded && a.ClickHouse != "" {
		c.ClickHouse.Embedded, c.ClickHouse.Addresses = false, []string{a.ClickHouse}
		c.ClickHouse.Protocol, c.ClickHouse.Compression = "http", "none"
		return c.ClickHouse.Login(c.Data)
	}
	return nil
}

// passwordFile is that of the embedded ClickHouse in a data folder.
func (*ClickHouseConfig) passwordFile(data string) string {
	return filepath.Join(data, "clickhouse.password")
}

// Login sets the user and the password of the embedded ClickHouse in a data folder.
func (c *ClickHouseConfig) Login(data string) (err error) {
	c.User = embedded.User
	c.Password, err = embedded.Password(c.passwordFile(data))
	return err
}

// StartOrJoin starts what is embedded, or joins the program that has it open. Own says whether it has started it.
func StartOrJoin(ctx context.Context, cfg Config, out io.Writer, log *slog.Logger) (s *System, own bool, err error) {
	s, err = Start(ctx, cfg, out, log)
	var used *InUseError
	if !errors.As(err, &used) || used.Kafka == "" && used.ClickHouse == "" {
		return s, cfg.Kafka.Embedded, err
	}
	if err := cfg.beside(used.Addresses); err != nil {
		return nil, false, err
	}
	s, err = Start(ctx, cfg, out, log)
	return s, false, err
}

func (s *System) startClickHouse(ctx context.Context) error {
	c := &s.Config.ClickHouse
	if c.Embedded {
		if _, err := embedded.Locate(); err != nil {
			return err
		}
		if err := portFree("clickhouse.port", c.Port); err != nil {
			return err
		}
		self, err := os.Executable()
		if err != nil {
			return err
		}
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(c.Port))
		dir := filepath.Join(s.Config.Data, "clickhouse")
		child := embedded.NewChild([]string{self, "embedded-clickhouse", "--data", dir, "--listen", address, "--password-file", c.passwordFile(s.Config.Data)}, nil, os.Stderr)
		s.Go(ctx, "clickhouse", child.Run)
		if err := s.Ready(ctx, "clickhouse", child.Ready()); err != nil {
			return err
		}
		c.Addresses, c.Protocol, c.Compression = []string{child.Addr()}, "http", "none"
		if err := c.Login(s.Config.Data); err != nil {
			return err
		}
		s.Say("clickhouse", "embedded, http://%s, user %s, password in %s", child.Addr(), c.User, c.passwordFile(s.Config.Data))
	}
	store, err := clickhouse.Open(ctx, c.Config, s.Vocabulary)
	if err != nil {
		return err
	}
	s.Store = store
	s.Go(ctx, "store", func(ctx context.Context) error {
		<-ctx.Done()
		return store.Close()
	})
	if !c.Embedded {
		s.Say("clickhouse", "%s %v, database %s", c.Protocol, c.Addresses, c.Database)
	}
	return nil
}

func (s *System) startKafka(ctx context.Context) error {
	k := &s.Config.Kafka
	if k.Embedded {
		if err := portFree("kafka.port", k.Port); err != nil {
			return err
		}
		b, err := broker.New(broker.Config{DataDir: filepath.Join(s.Config.Data, "kafka"), Port: k.Port}, s.Log)
		if err != nil {
			return err
		}
		s.Go(ctx, "kafka", b.Run)
		is, now := once()
		go func() {
			if _, err := b.Addr(ctx); err == nil {
				now()
			}
		}()
		if err := s.Ready(ctx, "kafka", is); err != nil {
			return err
		}
		addr, err := b.Addr(ctx)
		if err != nil {
			return err
		}
		k.Brokers = []string{addr}
		k.NewReplication = 1
		s.Say("kafka", "embedded, %s", addr)
	} else {
		s.Say("kafka", "%v, topic %s", k.Brokers, k.Topic)
	}
	created, err := kafka.EnsureTopics(ctx, k.Config,
		kafka.NewTopic{Name: k.Topic, Partitions: k.NewPartitions, Replication: k.NewReplication, Retention: -1},
		kafka.NewTopic{Name: k.DeadLetterTopic, Partitions: 1, Replication: k.NewReplication, Retention: -1},
	)
	if err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	for _, t := range created {
		s.Log.Info("topic created", "topic", t)
	}
	if s.Producer, err = kafka.NewProducer(k.Config); err != nil {
		return err
	}
	s.Go(ctx, "producer", func(ctx context.Context) error {
		<-ctx.Done()
		s.Producer.Close()
		return nil
	})
	return nil
}

// portFree tries a port before a part is started on it.
func portFree(key string, port int) error {
	if port == 0 {
		return nil
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return cannotBind(key, address, err)
	}
	return ln.Close()
}

// cannotBind says in the system's own words why a port cannot be used.
func cannotBind(key, address string, err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return fmt.Errorf("%s: cannot bind %s: %w; stop the program that uses it, or choose another port", key, address, err)
}

// stopTimeout bounds how long the parts that serve people may take to stop.
const stopTimeout = 5 * time.Second
