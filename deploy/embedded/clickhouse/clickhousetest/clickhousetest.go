// Package clickhousetest gives tests a real ClickHouse engine.
//
// libchdb holds one data folder per process, so the engine runs in a child: the test binary itself, started a second time.
// A package that uses it hands its TestMain over:
//
//	func TestMain(m *testing.M) { clickhousetest.Main(m) }
//
// Start then gives each test a database of its own in one engine, which the package's tests share; Open starts an engine of
// the test's own on a folder, for what has to do with stopping and starting again. Where libchdb is missing, tests fail with
// the line that says what to do.
package clickhousetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	embedded "dwell/deploy/embedded/clickhouse"
)

// DataVariable is the environment variable that makes a test binary whose TestMain calls Main the process of an engine; it
// names the data folder.
const DataVariable = "DWELL_CLICKHOUSETEST_DATA"

// UnguardedVariable lets the clients of that engine reach files, networks and programs.
const UnguardedVariable = "DWELL_CLICKHOUSETEST_UNGUARDED"

// removeVariable makes that process remove the folder when it ends.
const removeVariable = "DWELL_CLICKHOUSETEST_REMOVE"

// Server is where a test finds its tables.
type Server struct {
	// Addr is host and port of ClickHouse's HTTP interface, Password that of its one user, default.
	Addr, Password string
	// Database is empty at first and dropped when the test ends.
	Database string
}

// URL is the address of the HTTP interface with the login in it, which Go's client, curl and others send as a header.
func (s Server) URL() string {
	return (&url.URL{Scheme: "http", User: url.UserPassword(embedded.User, s.Password), Host: s.Addr, Path: "/"}).String()
}

// shared is the engine of this test binary.
var shared struct {
	handed    bool // to Main
	once      sync.Once
	dir       string
	engine    *Engine
	err       error
	databases atomic.Int64
}

// Main runs the tests of a package, or the engine where this process is the child, and exits.
func Main(m *testing.M) {
	if dir := os.Getenv(DataVariable); dir != "" {
		os.Exit(child(dir))
	}
	shared.handed = true
	code := m.Run()
	if shared.engine != nil {
		if err := errors.Join(shared.engine.stop(), os.RemoveAll(shared.dir)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

func child(dir string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	cfg := embedded.Config{Data: dir, Listen: "127.0.0.1:0", PasswordFile: PasswordFile(dir), Own: "dwell", Unguarded: os.Getenv(UnguardedVariable) != ""}
	err := embedded.RunChild(ctx, cfg, os.Stdin, os.Stdout, log)
	if os.Getenv(removeVariable) != "" {
		_ = os.RemoveAll(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// Start gives the test a fresh database in the engine that the tests of this binary share.
func Start(t testing.TB) Server {
	t.Helper()
	shared.once.Do(func() {
		if !shared.handed {
			shared.err = fmt.Errorf("clickhousetest: the package has no `func TestMain(m *testing.M) { clickhousetest.Main(m) }`")
			return
		}
		if _, shared.err = embedded.Locate(); shared.err != nil {
			return
		}
		if shared.dir, shared.err = os.MkdirTemp("", "dwell-clickhouse-"); shared.err == nil {
			shared.engine, shared.err = start(filepath.Join(shared.dir, "data"), removeVariable+"=1")
		}
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	s := shared.engine.Server
	s.Database = fmt.Sprintf("test_%d", shared.databases.Add(1))
	exec(t, s, "CREATE DATABASE "+s.Database)
	t.Cleanup(func() { exec(t, s, "DROP DATABASE "+s.Database+" SYNC") })
	return s
}

// Options are how clickhouse-go connects to the server.
func (s Server) Options() *clickhouse.Options {
	return &clickhouse.Options{
		Protocol: clickhouse.HTTP, Addr: []string{s.Addr},
		Auth: clickhouse.Auth{Database: s.Database, Username: embedded.User, Password: s.Password},
	}
}

// Conn is a connection of clickhouse-go that is closed when the test ends.
func (s Server) Conn(t testing.TB) driver.Conn {
	t.Helper()
	conn, err := clickhouse.Open(s.Options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// Engine is an engine of a test's own.
type Engine struct {
	Server // its Database is default

	child *embedded.Child
	end   context.CancelFunc
	ended chan error
	once  sync.Once
	err   error
}

// Open starts an engine on a data folder; it stops when the test ends, or before by Stop or Kill. Its process gets env
// ("KEY=value") on top of this one's.
func Open(t testing.TB, dir string, env ...string) *Engine {
	t.Helper()
	if !shared.handed {
		t.Fatal("clickhousetest: the package has no `func TestMain(m *testing.M) { clickhousetest.Main(m) }`")
	}
	e, err := start(dir, env...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.stop() })
	return e
}

// Stop ends the engine in order and waits for it.
func (e *Engine) Stop(t testing.TB) {
	t.Helper()
	if err := e.stop(); err != nil {
		t.Fatal(err)
	}
}

// Kill ends the engine as kill -9 does and waits for it.
func (e *Engine) Kill(t testing.TB) {
	t.Helper()
	if err := e.child.Kill(); err != nil {
		t.Fatal(err)
	}
	e.once.Do(func() { t.Log("the engine, killed, ended with:", <-e.ended) })
	e.end()
}

func (e *Engine) stop() error {
	e.once.Do(func() {
		e.end()
		e.err = <-e.ended
	})
	return e.err
}

func start(dir string, env ...string) (*Engine, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	password, err := embedded.CreatePassword(PasswordFile(dir))
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithCancel(context.Background())
	e := &Engine{Server: Server{Password: password, Database: "default"}, end: end, ended: make(chan error, 1)}
	e.child = embedded.NewChild([]string{exe}, append(env, DataVariable+"="+dir), os.Stderr)
	go func() { e.ended <- e.child.Run(ctx) }()
	select {
	case <-e.child.Ready():
		e.Addr = e.child.Addr()
		return e, nil
	case err := <-e.ended:
		end()
		return nil, err
	}
}

// PasswordFile is the password file of a test engine, next to the data folder.
func PasswordFile(dir string) string { return filepath.Clean(dir) + ".password" }

func exec(t testing.TB, s Server, sql string) {
	t.Helper()
	response, err := http.Post(s.URL(), "text/plain", strings.NewReader(sql))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body bytes.Buffer
	if _, err := io.Copy(&body, response.Body); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", sql, body.String())
	}
}
