package kafka

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"dwell/ingest/kafka/apachetest"
	"dwell/ingest/tlsdial"
)

// startGuarded starts a broker that asks for TLS and a login; ca vouches for it.
func startGuarded(t *testing.T) (cfg Config, ca string) {
	t.Helper()
	ca, keystore, server := certificates(t, t.TempDir())
	if apachetest.Wanted() {
		login := apachetest.Login{Keystore: keystore, User: "dwell", Plain: "plain-secret", Scram: "scram-secret"}
		return config(apachetest.Start(t, apachetest.Config{Topics: topics(1), Login: &login}).Addrs()[0]), ca
	}
	_, cfg = embedded(t, 1, 1, kfake.TLS(server), kfake.EnableSASL(),
		kfake.Superuser("PLAIN", "dwell", "plain-secret"),
		kfake.Superuser("SCRAM-SHA-256", "dwell", "scram-secret"),
		kfake.Superuser("SCRAM-SHA-512", "dwell", "scram-secret"))
	return cfg, ca
}

func TestEverySASLMechanismOverTLS(t *testing.T) {
	cfg, ca := startGuarded(t)
	cfg.TLS = tlsdial.Config{Enabled: true, CAFile: ca}
	passwords := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(passwords, []byte("scram-secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, login := range []SASL{
		{Mechanism: "PLAIN", User: "dwell", Password: "plain-secret"},
		{Mechanism: "SCRAM-SHA-256", User: "dwell", PasswordFile: passwords},
		{Mechanism: "SCRAM-SHA-512", User: "dwell", Password: "scram-secret"},
	} {
		cfg.SASL = login
		if _, errs := Check(t.Context(), cfg); len(errs) > 0 {
			t.Fatal(login.Mechanism, errs)
		}
		want := map[int][]string{}
		write(t, producer(t, cfg), 1, 0, 10, want)
		n += 10
		l := newLedger()
		_, stop := consume(t, cfg, l)
		l.until(t, "all is stored", func() bool { return l.total() == n })
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		l.check(t)
	}

	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		cfg.SASL = SASL{Mechanism: mechanism, User: "dwell", Password: "wrong"}
		wantErrors(t, problems(t, cfg), `the user "dwell" or the password may be wrong`)
		cfg.SASL = SASL{Mechanism: mechanism, User: "nobody", Password: "wrong"}
		wantErrors(t, problems(t, cfg), `the user "nobody" or the password may be wrong`)
	}
	cfg.SASL = SASL{}
	wantErrors(t, problems(t, cfg), "it may expect a login (kafka.sasl)")
	cfg.TLS = tlsdial.Config{Enabled: true}
	wantErrors(t, problems(t, cfg), "certificate")
	cfg.TLS = tlsdial.Config{}
	wantErrors(t, problems(t, cfg), "it may expect kafka.tls.enabled: true")
}

func TestTLSToPlainBrokerNamesTheKeyToChange(t *testing.T) {
	cfg := config(start(t, 1))
	cfg.TLS = tlsdial.Config{Enabled: true}
	cfg.SASL = SASL{Mechanism: "PLAIN", User: "dwell", Password: "plain-secret"}
	errs := problems(t, cfg)
	wantErrors(t, errs, cfg.Brokers[0]+" may not speak TLS; if so, set kafka.tls.enabled to false, or give the address of its TLS port")
	if strings.Contains(errors.Join(errs...).Error(), "password") {
		t.Errorf("the password is blamed: %v", errs)
	}
}

