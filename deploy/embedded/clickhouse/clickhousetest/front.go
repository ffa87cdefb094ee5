package clickhousetest

import (
	"crypto/rand"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Front puts a proxy before the server, which may do what other servers and proxies do and the embedded engine does not:
// handle gets each request, and engine answers it.
func (s Server) Front(t testing.TB, handle func(engine http.Handler, w http.ResponseWriter, r *http.Request), configure ...func(*http.Server)) Server {
	t.Helper()
	quiet, back := log.New(io.Discard, "", 0), &url.URL{Scheme: "http", Host: s.Addr}
	engine := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(back) },
		FlushInterval: -1, ErrorLog: quiet,
	}
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handle(engine, w, r) }))
	front.Config.ErrorLog = quiet
	for _, c := range configure {
		c(front.Config)
	}
	front.Start()
	t.Cleanup(front.Close)
	s.Addr = front.Listener.Addr().String()
	return s
}

// sessions has room for as many sessions as may be waiting to expire; the engine keeps 64.
var sessions = make(chan struct{}, 48)

// sessionTimeout is how long a session is kept after its last request, and expired is when it is gone for sure.
const sessionTimeout, expired = time.Second, 3 * time.Second / 2

// ReadOnly is the server for a user whose profile has readonly = level. With 1 ClickHouse refuses statements that write and
// settings that are sent along, except those that are changeable in readonly, with 2 only the former.
func (s Server) ReadOnly(t testing.TB, level int, changeable ...string) Server {
	t.Helper()
	return s.Front(t, func(engine http.Handler, w http.ResponseWriter, r *http.Request) {
		sessions <- struct{}{}
		defer time.AfterFunc(expired, func() { <-sessions })
		// A session has the setting before the request comes with its own.
		session := url.Values{"session_id": {rand.Text()}, "session_timeout": {strconv.Itoa(int(sessionTimeout.Seconds()))}, "readonly": {strconv.Itoa(level)}}
		setting := r.URL.Query()
		r.URL.RawQuery += "&" + session.Encode()
		for _, name := range changeable {
			if setting.Has(name) {
				session.Set(name, setting.Get(name))
			}
		}
		first, err := http.NewRequestWithContext(r.Context(), http.MethodPost, s.URL()+"?"+session.Encode(), strings.NewReader("SELECT 1"))
		if err != nil {
			t.Error(err)
			return
		}
		response, err := http.DefaultClient.Do(first)
		if err != nil {
			t.Error(err)
			return
		}
		_ = response.Body.Close()
		engine.ServeHTTP(w, r)
	})
}
