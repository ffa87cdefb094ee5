package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	embedded "dwell/deploy/embedded/clickhouse"
)

// clickhouse is the embedded ClickHouse, running as a separate process.
type clickhouse struct {
	*process
	addr, password string // of its HTTP interface
}

// url returns the address with user and password.
func (c *clickhouse) url() string {
	return (&url.URL{Scheme: "http", User: url.UserPassword(embedded.User, c.password), Host: c.addr, Path: "/"}).String()
}

// startClickHouse runs a command that starts a ClickHouse with its tables in dir, and returns when it answers.
func startClickHouse(ctx context.Context, dir string, command ...string) (*clickhouse, error) {
	addrs, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	passwordFile := dir + ".password"
	password, err := embedded.CreatePassword(passwordFile)
	if err != nil {
		return nil, err
	}
	p, err := startProcess("clickhouse", filepath.Join(filepath.Dir(dir), "clickhouse.log"), nil,
		append(command, "--data", dir, "--listen", addrs[0], "--password-file", passwordFile)...)
	if err != nil {
		return nil, err
	}
	c := &clickhouse{p, addrs[0], password}
	err = c.waitUntil(ctx, "it answers", 100*time.Millisecond, func() (bool, error) {
		res, err := http.Get(c.url() + "ping")
		if err != nil {
			return false, nil // its port is not open yet
		}
		return res.StatusCode == http.StatusOK, res.Body.Close()
	})
	if err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

// awaitMerges waits until no merge is running: merges are part of the cost of a write.
func (c *clickhouse) awaitMerges(ctx context.Context) error {
	return c.waitUntil(ctx, "its merges are done", 200*time.Millisecond, func() (bool, error) {
		var running int
		err := query(ctx, c.url(), "SELECT count() FROM system.merges WHERE database != 'system'"+format, func(rows *json.Decoder) error {
			return rows.Decode(&[]any{&running})
		})
		return running == 0, err
	})
}
