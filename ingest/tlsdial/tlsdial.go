// Package tlsdial connects to servers with TLS as a configuration says. Kafka, ClickHouse and the collector of traces have
// the same keys, and their addresses the same form (CheckAddress).
//
// It promises TLS 1.2 or later, that files are read when Load is called and not before, and an error that says which key to
// change where a server does not speak TLS. It refuses keys that contradict one another, and never takes a certificate
// unchecked unless skip_verify says so.
package tlsdial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// Config says how connections to a server are encrypted and which certificates they trust. The zero value is no TLS.
type Config struct {
	// Enabled connects with TLS 1.2 or later.
	Enabled bool `yaml:"enabled" example:"true"`
	// CAFile is a PEM file of the certificate authorities to trust in place of the system's.
	CAFile string `yaml:"ca_file" example:"/etc/dwell/ca.pem"`
	// CertFile is a PEM file of this process's own certificate.
	CertFile string `yaml:"cert_file" example:"/etc/dwell/cert.pem"`
	// KeyFile is a PEM file of the key of that certificate.
	KeyFile string `yaml:"key_file" example:"/etc/dwell/key.pem"`
	// ServerName is the name that the server's certificate must have; empty takes the host of the address.
	ServerName string `yaml:"server_name" example:"server.example.org"`
	// SkipVerify accepts any certificate. It is for tests.
	SkipVerify bool `yaml:"skip_verify" example:"false"`
}

// Validate names the keys that cannot be used together, as they stand below the section of the server.
func (c Config) Validate() error {
	switch {
	case !c.Enabled && c != (Config{}):
		return errors.New("tls.enabled: false, but other tls keys are set")
	case (c.CertFile == "") != (c.KeyFile == ""):
		return fmt.Errorf("tls.cert_file %q and tls.key_file %q: one is missing", c.CertFile, c.KeyFile)
	case c.SkipVerify && c.CAFile != "":
		return fmt.Errorf("tls.skip_verify: true, but tls.ca_file %q is given", c.CAFile)
	}
	return nil
}

// Load reads the files. It returns nil where TLS is off.
func (c Config) Load() (*tls.Config, error) {
	if !c.Enabled {
		return nil, nil
	}
	loaded := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.ServerName, InsecureSkipVerify: c.SkipVerify}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("tls.ca_file: %w", err)
		}
		loaded.RootCAs = x509.NewCertPool()
		if !loaded.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("tls.ca_file: %q holds no certificate", c.CAFile)
		}
	}
	if c.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("tls.cert_file %q, tls.key_file %q: %w", c.CertFile, c.KeyFile, err)
		}
		loaded.Certificates = []tls.Certificate{pair}
	}
	return loaded, nil
}

// Dialer dials with TLS. Section is that of the configuration, such as "kafka": errors name its keys. Timeout bounds the
// connection to an address, and after it the handshake: of several addresses the next one is tried then, and a server that
// takes the handshake for the beginning of a long request would wait for the rest.
func Dialer(config *tls.Config, section string, timeout time.Duration) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		plain, err := (&net.Dialer{Timeout: timeout}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		config := config
		if config.ServerName == "" {
			config = config.Clone()
			if config.ServerName, _, err = net.SplitHostPort(address); err != nil {
				return nil, errors.Join(err, plain.Close())
			}
		}
		conn := tls.Client(plain, config)
		bound, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		err = conn.HandshakeContext(bound)
		if err == nil {
			return conn, nil
		}
		_ = plain.Close()
		if errors.Is(bound.Err(), context.DeadlineExceeded) {
			err = errNoAnswer
		}
		var plainText tls.RecordHeaderError
		if errors.As(err, &plainText) || brokenOff(err) {
			err = &NoTLSError{address, section, err}
		}
		return nil, err
	}
}

var errNoAnswer = errors.New("no answer to the TLS handshake in time")

// NoTLSError is the error of a server that does not speak TLS, or that breaks off the handshake without an alert, as such servers do.
type NoTLSError struct {
	Address, Section string
	// Met is what the handshake met. It is not wrapped: a server that hung up for this reason has no complaint about a login.
	Met error
}

func (e *NoTLSError) Error() string {
	says := "does not speak TLS; set"
	if brokenOff(e.Met) { // an overloaded server does so too, and without TLS its password would be sent in the clear
		says = "may not speak TLS; if so, set"
	}
	return fmt.Sprintf("%v: %s %s %s.tls.enabled to false, or give the address of its TLS port", e.Met, e.Address, says, e.Section)
}

// brokenOff reports whether a server closed the connection or sent nothing. A server that speaks TLS but rejects the handshake sends
// an alert.
func brokenOff(err error) bool {
	return errors.Is(err, errNoAnswer) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}
