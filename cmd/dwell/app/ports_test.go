package app

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"dwell/dashboards/door"
)

func TestAddressIsPrintedAsConfigured(t *testing.T) {
	for _, host := range []string{"0.0.0.0", "127.0.0.1", "localhost", ""} {
		ln, err := net.Listen("tcp", host+":0")
		if err != nil {
			t.Fatal(err)
		}
		_, port, err := net.SplitHostPort(ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if got := listening(host+":0", ln.Addr()); got != host+":"+port || strings.HasSuffix(got, ":0") {
			t.Errorf("listening on %s:0 is printed as %s, want %s:%s", host, got, host, port)
		}
		_ = ln.Close()
	}
}

// The ClickHouse of a process that was killed has its port for another second, and one of a stranger has it for good.
func TestPortOfAKilledProcessIsWaitedFor(t *testing.T) {
	for _, c := range []struct {
		name                        string
		wait, heldFor, stoppedAfter time.Duration
		err                         error
		waited                      time.Duration
	}{
		{"it is given up in time", 5 * time.Second, time.Second + time.Millisecond, time.Hour, nil, time.Second + portTick},
		{"it is not given up", 5 * time.Second, time.Hour, 2 * time.Hour, syscall.EADDRINUSE, 5 * time.Second},
		{"this process is stopped meanwhile", 5 * time.Second, time.Hour, 10 * time.Millisecond, context.Canceled, 10 * time.Millisecond},
		{"it is not waited for", 0, time.Hour, 2 * time.Hour, syscall.EADDRINUSE, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			defer time.AfterFunc(c.heldFor, func() { _ = ln.Close() }).Stop()
			defer time.AfterFunc(c.stoppedAfter, stop).Stop()
			begun := time.Now()
			err = portFree(ctx, "clickhouse.port", ln.Addr().(*net.TCPAddr).Port, c.wait)
			if waited := time.Since(begun); !errors.Is(err, c.err) || waited != c.waited {
				t.Errorf("%s: %v after %v, want %v after %v", c.name, err, waited, c.err, c.waited)
			}
		})
	}
}

func TestPageIsNamedWherePeopleOpenIt(t *testing.T) {
	for external, want := range map[string]string{
		"":                          "http://0.0.0.0:8080",
		"https://dwell.example.org": "https://dwell.example.org, served on http://0.0.0.0:8080",
	} {
		if got := pageAddress(door.Config{ExternalURL: external}, "0.0.0.0:8080"); got != want {
			t.Errorf("external_url %q: page %s, want %s", external, got, want)
		}
	}
}

func TestAddressesThatNoPortCanBeOpenedAtAreRefused(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:0": "", ":8080": "", "[::1]:8080": "",
		"127.0.0.1": "is not host:port", "127.0.0.1:99999": `has port "99999"`, "127.0.0.1:-1": `has port "-1"`, "127.0.0.1:": `has port ""`,
	} {
		cfg := DefaultConfig()
		cfg.Embed("data")
		cfg.Listen, cfg.Web.Open = address, true
		err := cfg.Validate()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("listen %q: got error %v, want %q", address, err, want)
		}
		if strings.HasPrefix(address, ":") { // all addresses, which pprof may not have
			continue
		}
		cfg.Listen, cfg.Pprof = "127.0.0.1:0", address
		err = cfg.Validate()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("pprof %q: got error %v, want %q", address, err, want)
		}
	}
}
