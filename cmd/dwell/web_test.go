package main

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"dwell/cmd/dwell/app"
)

// TestPageOfAnotherSiteIsRefused asks as a browser does whose page has pointed its own name at this machine.
func TestPageOfAnotherSiteIsRefused(t *testing.T) {
	s := serveForTest(t, "afghanistan", time.Now)
	for _, path := range []string{"/", "/live", "/api/v1/places", "/metrics", "/healthz", "/readyz"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Listening+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for host, refused := range map[string]bool{"": false, "localhost": false, "evil.example": true} {
			r.Host = host
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			if got := answer.StatusCode == http.StatusMisdirectedRequest; got != refused {
				t.Errorf("%s of host %q: %s", path, host, answer.Status)
			}
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
