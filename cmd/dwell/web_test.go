package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"dwell/cmd/dwell/app"
)

// routes are one of each kind that the web port answers.
var routes = []string{"/", "/main.js", "/post", "/post_worker.js", "/api/v1/post", "/nothing", "/live", "/api/v1/overview", "/api/v1/places", "/api/v1/nothing", "/api/v1/openapi.yaml", "/metrics", "/healthz", "/readyz"}

// answerOf asks as a browser does that has been told what a header says.
func answerOf(t *testing.T, s *app.System, method, path, name, value string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.Listening+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	switch name {
	case "":
	case "Host":
		r.Host = value
	default:
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer
}

// TestPagesOfOtherSitesAreRefusedOnEveryRoute asks as a browser does whose page has pointed its own name at this machine, or is elsewhere.
func TestPagesOfOtherSitesAreRefusedOnEveryRoute(t *testing.T) {
	s := serveForTest(t, "afghanistan", time.Now)
	page := answerOf(t, s, http.MethodGet, "/", "", "").Header
	for _, path := range routes {
		for _, c := range []struct {
			method, name, value string
			status              int // 0 is whatever the route answers
		}{
			{http.MethodGet, "", "", 0},
			{http.MethodHead, "", "", 0},
			{http.MethodGet, "Host", "localhost", 0},
			{http.MethodGet, "Host", "evil.example", http.StatusMisdirectedRequest},
			{http.MethodGet, "Origin", "https://evil.example", http.StatusForbidden},
			{http.MethodGet, "Origin", "null", http.StatusForbidden},
			{http.MethodGet, "Sec-Fetch-Site", "cross-site", http.StatusForbidden},
			{http.MethodOptions, "Access-Control-Request-Method", "GET", http.StatusForbidden},
			{http.MethodPost, "", "", http.StatusMethodNotAllowed},
			{http.MethodDelete, "", "", http.StatusMethodNotAllowed},
		} {
			if c.status == 0 && path == "/live" {
				c.status = http.StatusForbidden // it is no websocket
			}
			if c.value == "https://evil.example" && strings.HasSuffix(path, ".js") {
				c.status = 0 // the scripts are the same for everybody
			}
			answer := answerOf(t, s, c.method, path, c.name, c.value)
			refused := slices.Contains([]int{http.StatusMisdirectedRequest, http.StatusForbidden, http.StatusMethodNotAllowed}, answer.StatusCode)
			if refused != (c.status != 0) || refused && answer.StatusCode != c.status {
				t.Errorf("%s %s with %s %q: %s", c.method, path, c.name, c.value, answer.Status)
			}
			for _, name := range []string{
				"Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy",
				"Cross-Origin-Resource-Policy", "Permissions-Policy",
			} {
				if got := answer.Header.Get(name); got == "" || got != page.Get(name) {
					t.Errorf("%s %s with %s %q: %s is %q", c.method, path, c.name, c.value, name, got)
				}
			}
			if kept := answer.Header.Get("Cache-Control"); kept != "no-store" && kept != "no-cache" {
				t.Errorf("%s %s: Cache-Control is %q", c.method, path, kept)
			}
		}
	}

	t.Log("requests that name no path or no host pass the same door")
	for request, want := range map[string]string{
		"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n":    "HTTP/1.1 405 ",
		"OPTIONS * HTTP/1.1\r\nHost: evil.example\r\n": "HTTP/1.1 421 ",
		"OPTIONS * HTTP/1.1\r\nHost:\r\n":              "HTTP/1.1 421 ",
		"GET /metrics HTTP/1.1\r\nHost:\r\n":           "HTTP/1.1 421 ",
		"GET /metrics HTTP/1.0\r\n":                    "HTTP/1.0 421 ",
		"GET /metrics HTTP/1.0\r\nHost: localhost\r\n": "HTTP/1.0 200 ",
	} {
		if got := exchange(t, s.Listening, request+"Connection: close\r\n\r\n"); !strings.HasPrefix(got, want) {
			t.Errorf("%q: %.200q, want %s", request, got, want)
		}
	}

	t.Log("hundreds begin to send a body and do not go on: each is answered and closed, since nothing reads it")
	var slow []net.Conn
	for i := range 200 {
		c, err := net.Dial("tcp", s.Listening)
		if err != nil {
			t.Fatal(err)
		}
		method, host := []string{http.MethodPost, http.MethodGet}[i%2], []string{"localhost", "localhost", "evil.example"}[i%3]
		if _, err := fmt.Fprintf(c, "%s /api/v1/overview HTTP/1.1\r\nHost: %s\r\nContent-Length: 100000\r\n\r\nslow", method, host); err != nil {
			t.Fatal(err)
		}
		slow = append(slow, c)
	}
	closed := time.Now().Add(40 * time.Second) // the timeout of a request is a minute
	for _, c := range slow {
		if err := c.SetReadDeadline(closed); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(c)
		if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 4") {
			t.Fatalf("%v: %s", err, answer)
		}
		_ = c.Close()
	}
	if answer := answerOf(t, s, http.MethodGet, "/", "X-Padding", strings.Repeat("x", 1<<17)); answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a header of 128 KiB: %s", answer.Status)
	}
}

