package tlsdial_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"dwell/ingest/tlsdial"
)

// A host that is off answers no packet, and one that has frozen no handshake: the address after it must be tried in time.
func TestSilentServerEndsTheDialBeforeItsContext(t *testing.T) {
	for name, c := range map[string]struct{ address, want string }{
		"no connection": {full(t), "i/o timeout"},
		"no handshake":  {silent(t), "no answer to the TLS handshake in time: "},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := tlsdial.Config{Enabled: true}.Load()
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err = tlsdial.Dialer(config, "kafka", 50*time.Millisecond)(ctx, "tcp", c.address)
			if err == nil || !strings.Contains(err.Error(), c.want) || ctx.Err() != nil {
				t.Errorf("error is %v, want %s; the context's is %v", err, c.want, ctx.Err())
			}
		})
	}
}

// A driver has a deadline of its own, which may come first, and a program that stops has none.
func TestSilentServerIsNamedAtTheDeadlineOfTheCaller(t *testing.T) {
	config, err := tlsdial.Config{Enabled: true}.Load()
	if err != nil {
		t.Fatal(err)
	}
	dial, address := tlsdial.Dialer(config, "kafka", time.Hour), silent(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := dial(ctx, "tcp", address); err == nil || !strings.Contains(err.Error(), address+" may not speak TLS") {
		t.Errorf("error is %v, want that the server may not speak TLS", err)
	}
	stopped, stop := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, stop)
	if _, err := dial(stopped, "tcp", address); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want that it was stopped", err)
	}
}

// silent is the address of a server that accepts connections and reads nothing.
func silent(t *testing.T) (address string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// full is an address at which the kernel drops each request for a connection: one waits already to be accepted.
func full(t *testing.T) (address string) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	at, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address = fmt.Sprintf("127.0.0.1:%d", at.(*syscall.SockaddrInet4).Port)
	first, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = first.Close() })
	return address
}
