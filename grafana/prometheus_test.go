package grafana_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// server starts Debian's Prometheus on loopback, which scrapes the address every second.
func server(t *testing.T, scrape string) (base string) {
	t.Helper()
	binary, err := exec.LookPath("prometheus")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("prometheus is not on this machine (apt-get install prometheus)")
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	text := "scrape_configs:\n  - job_name: dwell\n    scrape_interval: 1s\n    scrape_timeout: 1s\n    static_configs:\n      - targets: [\"" + scrape + "\"]\n"
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, binary, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		stop()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return "http://" + address
}

// answer is what Prometheus says to an instant query: the values of its series.
func answer(ctx context.Context, base, expr string) (values []float64, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/api/v1/query?query="+url.QueryEscape(expr), nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	var body struct {
		Status, Error string
		Data          struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		return nil, err
	}
	if body.Status != "success" {
		return nil, &refused{body.Error}
	}
	for _, r := range body.Data.Result {
		text, _ := r.Value[1].(string)
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("value %q: %w", r.Value[1], err)
		}
		if !math.IsNaN(v) {
			values = append(values, v)
		}
	}
	return values, nil
}

// refused is a query that Prometheus will not run, however often it is asked.
type refused struct{ why string }

func (r *refused) Error() string { return r.why }

// Every query has values once Prometheus has scraped often enough.
func TestEveryQueryOfPrometheusHasValues(t *testing.T) {
	b := newBorder(t)
	base := server(t, strings.TrimPrefix(b.exporter(t).URL, "http://"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, q := range queries(t) {
		if q.source != prometheusUID {
			continue
		}
		t.Run(q.from, func(t *testing.T) {
			expr := fill(t, q.text, prometheusMacros)
			for {
				values, err := answer(ctx, base, expr)
				if errors.As(err, new(*refused)) {
					t.Fatalf("%v\n%s", err, expr)
				}
				if len(values) > 0 {
					return
				}
				select {
				case <-ctx.Done():
					t.Fatalf("no values (%v):\n%s", err, expr)
				case <-time.After(100 * time.Millisecond):
				}
			}
		})
	}
}
