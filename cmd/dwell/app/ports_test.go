package app

import (
	"net"
	"strings"
	"testing"
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
