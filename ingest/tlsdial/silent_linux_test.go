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
		"no handshake":  {silent(t), "no answer to the TLS handshake within 50ms"},
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
