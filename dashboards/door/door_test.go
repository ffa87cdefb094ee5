package door

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// documented is that of the table in SECURITY.md.
func documented() Config {
	cfg := DefaultConfig()
	cfg.ExternalURL, cfg.AllowedOrigins = "https://dwell.example.org", []string{"https://ministry.example"}
	cfg.Hosts, cfg.BehindProxy = []string{"dwell"}, []string{"192.0.2.7", "10.1.0.0/16"}
	return cfg
}

// gate is a door before a handler that says how many trucks there are.
type gate struct {
	*Door
	refusals *Refusals
	log      bytes.Buffer
	asked    *http.Request // as the handler got it
}

func newGate(cfg Config) *gate {
	g := &gate{}
	g.refusals = NewRefusals(slog.New(slog.NewTextHandler(&g.log, nil)), prometheus.NewRegistry())
	g.Door = New(cfg, []string{"127.0.0.1"}, g.refusals, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.asked = r
		_, _ = io.WriteString(w, "12 trucks")
	}), "/api/v1/events", "/api/v1/annotations", "/api/v1/annotations/")
	return g
}

// request is that of a browser on this machine, of which the table says what else it has.
func request(has ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/api/v1/overview", nil)
	r.RemoteAddr, r.Host = "127.0.0.1:50000", "localhost:8080"
	for _, one := range has {
		name, value, header := strings.Cut(one, ":")
		value = strings.TrimSpace(value)
		switch {
		case name == "Host":
			r.Host = value
		case strings.HasPrefix(one, "/") || one == "*":
			r.URL.Path = one
		case name == "Content-Length":
			r.ContentLength, _ = strconv.ParseInt(value, 10, 64)
		case header:
			r.Header.Add(name, value)
		case strings.ToUpper(one) == one && one[0] > '9':
			r.Method = one
		default:
			r.RemoteAddr = one + ":50000"
		}
	}
	return r
}

var (
	spans = regexp.MustCompile("`([^`]+)`")
	row   = regexp.MustCompile("^\\| (.+?) \\| (\\d{3})(?: `(\\w+)`)? \\|")
)

func TestTheDoorAnswersAsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "## What the web port answers")
	met := map[Kind]bool{}
	for line := range strings.Lines(table) {
		m := row.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		var has []string
		for _, span := range spans.FindAllStringSubmatch(m[1], -1) {
			has = append(has, span[1])
		}
		g, w := newGate(documented()), httptest.NewRecorder()
		g.ServeHTTP(w, request(has...))
		counted := ""
		for _, kind := range kinds {
			if testutil.ToFloat64(g.refusals.total.WithLabelValues(string(kind))) == 1 {
				counted, met[kind] = string(kind), true
			}
		}
		served := w.Code == http.StatusOK && w.Body.String() == "12 trucks"
		if strconv.Itoa(w.Code) != m[2] || counted != m[3] || served != (m[3] == "") || strings.Contains(g.log.String(), "kind="+counted) != (counted != "") {
			t.Errorf("%s is %d %q, want %s %q\n%s%s", m[1], w.Code, counted, m[2], m[3], w.Body, &g.log)
		}
		if w.Header().Get("X-Frame-Options") != "DENY" || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s has the headers %v", m[1], w.Header())
		}
	}
	for _, kind := range kinds {
		if others := kind == NoUpgrade || kind == Viewers || kind == Busy || kind == TooMuch || kind == Connections || kind == Away; !others && !met[kind] {
			t.Errorf("no row is refused as %q", kind)
		}
	}
}

