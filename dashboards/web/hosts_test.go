package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestForeignHostNameIsRefused(t *testing.T) {
	served := OnlyHosts([]string{"dwell.example.org", "Border"}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "12 trucks")
	}))
	for host, want := range map[string]int{
		"127.0.0.1":              200,
		"127.0.0.1:8080":         200,
		"[::1]:8080":             200,
		"[::1]":                  200,
		"10.1.2.3:8080":          200, // an address cannot be rebound
		"localhost:8080":         200,
		"LOCALHOST":              200,
		"dwell.example.org":      200,
		"dwell.example.org.:443": 200,
		"DWELL.example.org:8080": 200,
		"border:8080":            200,
		"":                       200, // HTTP/1.0

		"evil.example":                      421,
		"evil.example:8080":                 421,
		"127.0.0.1.evil.example":            421,
		"localhost.evil.example":            421,
		"dwell.example.org.evil.example":    421,
		"evil.example@127.0.0.1":            421,
		"sub.dwell.example.org":             421,
		"127.0.0.1, evil.example":           421,
		"xn--dwell-example-org.example:443": 421,
	} {
		r := httptest.NewRequest(http.MethodGet, "/api/v1/overview", nil)
		r.Host = host
		w := httptest.NewRecorder()
		served.ServeHTTP(w, r)
		if w.Code != want || want != 200 && w.Body.String() == "12 trucks" {
			t.Errorf("host %q: %d, want %d: %s", host, w.Code, want, w.Body)
		}
	}
}