func TestCheckReportsEveryFault(t *testing.T) {
	_, cfg := startCluster(t, 2, 1)
	first := cfg.Brokers[0]
	if _, errs := Check(t.Context(), cfg); errs != nil {
		t.Fatal(errs)
	}
	nobody := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	cfg.Brokers = append(cfg.Brokers, nobody)
	cfg.DeadLetterTopic = "absent"
	wantErrors(t, problems(t, cfg), "broker "+nobody+": ")
	if missing, _ := Check(t.Context(), cfg); !slices.Equal(missing, []string{"absent"}) {
		t.Errorf("missing topics %q", missing)
	}
	cfg.Brokers = []string{nobody}
	wantErrors(t, problems(t, cfg), "connection refused")
	cfg.Brokers = nil
	wantErrors(t, problems(t, cfg), "brokers: none given")

	cfg = config(first)
	cfg.Topic = "absent"
	c, err := New(cfg, newLedger().handler, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Run(t.Context()); err == nil || err.Error() != `kafka: topic "absent" does not exist` {
		t.Error(err)
	}
}

func TestConfigErrorNamesKeyAndValue(t *testing.T) {
	good := config("localhost:9092")
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Config){
		`brokers: "localhost" is not host:port`:                func(c *Config) { c.Brokers = []string{"localhost"} },
		`topic: missing`:                                       func(c *Config) { c.Topic = "" },
		`dead_letter_topic: "dwell.events" is the`:             func(c *Config) { c.DeadLetterTopic = topic },
		`fetch_bytes: 1 is not in`:                             func(c *Config) { c.FetchBytes = 1 },
		`tick: 0s is not in`:                                   func(c *Config) { c.Tick = 0 },
		`drain_timeout: 9s is not shorter`:                     func(c *Config) { c.DrainTimeout = 9 * time.Second },
		`compression: "brotli" is not supported; use none`:     func(c *Config) { c.Compression = "brotli" },
		`tls.enabled: false, but`:                              func(c *Config) { c.TLS.SkipVerify = true },
		`sasl.mechanism: missing`:                              func(c *Config) { c.SASL.User = "u" },
		`sasl.mechanism: "GSSAPI" is not supported; use PLAIN`: func(c *Config) { c.SASL.Mechanism = "GSSAPI" },
		`sasl.user: missing`:                                   func(c *Config) { c.SASL.Mechanism = "PLAIN" },
		`sasl.password, sasl.password_file: give`:              func(c *Config) { c.SASL = SASL{Mechanism: "PLAIN", User: "u"} },
		`backoff_max: 1ms is shorter`:                          func(c *Config) { c.BackoffMax = time.Millisecond },
		`session_timeout: 2h0m0s is not in 1ms..1h`:            func(c *Config) { c.SessionTimeout = 2 * time.Hour },
		`dead_letter_topic: missing`:                           func(c *Config) { c.DeadLetterTopic = "" },
		`buffer_bytes: -1 is not in 1024..107374182`:           func(c *Config) { c.BufferBytes = -1 },
	} {
		cfg := good
		change(&cfg)
		wantErrors(t, []error{cfg.Validate()}, want)
	}
	cfg := good
	cfg.TLS = tlsdial.Config{Enabled: true, CAFile: "/absent.pem"}
	_, err := New(cfg, nil, nil, nil)
	wantErrors(t, []error{err}, `tls.ca_file: open /absent.pem`)
}

func TestPasswordIsRedacted(t *testing.T) {
	cfg := config("localhost:9092")
	cfg.SASL = SASL{Mechanism: "PLAIN", User: "u", Password: "hunter2"}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("configuration", "kafka", cfg, "password", cfg.SASL.Password)
	for _, shown := range []string{fmt.Sprint(cfg), fmt.Sprintf("%+v", cfg), fmt.Sprintf("%#v", cfg), log.String()} {
		if strings.Contains(shown, "hunter2") {
			t.Error(shown)
		}
	}
}

// wantErrors checks that there is one error for each text, which says it in one line.
func problems(t *testing.T, cfg Config) []error {
	_, errs := Check(t.Context(), cfg)
	return errs
}

func wantErrors(t *testing.T, errs []error, want ...string) {
	t.Helper()
	if len(errs) != len(want) {
		t.Errorf("errors %v, want %q", errs, want)
		return
	}
	for i, w := range want {
		if errs[i] == nil || !strings.Contains(errs[i].Error(), w) || strings.Contains(errs[i].Error(), "\n") {
			t.Errorf("error %v, want one line that says %q", errs[i], w)
		}
	}
}

// certificates makes an authority, written to a file, and what a server that it vouches for shows: as a PEM file of
// certificate and key, and as a configuration.
func certificates(t *testing.T, dir string) (ca, keystore string, server *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	both := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), certificate...)
	ca, keystore = filepath.Join(dir, "ca.pem"), filepath.Join(dir, "broker.pem")
	if err := errors.Join(os.WriteFile(ca, certificate, 0o600), os.WriteFile(keystore, both, 0o600)); err != nil {
		t.Fatal(err)
	}
	return ca, keystore, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}
