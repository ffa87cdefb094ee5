package door

import (
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"dwell/dashboards/problem"
)

// Kind is why a request was refused, as in the metric.
type Kind string

// The kinds of refusals.
const (
	Host           Kind = "host"            // a name that is not this server's
	Forwarded      Kind = "forwarded"       // X-Forwarded headers of the proxy that cannot be read
	PastProxy      Kind = "past_proxy"      // not through the proxy that is configured
	Method         Kind = "method"          // neither GET nor HEAD, nor POST where that is taken
	Preflight      Kind = "preflight"       // a browser asks whether a page of another site may send a request (CORS)
	PrivateNetwork Kind = "private_network" // the same, for a page of the internet that wants into the local network
	Body           Kind = "body"            // a request with a body, which nothing reads there
	NullOrigin     Kind = "null_origin"     // a page without an origin: a file, or a frame in a sandbox
	Origin         Kind = "origin"          // a page of another site
	CrossSite      Kind = "cross_site"      // an image, script or other part of a page of another site
	Framed         Kind = "framed"          // a page that shows this one within itself
	Viewers        Kind = "viewers"         // more viewers than may watch
	NoUpgrade      Kind = "no_upgrade"      // a websocket of which a proxy did not pass on Upgrade
	Busy           Kind = "busy"            // more questions about the past than can wait
	TooMuch        Kind = "too_much"        // a question that costs more time, rows or memory than one may
	Connections    Kind = "connections"     // more connections than can be open
	Away           Kind = "away"            // a question while the tables cannot be read
)

// kinds are all of them; each has a series from the start.
var kinds = []Kind{
	Host, Forwarded, PastProxy, Method, Preflight, PrivateNetwork, Body, NullOrigin, Origin, CrossSite, Framed, Viewers, NoUpgrade, Busy, TooMuch, Connections, Away,
}

// logEvery is the least time between two log lines about the same kind.
const logEvery = 10 * time.Minute

// Refusals answer, count and log what is refused: a kind is logged when it is refused first, and then once in logEvery at most, with
// how many there were.
type Refusals struct {
	log   *slog.Logger
	total *prometheus.CounterVec

	mu   sync.Mutex
	seen map[Kind]*refused
}

type refused struct {
	logged time.Time
	since  int
}

// NewRefusals makes them; their metric is registered in reg.
func NewRefusals(log *slog.Logger, reg prometheus.Registerer) *Refusals {
	f := &Refusals{
		log: log.With("component", "door"), seen: map[Kind]*refused{},
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dwell_web_refused_total", Help: "Requests and connections that the web port refused, by kind.",
		}, []string{"kind"}),
	}
	reg.MustRegister(f.total)
	for _, kind := range kinds {
		f.total.WithLabelValues(string(kind))
	}
	return f
}

// Answer refuses a request with a status, and says why and the way out.
func (f *Refusals) Answer(w http.ResponseWriter, r *http.Request, kind Kind, status int, why string) {
	f.Note(kind, why, "method", r.Method, "path", r.URL.Path, "host", r.Host, "origin", r.Header.Get("Origin"), "remote", r.RemoteAddr)
	if r.ContentLength != 0 {
		// Nobody waits for the rest of a body: net/http would read on, up to the timeout.
		w.Header().Set("Connection", "close")
		_ = http.NewResponseController(w).SetReadDeadline(time.Now()) // a test's recorder has none
	}
	problem.Document{Title: kind.Title(), Status: status, Detail: why}.Write(w)
}

// Title is what answers of a kind are headed with.
func (k Kind) Title() string { return titles[k] }

var titles = map[Kind]string{
	Host: "the host is not known here", Forwarded: "the proxy's headers cannot be read", PastProxy: "only the proxy is served",
	Method: "only reading is allowed", Preflight: "only reading is allowed", PrivateNetwork: "other sites are not served",
	Body: "a request has no body here", NullOrigin: "other sites are not served", Origin: "other sites are not served",
	CrossSite: "other sites are not served", Framed: "the page is not shown within another",
	Viewers: "too many viewers", NoUpgrade: "the live view needs a websocket", Busy: "too many questions at once", TooMuch: "the question asks for too much",
	Away: "the store cannot be read",
}

// Note counts a refusal, and logs it unless the kind was logged a short time ago.
func (f *Refusals) Note(kind Kind, why string, args ...any) {
	f.total.WithLabelValues(string(kind)).Inc()
	f.mu.Lock()
	s := f.seen[kind]
	if s == nil {
		s = &refused{}
		f.seen[kind] = s
	}
	s.since++
	since, now := s.since, time.Now()
	quiet := !s.logged.IsZero() && now.Sub(s.logged) < logEvery
	if !quiet {
		s.logged, s.since = now, 0
	}
	f.mu.Unlock()
	if !quiet {
		f.log.Warn("refused", append([]any{"kind", string(kind), "count", since, "why", why}, args...)...)
	}
}