// exchange sends a text, and returns all that comes back.
func exchange(t *testing.T, address, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// A demo on a laptop in a meeting is not for the whole network, unless it is meant.
func TestListeningForTheNetworkMustBeMeant(t *testing.T) {
	for _, command := range []string{"demo --data DATA --listen 0.0.0.0:0", "serve"} {
		var out, errs bytes.Buffer
		args := strings.Fields(strings.ReplaceAll(command, "DATA", t.TempDir()))
		environ := []string{"DWELL_LISTEN=0.0.0.0:0", "DWELL_KAFKA_BROKERS=127.0.0.1:1"}
		if code := run(t.Context(), args, strings.NewReader(""), &out, &errs, environ); code != 1 || !strings.Contains(errs.String(), "web.behind_proxy") || !strings.Contains(errs.String(), "web.open") {
			t.Errorf("%s: exit %d\n%s", command, code, &errs)
		}
	}
}

// TestEmbeddedClickHouseAsksForItsPassword asks as an image of any web page makes a browser ask.
func TestEmbeddedClickHouseAsksForItsPassword(t *testing.T) {
	s := serveForTest(t, "afghanistan", time.Now)
	for password, want := range map[string]int{"": http.StatusForbidden, s.Config.ClickHouse.Password: http.StatusOK} {
		address := "http://" + s.Config.ClickHouse.Addresses[0] + "/?query=SELECT+1&password=" + password
		if got := status(t, address); got != want {
			t.Errorf("password %q: %d", password, got)
		}
	}
}

// TestStatementRunsBesideAProgramThatHasTheFolderOpen goes to the ClickHouse of that program, with its login.
func TestStatementRunsBesideAProgramThatHasTheFolderOpen(t *testing.T) {
	s := serveForTest(t, "afghanistan", time.Now)
	var out, errs bytes.Buffer
	args := []string{"sql", "--data", s.Config.Data, "--format", "csv", "SELECT currentDatabase() AS database"}
	if code := run(t.Context(), args, strings.NewReader(""), &out, &errs, nil); code != 0 || out.String() != "database\ndwell\n" {
		t.Errorf("exit %d, %q\n%s", code, out.String(), errs.String())
	}
}

// TestDataFolderIsClosedToOtherUsers looks at what the program, its broker and its ClickHouse have made.
func TestDataFolderIsClosedToOtherUsers(t *testing.T) {
	before := syscall.Umask(0)
	t.Cleanup(func() { syscall.Umask(before) })
	s := serveForTest(t, "afghanistan", time.Now)
	seen := map[string]bool{}
	err := filepath.WalkDir(s.Config.Data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		seen[entry.Name()] = true
		if mode := info.Mode(); mode&fs.ModeSymlink == 0 && mode.Perm()&0o077 != 0 {
			t.Errorf("%s: %v", path, mode)
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // the engine deletes old parts meanwhile
		t.Fatal(err)
	}
	for _, name := range []string{"running.json", "clickhouse.password", "dwell-users.xml", "kafka", "store"} {
		if !seen[name] {
			t.Errorf("%s is not in the data folder", name)
		}
	}
}

// Profiles have a port of their own, because they show the memory of the process, which viewers of the page must not see.
func TestProfilesHaveAPortOfTheirOwn(t *testing.T) {
	var out bytes.Buffer
	cfg := app.DefaultConfig()
	cfg.Embed(t.TempDir())
	cfg.Listen, cfg.Pprof = "127.0.0.1:0", "127.0.0.1:0"
	s, err := app.Serve(t.Context(), cfg, &out, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Stop() }()
	_, line, _ := strings.Cut(out.String(), "pprof ")
	address, _, _ := strings.Cut(strings.TrimSpace(line), "\n")
	for url, want := range map[string]int{address: http.StatusOK, "http://" + s.Listening + "/debug/pprof/": http.StatusNotFound} {
		if got := status(t, url); got != want {
			t.Errorf("%s: %d", url, got)
		}
	}
}

// status is that of the response to a GET.
func status(t *testing.T, url string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}
