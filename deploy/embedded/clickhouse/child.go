package clickhouse

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// stopTimeout is how long a child may take to finish its queries and close the engine.
const stopTimeout = 30 * time.Second

// addressPrefix begins the line on the child's standard output that has its address.
const addressPrefix = "listening "

// errOrphaned is why a child stops whose parent is gone. It ends the statements of clients then: waiting for them would keep the data
// folder from the parent's successor.
var errOrphaned = errors.New("the parent has ended")

// RunChild is the child's side: it listens, writes the address to out, and serves until ctx is done or in ends, which happens
// when the parent is gone. It ignores SIGINT, which a terminal sends to parent and child: the parent stops the child.
func RunChild(ctx context.Context, cfg Config, in io.Reader, out io.Writer, log *slog.Logger) error {
	log = log.With("component", "embedded-clickhouse")
	signal.Ignore(os.Interrupt)
	lib, err := Locate()
	if err != nil {
		return err
	}
	if !cfg.Unguarded {
		if err := confine(cfg.Data, lib, cfg.PasswordFile); err != nil {
			log.Warn("process not confined to its data folder; only the engine keeps clients from files and networks", "error", err)
		}
	}
	ln, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("embedded ClickHouse: %w", err)
	}
	if _, err := fmt.Fprintln(out, addressPrefix+ln.Addr().String()); err != nil {
		return errors.Join(fmt.Errorf("embedded ClickHouse: the parent has ended: %w", err), ln.Close())
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		_, _ = io.Copy(io.Discard, in)
		stop(errOrphaned)
	}()
	return Serve(ctx, lib, cfg, ln, log)
}

// Child is an embedded ClickHouse in a process of its own. It runs once.
type Child struct {
	command, env []string
	stderr       io.Writer
	ready        chan struct{}
	addr         string
	cmd          *exec.Cmd
}

// inherited are the variables of this process that the child gets: those by which it finds libchdb (Locate) and the C library
// finds itself, and the engine its time zone. The environment often holds secrets, which a process that runs statements of
// clients has no use for.
var inherited = []string{libraryVariable, "HOME", "XDG_CACHE_HOME", "LD_LIBRARY_PATH", "TZ", "TZDIR"}

// NewChild is a child that the command starts, a program and its arguments, which calls RunChild with its standard input and
// output. Its environment is what it inherits and env ("KEY=value"). What it writes to its standard error goes to stderr.
func NewChild(command, env []string, stderr io.Writer) *Child {
	return &Child{command: command, env: env, stderr: stderr, ready: make(chan struct{})}
}

// Ready is closed when the child answers queries.
func (c *Child) Ready() <-chan struct{} { return c.ready }

// Addr is host and port of the HTTP interface. It is known once Ready is closed.
func (c *Child) Addr() string { return c.addr }

// Kill ends the child at once, as a crash would. It may be called once Ready is closed; Run then returns an error.
func (c *Child) Kill() error { return c.cmd.Process.Kill() }

// Run starts the child and blocks until it has ended. When ctx is done the child gets SIGTERM, finishes its
// queries and closes the engine; then Run returns nil. Any other end is an error with the last line that the child wrote.
func (c *Child) Run(ctx context.Context) error {
	last := &lastLine{w: c.stderr}
	cmd := exec.CommandContext(ctx, c.command[0], c.command[1:]...)
	cmd.Env = append(environment(), c.env...)
	cmd.Stderr = last
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // keeps the terminal's Ctrl-C away from the child
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTimeout
	// The pipe ends with this process, and the child with the pipe. Linux's signal at the end of a parent would be lost where
	// the child confines itself: it belongs to a thread.
	in, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("embedded ClickHouse: %w", err)
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("embedded ClickHouse: %w", err)
	}
	c.cmd = cmd
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("embedded ClickHouse: %w", err)
	}
	read := make(chan error, 1)
	go func() { read <- c.watch(ctx, out) }()
	readErr := <-read
	err = cmd.Wait()
	if ctx.Err() != nil && cmd.ProcessState.Success() {
		return nil
	}
	if err == nil {
		err = cmp.Or(readErr, errors.New("it stopped by itself"))
	}
	if table := tooManyDamaged.FindSubmatch(last.tail); table != nil {
		return fmt.Errorf("embedded ClickHouse ended: %w: table %s has more damaged parts than ClickHouse sets aside at a start: "+
			"restore the data folder from a copy, or move its folder of tables away to count the log again", err, table[1])
	}
	if file := cannotOpen.FindSubmatch(last.tail); file != nil {
		return fmt.Errorf("embedded ClickHouse ended: %w: it cannot open what file %q defines, and says why above: "+
			"restore the data folder from a copy, or move its folder of tables away to count the log again", err, file[1])
	}
	if line := last.String(); line != "" {
		return fmt.Errorf("embedded ClickHouse ended: %w: %s", err, line)
	}
	return fmt.Errorf("embedded ClickHouse ended: %w", err)
}

func environment() []string {
	all := []string{} // nil would be that of this process
	for _, name := range inherited {
		if value, ok := os.LookupEnv(name); ok {
			all = append(all, name+"="+value)
		}
	}
	return all
}

// tooManyDamaged finds in what libchdb writes to standard error that it will not start, and the table because of which.
var tooManyDamaged = regexp.MustCompile(`Load job 'load table ([^']*)' failed: Code: 231\.`)

// cannotOpen finds in it the file of a database or a table that it cannot open.
var cannotOpen = regexp.MustCompile(`DB::Exception: .* from (?:metadata )?file (\S*(?:store|metadata)/\S+\.sql)\b`)

// watch reads the child's output to its end; the first line has the address.
func (c *Child) watch(ctx context.Context, out io.Reader) error {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		addr, ok := strings.CutPrefix(lines.Text(), addressPrefix)
		if !ok || c.addr != "" {
			continue
		}
		c.addr = addr
		go func() {
			if answers(ctx, addr) {
				close(c.ready)
			}
		}()
	}
	return lines.Err()
}

// answers waits until the server at addr does. The port is open already, so that one request waits as long as it must, and
// fails when the child ends.
func answers(ctx context.Context, addr string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/ping", nil)
	if err != nil {
		return false
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// lastLine passes on what it is given and remembers the last line that is not empty.
type lastLine struct {
	w    io.Writer
	tail []byte
}

func (l *lastLine) Write(p []byte) (int, error) {
	const enough = 32 << 10 // an exception of the engine has the whole definition of a table
	l.tail = append(l.tail, p...)
	if n := len(l.tail) - enough; n > 0 {
		l.tail = bytes.Clone(l.tail[n:])
	}
	return l.w.Write(p)
}

func (l *lastLine) String() string {
	lines := strings.Split(strings.TrimSpace(string(l.tail)), "\n")
	return lines[len(lines)-1]
}
