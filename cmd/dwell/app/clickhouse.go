package app

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	embedded "dwell/deploy/embedded/clickhouse"
	"dwell/metrics/clickhouse"
)

// startClickHouse starts the server, if it is embedded, and waits until it answers.
func (s *System) startClickHouse(ctx context.Context) error {
	c := &s.Config.ClickHouse
	if c.Embedded {
		if _, err := embedded.Locate(); err != nil {
			return err
		}
		// The child of a process that was just killed has the port for as long as it may have its folder.
		if err := portFree(ctx, "clickhouse.port", c.Port, embedded.OwnerWait); err != nil {
			return err
		}
		self, err := os.Executable()
		if err != nil {
			return err
		}
		if _, err := embedded.CreatePassword(c.passwordFile(s.Config.Data)); err != nil {
			return err
		}
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(c.Port))
		dir := filepath.Join(s.Config.Data, "clickhouse")
		child := embedded.NewChild([]string{self, "embedded-clickhouse", "--data", dir, "--listen", address, "--password-file", c.passwordFile(s.Config.Data)}, nil, os.Stderr)
		s.Go(ctx, "clickhouse", child.Run)
		if err := s.Ready(ctx, "clickhouse", child.Ready(), nil); err != nil {
			return err
		}
		c.Addresses, c.Compression = []string{child.Addr()}, "none"
		if err := c.Login(s.Config.Data); err != nil {
			return err
		}
		s.Say("clickhouse", "embedded, http://%s, user %s, password in %s", child.Addr(), c.User, c.passwordFile(s.Config.Data))
	}
	if !c.Embedded {
		s.Say("clickhouse", "%s, database %s", strings.Join(c.Addresses, ", "), c.Database)
	}
	return nil
}

// openStore makes the tables where they are missing.
func (s *System) openStore(ctx context.Context) error {
	cfg := s.Config.ClickHouse.Config
	cfg.Topic = s.Config.Kafka.Topic
	store, err := clickhouse.Open(ctx, cfg, s.Vocabulary)
	if err != nil {
		return err
	}
	s.Store = store
	s.Go(ctx, "store", func(ctx context.Context) error {
		<-ctx.Done()
		return store.Close()
	})
	return nil
}

// passwordFile is that of the embedded ClickHouse in a data folder.
func (*ClickHouseConfig) passwordFile(data string) string {
	return filepath.Join(data, "clickhouse.password")
}

// Login sets the user and the password of the embedded ClickHouse in a data folder.
func (c *ClickHouseConfig) Login(data string) (err error) {
	c.User = embedded.User
	c.Password, err = embedded.ReadPassword(c.passwordFile(data))
	return err
}
