package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"
)

// portTick is how often a port that is in use is tried.
const portTick = 50 * time.Millisecond

// portFree tries a port before a part is started on it, for the time of wait while another process has it.
func portFree(ctx context.Context, key string, port int, wait time.Duration) error {
	if port == 0 {
		return nil
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	deadline := time.Now().Add(wait)
	for {
		ln, err := net.Listen("tcp", address)
		if err == nil {
			return ln.Close()
		}
		if !errors.Is(err, syscall.EADDRINUSE) || !time.Now().Before(deadline) {
			return cannotBind(key, address, err)
		}
		select {
		case <-time.After(portTick):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// listenable refuses what no port can be opened at: an address that is not host:port, where the host may be empty and a port of 0
// takes a free one.
func listenable(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is not host:port", address)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%q has port %q, which is not in 0..65535", address, port)
	}
	return nil
}

// listening is a configured address with the port that was taken for it. The system would call 0.0.0.0 "[::]", since it takes
// it for all addresses of both kinds.
func listening(configured string, taken net.Addr) string {
	host, _, errConfigured := net.SplitHostPort(configured)
	_, port, errTaken := net.SplitHostPort(taken.String())
	if errConfigured != nil || errTaken != nil {
		return taken.String()
	}
	return net.JoinHostPort(host, port)
}

// cannotBind says in the system's own words why a port cannot be used.
func cannotBind(key, address string, err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	}
	if call, ok := errors.AsType[*os.SyscallError](err); ok {
		err = call.Err
	}
	return fmt.Errorf("%s: cannot bind %s: %w; stop the program that uses it, or choose another port", key, address, err)
}