// Prometheus and orchestrators do not come through the proxy of the people.
func TestMetricsAndHealthAreServedPastTheProxy(t *testing.T) {
	g := newGate(documented())
	for path, want := range map[string]int{"/metrics": 200, "/healthz": 200, "/readyz": 200, "/": 403, "/live": 403} {
		r, w := request("198.51.100.1"), httptest.NewRecorder()
		r.URL.Path = path
		if g.ServeHTTP(w, r); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
	cfg := documented()
	cfg.Open = true
	w := httptest.NewRecorder()
	if newGate(cfg).ServeHTTP(w, request("198.51.100.1")); w.Code != 200 {
		t.Errorf("though it is open: %d", w.Code)
	}
}

// A client can write what it likes before the address that the proxy adds.
func TestTheClientIsTheLastAddressThatIsNoProxy(t *testing.T) {
	for forwarded, want := range map[string]string{
		"203.0.113.5":                   "203.0.113.5:0",
		"198.51.100.9, 203.0.113.5":     "203.0.113.5:0",
		"203.0.113.5, 10.1.2.3":         "203.0.113.5:0",
		"198.51.100.9, nobody":          "192.0.2.7:0",
		"198.51.100.9, nobody, 2001::1": "[2001::1]:0",
		"":                              "192.0.2.7:0",
	} {
		g := newGate(documented())
		r := request("192.0.2.7")
		r.Header.Set("X-Forwarded-For", forwarded)
		if g.ServeHTTP(httptest.NewRecorder(), r); g.asked.RemoteAddr != want {
			t.Errorf("%q: client is %s, want %s", forwarded, g.asked.RemoteAddr, want)
		}
	}
	g := newGate(documented())
	g.ServeHTTP(httptest.NewRecorder(), request("X-Forwarded-For: 203.0.113.5"))
	if want := "127.0.0.1:50000"; g.asked.RemoteAddr != want {
		t.Errorf("of no proxy: client is %s, want %s", g.asked.RemoteAddr, want)
	}
}

func TestAKindOfRefusalIsLoggedOnceThenNowAndThenWithItsCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(DefaultConfig())
		for range 500 {
			g.ServeHTTP(httptest.NewRecorder(), request("Host: evil.example"))
		}
		g.ServeHTTP(httptest.NewRecorder(), request("Origin: null"))
		if got := strings.Count(g.log.String(), "\n"); got != 2 {
			t.Errorf("%d lines, want one of each kind:\n%s", got, &g.log)
		}
		g.log.Reset()
		time.Sleep(logEvery)
		for range 10 {
			g.ServeHTTP(httptest.NewRecorder(), request("Host: evil.example"))
		}
		if got := g.log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "kind=host count=500 ") {
			t.Errorf("after a while: %s", got)
		}
	})
}

func TestListeningForOthersMustBeMeant(t *testing.T) {
	for listen, alone := range map[string]bool{
		"127.0.0.1:8080": true, "localhost:8080": true, "[::1]:8080": true, "127.9.9.9:8080": true,
		"0.0.0.0:8080": false, ":8080": false, "[::]:8080": false, "192.0.2.1:8080": false, "dwell.example.org:8080": false,
	} {
		err := DefaultConfig().Reaches(listen)
		if alone != (err == nil) || !alone && !(strings.Contains(err.Error(), "web.behind_proxy") && strings.Contains(err.Error(), "web.open")) {
			t.Errorf("%s: %v", listen, err)
		}
		open := DefaultConfig()
		open.Open = true
		for _, cfg := range []Config{documented(), open} {
			if err := cfg.Reaches(listen); err != nil {
				t.Errorf("%s, which is meant: %v", listen, err)
			}
		}
	}
}

func TestUnusableKeysAreNamed(t *testing.T) {
	for want, cfg := range map[string]Config{
		`external_url: "dwell.example.org" is not an address`: {ExternalURL: "dwell.example.org", MaxConnections: 1},
		`allowed_origins: "https://example.org/page" is not`:  {AllowedOrigins: []string{"https://example.org/page"}, MaxConnections: 1},
		`allowed_origins: "*" is not`:                         {AllowedOrigins: []string{"*"}, MaxConnections: 1},
		`hosts: "https://dwell" is not a host name`:           {Hosts: []string{"https://dwell"}, MaxConnections: 1},
		`behind_proxy: "proxy" is not an address`:             {BehindProxy: []string{"10.0.0.0/8", "proxy"}, MaxConnections: 1},
		"max_connections: 0 is not positive":                  {},
	} {
		if err := cfg.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
	if err := documented().Validate(); err != nil {
		t.Error(err)
	}
}
