package clickhouse

import (
	"encoding/pem"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dwell/ingest/tlsdial"
)

func TestTLSToPlainServerNamesTheKeyToChange(t *testing.T) {
	cfg := fresh(t)
	cfg.TLS = tlsdial.Config{Enabled: true}
	_, err := Open(t.Context(), cfg, vocabulary(t))
	want := cfg.Addresses[0] + " does not speak TLS; set clickhouse.tls.enabled to false, or give the address of its TLS port"
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "password") {
		t.Errorf("error is %v, want %s", err, want)
	}
}

func TestStoreOpensOverTLSWithItsAuthority(t *testing.T) {
	cfg := fresh(t)
	front := httptest.NewTLSServer(httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: cfg.Addresses[0]}))
	defer front.Close()
	cfg.Addresses = []string{front.Listener.Addr().String()}
	cfg.TLS = tlsdial.Config{Enabled: true}
	if _, err := Open(t.Context(), cfg, vocabulary(t)); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("without the authority the error is %v", err)
	}
	cfg.TLS.CAFile = filepath.Join(t.TempDir(), "ca.pem")
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw})
	if err := os.WriteFile(cfg.TLS.CAFile, authority, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, cfg, vocabulary(t))
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
