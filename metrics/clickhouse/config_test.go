package clickhouse

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"dwell/ingest/tlsdial"
)

func TestConfigErrorNamesKeyAndValue(t *testing.T) {
	for want, change := range map[string]func(*Config){
		`addresses: none given`:                                          func(c *Config) { c.Addresses = nil },
		`addresses: "host" is not host:port`:                             func(c *Config) { c.Addresses = []string{"h:1", "host"} },
		`database: "a b" is not a name of letters, digits and _`:         func(c *Config) { c.Database = "a b" },
		`cluster: "a;" is not a name of letters, digits and _`:           func(c *Config) { c.Cluster = "a;" },
		`compression: "rar" is not supported; use none, lz4 or zstd`:     func(c *Config) { c.Compression = "rar" },
		`pool_size: 0 is not positive`:                                   func(c *Config) { c.PoolSize = 0 },
		`dial_timeout: 0s is not positive`:                               func(c *Config) { c.DialTimeout = 0 },
		`read_timeout: -1ns is not positive`:                             func(c *Config) { c.ReadTimeout = -1 },
		`settings: "async_insert" is set by dwell and cannot be changed`: func(c *Config) { c.Settings = map[string]string{"async_insert": "1"} },
		`settings: "a b" is not a name of letters, digits and _`:         func(c *Config) { c.Settings = map[string]string{"a b": "1"} },
		`tls.enabled: false, but other tls keys are set`:                 func(c *Config) { c.TLS.CertFile = "c.pem" },
		`tls.ca_file: open /nowhere/ca.pem: no such file or directory`:   func(c *Config) { c.TLS = tlsdial.Config{Enabled: true, CAFile: "/nowhere/ca.pem"} },
	} {
		cfg := DefaultConfig()
		change(&cfg)
		if _, err := Connect(cfg); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
	if err := DefaultConfig().Validate(); err != nil {
		t.Errorf("the default is refused: %v", err)
	}
}

func TestPasswordIsNotLogged(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Password = "hunter2"
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("open", "config", cfg)
	if got := out.String(); strings.Contains(got, "hunter2") || !strings.Contains(got, "127.0.0.1:8123") {
		t.Errorf("logged: %s", got)
	}
}
