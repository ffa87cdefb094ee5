package clickhouse_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dwell/deploy/embedded/clickhouse"
)

// packed is a package of npm with a file that is not libchdb.
func packed(t *testing.T, name string) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	files := tar.NewWriter(zipped)
	for _, file := range []struct{ path, text string }{
		{"package/package.json", "{\n\"name\": \"" + name + "\",\n\"version\": \"" + clickhouse.Version + "\"\n}"},
		{"package/libchdb.so", "something else"},
	} {
		if err := files.WriteHeader(&tar.Header{Name: file.path, Mode: 0o644, Size: int64(len(file.text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := files.Write([]byte(file.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func hashed(text []byte) string {
	sum := sha512.Sum512(text)
	return "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

// TestAnotherLibraryIsRefused fetches from a registry that sends something else and states its hash, as a machine of each
// platform would.
func TestAnotherLibraryIsRefused(t *testing.T) {
	lock, err := os.ReadFile("../libchdb/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	var pinned struct {
		Packages map[string]struct{ Integrity string }
	}
	if err := json.Unmarshal(lock, &pinned); err != nil {
		t.Fatal(err)
	}
	var registry *httptest.Server
	registry = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(strings.TrimSuffix(r.URL.Path, ".tgz"), "/")
		if strings.HasSuffix(r.URL.Path, ".tgz") {
			_, _ = w.Write(packed(t, name))
			return
		}
		version := map[string]any{
			"name": name, "version": clickhouse.Version,
			"dist": map[string]string{"tarball": registry.URL + "/" + name + ".tgz", "integrity": hashed(packed(t, name))},
		}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"name": name, "dist-tags": map[string]string{"latest": clickhouse.Version}, "versions": map[string]any{clickhouse.Version: version},
		})
	}))
	t.Cleanup(registry.Close)
	for _, p := range []struct{ system, machine, name, os, cpu string }{
		{"Linux", "x86_64", "@chdb/lib-linux-x64-gnu", "linux", "x64"},
		{"Linux", "aarch64", "@chdb/lib-linux-arm64-gnu", "linux", "arm64"},
		{"Darwin", "x86_64", "@chdb/lib-darwin-x64", "darwin", "x64"},
		{"Darwin", "arm64", "@chdb/lib-darwin-arm64", "darwin", "arm64"},
	} {
		programs, home := t.TempDir(), t.TempDir()
		uname := "#!/bin/sh\ncase \"$1\" in -s) echo " + p.system + " ;; *) echo " + p.machine + " ;; esac\n"
		if err := os.WriteFile(filepath.Join(programs, "uname"), []byte(uname), 0o755); err != nil {
			t.Fatal(err)
		}
		fetch := func(integrity string) (string, error) {
			cmd := exec.CommandContext(t.Context(), "sh", "../libchdb/fetch.sh")
			cmd.Env = append(os.Environ(), "PATH="+programs+":"+os.Getenv("PATH"), "HOME="+home, "XDG_CACHE_HOME="+home, "LIBCHDB_INTEGRITY="+integrity,
				"npm_config_registry="+registry.URL, "npm_config_cache="+filepath.Join(home, "npm"), "npm_config_fetch_retries=0",
				"npm_config_os="+p.os, "npm_config_cpu="+p.cpu, "npm_config_libc=glibc")
			out, err := cmd.CombinedOutput()
			return string(out), err
		}
		fetched := func() []string {
			linux, _ := filepath.Glob(filepath.Join(home, "dwell", "libchdb-*"))
			darwin, _ := filepath.Glob(filepath.Join(home, "Library", "Caches", "dwell", "libchdb-*"))
			return append(linux, darwin...)
		}
		known := pinned.Packages["node_modules/"+p.name].Integrity != ""
		if out, err := fetch(""); err == nil || !known && !strings.Contains(out, "has no hash of "+p.name) {
			t.Errorf("%s: %v\n%s", p.name, err, out)
		}
		if known || p.name != "@chdb/lib-darwin-arm64" { // one of those for which a hash must be given, since npm takes a second
			continue
		}
		if out, err := fetch(hashed([]byte("what was meant"))); err == nil || fetched() != nil {
			t.Errorf("%s, another than was meant: %v\n%s", p.name, err, out)
		}
		if out, err := fetch(hashed(packed(t, p.name))); err != nil || len(fetched()) != 1 {
			t.Errorf("%s, the one that was meant: %v\n%s", p.name, err, out)
		}
	}
}
