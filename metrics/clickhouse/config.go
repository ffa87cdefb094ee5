package clickhouse

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"dwell/ingest/tlsdial"
)

// Config says where ClickHouse is and how to connect to it.
type Config struct {
	// Addresses are those of servers that hold the same tables, each host:port of the HTTP interface, which is port 8123, or
	// 8443 with TLS; they are tried in order.
	Addresses []string `yaml:"addresses"`
	// Database has the tables; it is created if it is missing.
	Database string `yaml:"database"`
	// User is the name to log in with.
	User string `yaml:"user"`
	// Password is the user's password; password_file keeps it out of this file.
	Password string `yaml:"password" example:"secret"`

	// TLS is how connections are encrypted, and which certificates they trust.
	TLS tlsdial.Config `yaml:"tls"`

	// Compression is how requests and responses are compressed: none, lz4 or zstd.
	Compression string `yaml:"compression"`
	// PoolSize is the maximum number of connections.
	PoolSize int `yaml:"pool_size"`
	// DialTimeout bounds how long it may take to connect.
	DialTimeout time.Duration `yaml:"dial_timeout"`
	// ReadTimeout is the longest wait for the server's next bytes, and so for one insert.
	ReadTimeout time.Duration `yaml:"read_timeout"`
	// Cluster is the name of a ClickHouse cluster with replicas: tables are then ReplicatedReplacingMergeTree, created on
	// the whole cluster. Empty is a single server. On a cluster set insert_quorum to auto in settings: without it a write
	// returns once one replica has it. List the replicas in the same order in all processes: each uses the first that it
	// reaches, and must find what another process has written.
	Cluster string `yaml:"cluster" example:"border"`
	// Settings are sent with every statement, such as insert_quorum or fsync_after_insert.
	Settings map[string]string `yaml:"settings" example:"{insert_quorum: auto}"`

	// Topic is the topic of events: dead letters that come from it are records of the shards.
	Topic string `yaml:"-"`
	// Program is said in the User-Agent of requests; empty is dwell's own. The embedded ClickHouse lends no connection of one program to
	// another, so what runs statements of people must say another name.
	Program string `yaml:"-"`
}

// Program is what dwell says in the User-Agent of its requests. The embedded ClickHouse keeps a part of its statements for it.
const Program = "dwell"

// DefaultConfig is for a server on this machine.
func DefaultConfig() Config {
	return Config{
		Addresses: []string{"127.0.0.1:8123"}, Database: "dwell", User: "default",
		Compression: "none", PoolSize: 8, DialTimeout: 5 * time.Second, ReadTimeout: 5 * time.Minute,
	}
}

var (
	compressions = map[string]driver.CompressionMethod{
		"none": driver.CompressionNone, "lz4": driver.CompressionLZ4, "zstd": driver.CompressionZSTD,
	}
	identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	// fixedSettings are those on which the package's guarantees depend.
	fixedSettings = []string{"async_insert", "max_partitions_per_insert_block"}
)

// Validate returns an error that names the first invalid key, and its value.
func (c Config) Validate() error {
	if len(c.Addresses) == 0 {
		return errors.New("addresses: none given")
	}
	for _, a := range c.Addresses {
		if err := tlsdial.CheckAddress(a); err != nil {
			return fmt.Errorf("addresses: %w", err)
		}
	}
	if !identifier.MatchString(c.Database) {
		return fmt.Errorf("database: %q is not a name of letters, digits and _", c.Database)
	}
	if c.Cluster != "" && !identifier.MatchString(c.Cluster) {
		return fmt.Errorf("cluster: %q is not a name of letters, digits and _", c.Cluster)
	}
	if _, ok := compressions[c.Compression]; !ok {
		return fmt.Errorf("compression: %q is not supported; use none, lz4 or zstd", c.Compression)
	}
	if c.PoolSize < 1 {
		return fmt.Errorf("pool_size: %d is not positive", c.PoolSize)
	}
	if c.DialTimeout <= 0 {
		return fmt.Errorf("dial_timeout: %v is not positive", c.DialTimeout)
	}
	if c.ReadTimeout <= 0 {
		return fmt.Errorf("read_timeout: %v is not positive", c.ReadTimeout)
	}
	for name := range c.Settings {
		if !identifier.MatchString(name) {
			return fmt.Errorf("settings: %q is not a name of letters, digits and _", name)
		}
		if slices.Contains(fixedSettings, name) {
			return fmt.Errorf("settings: %q is set by dwell and cannot be changed", name)
		}
	}
	return c.TLS.Validate()
}

// LogValue leaves the password out of logs.
func (c Config) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Any("addresses", c.Addresses), slog.String("database", c.Database),
		slog.String("user", c.User), slog.Bool("tls", c.TLS.Enabled), slog.String("cluster", c.Cluster),
	)
}

// inserts are the settings on which inserts depend. Retried blocks need no deduplication, as rows replace rows. A server that
// deduplicates may withhold the block from materialized views that the first try did not reach. No insert has two rows of the
// same key, so optimize_on_insert would only cost time.
var inserts = driver.Settings{
	"async_insert": 0, "insert_deduplicate": 0, "optimize_on_insert": 0, "max_partitions_per_insert_block": 0,
}

// options returns the options of the driver. An empty database is the server's default database. The settings are sent with
// every statement, those of the configuration besides.
func (c Config) options(database string, settings driver.Settings) (opts *driver.Options, err error) {
	settings = maps.Clone(settings)
	for name, value := range c.Settings {
		settings[name] = value
	}
	opts = &driver.Options{
		Protocol: driver.HTTP, Addr: c.Addresses, Settings: settings,
		Auth:        driver.Auth{Database: database, Username: c.User, Password: c.Password},
		DialTimeout: c.DialTimeout, ReadTimeout: c.ReadTimeout,
		MaxOpenConns: c.PoolSize, MaxIdleConns: c.PoolSize,
		Compression: &driver.Compression{Method: compressions[c.Compression]},
		ClientInfo:  driver.ClientInfo{Comment: []string{cmp.Or(c.Program, Program)}},
	}
	if opts.TLS, err = c.TLS.Load(); err != nil {
		return nil, err
	}
	compressors := compressorsOf(c.Compression)
	opts.TransportFunc = func(t *http.Transport) (http.RoundTripper, error) {
		t.IdleConnTimeout = idleTimeout
		if opts.TLS != nil {
			t.DialTLSContext = tlsdial.Dialer(opts.TLS, "clickhouse", c.DialTimeout)
		}
		return transport{next: t, compressors: compressors}, nil
	}
	return opts, nil
}
