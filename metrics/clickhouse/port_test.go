package clickhouse

import (
	"io"
	"net"
	"strings"
	"testing"
)

// A port of the native protocol answers HTTP with this; on ports 9000 and 9440 it is what is configured by mistake.
func TestNativePortIsReportedWithTheHTTPPort(t *testing.T) {
	native, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = native.Close() })
	go func() {
		for {
			c, err := native.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, "HTTP/1.0 400 Bad Request\r\n\r\nPort 9000 is for clickhouse-client program\r\nYou must use port 8123 for HTTP.\r\n")
			_ = c.Close()
		}
	}()
	cfg := DefaultConfig()
	cfg.Addresses = []string{native.Addr().String()}
	_, port, _ := net.SplitHostPort(cfg.Addresses[0])
	want := "port " + port + " is that of ClickHouse's native protocol: set clickhouse.addresses to its HTTP port, 8123, or 8443 with TLS"
	_, opened := Open(t.Context(), cfg, vocabulary(t))
	for name, err := range map[string]error{"check": Check(t.Context(), cfg), "open": opened} {
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: error is %v, want %s", name, err, want)
		}
	}
}

func TestPortsOfOtherProtocolsAreReported(t *testing.T) {
	for port, want := range map[string]string{
		"9000": "set clickhouse.addresses to its HTTP port, 8123",
		"9440": "set clickhouse.addresses to its HTTP port, 8123",
		"8443": "set clickhouse.tls.enabled to true",
	} {
		cfg := DefaultConfig()
		cfg.Addresses = []string{"clickhouse:" + port}
		if err := cfg.wayOut(net.ErrClosed); !strings.Contains(err.Error(), want) {
			t.Errorf("port %s: error is %v, want %s", port, err, want)
		}
	}
	cfg := DefaultConfig()
	if err := cfg.wayOut(net.ErrClosed); err.Error() != net.ErrClosed.Error() {
		t.Errorf("port 8123: error is %v", err)
	}
}
