package deploy_test

import (
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"dwell/ingest/event"
	"dwell/metrics/prom"
)

// promtool runs Prometheus' own judge in the folder of the rules.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	binary, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("promtool is not on this machine (apt-get install prometheus)")
	}
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Dir = "prometheus"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %v: %v\n%s", args, err, out)
	}
}

func TestPrometheusConfigurationIsValid(t *testing.T) {
	promtool(t, "check", "config", "prometheus.yml")
}

func TestAlertsFireAsTheirTestsSay(t *testing.T) {
	promtool(t, "test", "rules", "alerts_test.yml")
}

// A rule about a series that is not exported would never fire.
func TestAlertsUseExportedSeries(t *testing.T) {
	voc, err := event.NewVocabulary([]string{"TORKHAM"}, []string{"customs"})
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	prom.New(registry, voc, nil, nil, nil, nil, nil)
	prom.NewPosts[string](registry)
	prom.NewSources(registry, nil)
	prom.NewPolls(registry)
	text, err := os.ReadFile("prometheus/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	exported := map[string]bool{}
	all := make(chan *prometheus.Desc)
	go func() {
		defer close(all)
		registry.Describe(all)
	}()
	for d := range all {
		exported[regexp.MustCompile(`fqName: "([^"]+)"`).FindStringSubmatch(d.String())[1]] = true
	}
	for _, name := range regexp.MustCompile(`dwell_[a-z_]+`).FindAllString(string(text), -1) {
		base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
		if !exported[name] && !exported[base] {
			t.Errorf("alerts.yml uses %s, which is not exported", name)
		}
	}
}
