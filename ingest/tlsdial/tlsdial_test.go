package tlsdial_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"dwell/ingest/tlsdial"
)

// serve answers each connection with what a server without TLS says to a handshake, and hangs up.
func serve(t *testing.T, says string) (address string) {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1))
			_, _ = io.WriteString(conn, says)
			_ = conn.Close()
		}
	}()
	return ln.Addr().String()
}

func dial(t *testing.T, c tlsdial.Config, address string) error {
	t.Helper()
	config, err := c.Load()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := tlsdial.Dialer(config, "kafka", time.Minute)(context.WithoutCancel(t.Context()), "tcp", address)
	if err == nil {
		err = conn.Close()
	}
	return err
}

func TestTLSToPlainServerNamesTheKeyToChange(t *testing.T) {
	const keys = "set kafka.tls.enabled to false, or give the address of its TLS port"
	for name, c := range map[string]struct{ says, want string }{
		"hangs up":              {"", " may not speak TLS; if so, " + keys}, // it may be overloaded as well
		"answers in plain text": {"HTTP/1.0 400 Bad Request\r\n\r\n", " does not speak TLS; " + keys},
	} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, c.says)
			if err := dial(t, tlsdial.Config{Enabled: true}, address); err == nil || !strings.HasSuffix(err.Error(), address+c.want) {
				t.Errorf("error is %v, want %s", err, address+c.want)
			}
		})
	}
}

func TestUnknownAuthorityIsACertificateError(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	address := server.Listener.Addr().String()
	if err := dial(t, tlsdial.Config{Enabled: true}, address); err == nil || strings.Contains(err.Error(), "speak TLS") {
		t.Errorf("error is %v, want that of the certificate alone", err)
	}
	if err := dial(t, tlsdial.Config{Enabled: true, SkipVerify: true}, address); err != nil {
		t.Errorf("with skip_verify: %v", err)
	}
}

func TestContradictoryKeysAreRefused(t *testing.T) {
	for want, c := range map[string]tlsdial.Config{
		`tls.enabled: false, but other tls keys are set`:               {CAFile: "ca.pem"},
		`tls.cert_file "c.pem" and tls.key_file "": one is missing`:    {Enabled: true, CertFile: "c.pem"},
		`tls.skip_verify: true, but tls.ca_file "ca.pem" is given`:     {Enabled: true, SkipVerify: true, CAFile: "ca.pem"},
		`tls.ca_file: open /nowhere/ca.pem: no such file or directory`: {Enabled: true, CAFile: "/nowhere/ca.pem"},
		`tls.ca_file: "/dev/null" holds no certificate`:                {Enabled: true, CAFile: "/dev/null"},
		`tls.cert_file "/nowhere/c.pem", tls.key_file "k": open /nowhere/c.pem: no such file or directory`: {
			Enabled: true, CertFile: "/nowhere/c.pem", KeyFile: "k",
		},
	} {
		err := c.Validate()
		if err == nil {
			_, err = c.Load()
		}
		if err == nil || err.Error() != want {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
}
