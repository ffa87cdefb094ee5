// Package deploy_test checks the files of an installation against each other and with the tools that read them.
package deploy_test

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/goccy/go-yaml"
)

type service struct {
	Image       string
	Build       *struct{ Context, Dockerfile string }
	Environment map[string]string
	Volumes     []string
	Ports       []string
	Healthcheck struct{ Test []string }
}

type compose struct {
	Services map[string]service
	Volumes  map[string]any
}

func read(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %s", file, yaml.FormatError(err, false, true))
	}
}

// pinned is a tag with a version of two numbers or more, with nothing but an optional v before it.
var pinned = regexp.MustCompile(`^[^:]+:v?\d+\.\d+(\.\d+)*(-[a-z]+)?$`)

func TestImagesArePinned(t *testing.T) {
	var c compose
	read(t, "compose.yaml", &c)
	for name, s := range c.Services {
		if s.Image == "" && s.Build == nil || s.Image != "" && !pinned.MatchString(s.Image) {
			t.Errorf("%s: image %q names no version", name, s.Image)
		}
	}
	if plugin := c.Services["grafana"].Environment["GF_PLUGINS_PREINSTALL_SYNC"]; !pinned.MatchString(strings.ReplaceAll(plugin, "@", ":")) {
		t.Errorf("grafana: plugin %q names no version", plugin)
	}
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if image, ok := strings.CutPrefix(line, "FROM "); ok && !pinned.MatchString(strings.Fields(image)[0]) {
			t.Errorf("Dockerfile: %q names no version", strings.TrimSpace(line))
		}
	}
}

// Grafana runs whatever SQL it is given: it logs in as a user that can only read.
func TestGrafanaCanOnlyRead(t *testing.T) {
	var c compose
	read(t, "compose.yaml", &c)
	text, err := os.ReadFile("clickhouse/reader.xml")
	if err != nil {
		t.Fatal(err)
	}
	type user struct {
		Password struct {
			FromEnv string `xml:"from_env,attr"`
		} `xml:"password"`
		Profile string   `xml:"profile"`
		Grants  []string `xml:"grants>query"`
	}
	var reader struct {
		ReadOnly int  `xml:"profiles>reader>readonly"`
		Grafana  user `xml:"users>grafana"`
	}
	if err := xml.Unmarshal(text, &reader); err != nil {
		t.Fatal(err)
	}
	grafana, server := c.Services["grafana"].Environment, c.Services["clickhouse"].Environment
	if grafana["CLICKHOUSE_USER"] != "grafana" || grafana["CLICKHOUSE_PASSWORD"] != server[reader.Grafana.Password.FromEnv] {
		t.Errorf("grafana logs in as %q with %q, the server takes %q", grafana["CLICKHOUSE_USER"], grafana["CLICKHOUSE_PASSWORD"], server[reader.Grafana.Password.FromEnv])
	}
	if reader.ReadOnly != 2 || reader.Grafana.Profile != "reader" || !slices.Equal(reader.Grafana.Grants, []string{"GRANT SELECT ON dwell.*"}) {
		t.Errorf("the user can do more than read: %+v", reader)
	}
}

func TestMountedFilesExist(t *testing.T) {
	var c compose
	read(t, "compose.yaml", &c)
	for name, s := range c.Services {
		for _, v := range s.Volumes {
			from, to, _ := strings.Cut(v, ":")
			switch _, declared := c.Volumes[from]; {
			case declared:
			case !strings.HasPrefix(from, "."):
				t.Errorf("%s: volume %q is not declared", name, from)
			default:
				if _, err := os.Stat(from); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if !strings.HasSuffix(to, ":ro") {
					t.Errorf("%s: %q could be written to", name, from)
				}
			}
		}
		if s.Build != nil {
			if _, err := os.Stat(filepath.Join(s.Build.Context, s.Build.Dockerfile)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestPortsArePublishedOnLoopbackOnly(t *testing.T) {
	var c compose
	read(t, "compose.yaml", &c)
	for name, s := range c.Services {
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s: port %q is open to the network", name, p)
			}
		}
	}
}

// A container is healthy as long as its page can be served, whatever is away.
func TestContainerIsHealthyWhileThePageIsServed(t *testing.T) {
	var c compose
	read(t, "compose.yaml", &c)
	var served atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" || r.Host != "localhost" {
			t.Errorf("%s of host %q is asked", r.URL, r.Host)
		}
		w.WriteHeader(int(served.Load()))
	}))
	defer server.Close()
	test := c.Services["dwell"].Healthcheck.Test
	if len(test) < 2 || test[0] != "CMD" {
		t.Fatalf("healthcheck is %q", test)
	}
	here := strings.ReplaceAll(strings.Join(test[1:], "\x00"), "127.0.0.1/8080", strings.Replace(server.Listener.Addr().String(), ":", "/", 1))
	command := strings.Split(here, "\x00")
	for _, status := range []int{http.StatusOK, http.StatusServiceUnavailable} {
		served.Store(int64(status))
		out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput()
		if healthy := err == nil; healthy != (status == http.StatusOK) {
			t.Errorf("healthy is %v with status %d: %v\n%s", healthy, status, err, out)
		}
	}
}

// What the configurations call each other is what compose calls them.
func TestServicesReachOneAnother(t *testing.T) {
	var c compose
	read(t, "compose.yaml", &c)
	var d struct {
		Kafka      struct{ Brokers []string }
		ClickHouse struct{ Addresses []string } `yaml:"clickhouse"`
	}
	read(t, "dwell.yaml", &d)
	var p struct {
		ScrapeConfigs []struct {
			StaticConfigs []struct{ Targets []string } `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
		Alerting struct {
			Alertmanagers []struct {
				StaticConfigs []struct{ Targets []string } `yaml:"static_configs"`
			}
		}
	}
	read(t, "prometheus/prometheus.yml", &p)
	addresses := slices.Concat(d.Kafka.Brokers, d.ClickHouse.Addresses)
	for _, s := range p.ScrapeConfigs {
		for _, static := range s.StaticConfigs {
			addresses = append(addresses, static.Targets...)
		}
	}
	for _, a := range p.Alerting.Alertmanagers {
		for _, static := range a.StaticConfigs {
			addresses = append(addresses, static.Targets...)
		}
	}
	for _, a := range d.ClickHouse.Addresses {
		if !strings.HasSuffix(a, ":8123") {
			t.Errorf("%q is not the HTTP port of ClickHouse, 8123", a)
		}
	}
	if len(addresses) < 5 {
		t.Fatalf("only %v were found", addresses)
	}
	for _, a := range addresses {
		if host, _, _ := strings.Cut(a, ":"); host != "localhost" && c.Services[host].Image == "" && c.Services[host].Build == nil {
			t.Errorf("%q is not a service of compose.yaml", a)
		}
	}
}

// Every variable that Grafana's provisioning asks for is set.
func TestGrafanaReachesItsDataSources(t *testing.T) {
	var c compose
	read(t, "compose.yaml", &c)
	files, err := filepath.Glob("../grafana/provisioning/*/*.yaml")
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range regexp.MustCompile(`\$([A-Z_]+)`).FindAllStringSubmatch(string(text), -1) {
			if c.Services["grafana"].Environment[v[1]] == "" {
				t.Errorf("%s: %s is not set in compose.yaml", f, v[0])
			}
		}
	}
}
