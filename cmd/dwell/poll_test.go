package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"dwell/cmd/dwell/app"
)

// publisher is a web service with a document.
type publisher struct {
	mu       sync.Mutex
	document string
	edition  int
	down     bool
}

func (p *publisher) publish(document string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.document, p.down = document, false
	p.edition++
}

func (p *publisher) breakDown() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = true
}

func (p *publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	tag := fmt.Sprintf(`"%d"`, p.edition)
	switch {
	case p.down:
		w.WriteHeader(http.StatusBadGateway)
	case r.Header.Get("If-None-Match") == tag:
		w.WriteHeader(http.StatusNotModified)
	default:
		w.Header().Set("ETag", tag)
		_, _ = io.WriteString(w, p.document)
	}
}

// A ministry publishes the queue at Torkham as a JSON document. The document gets longer, then one of its figures is not a number. Then the
// server answers with errors for a while, and once with a page of HTML. At last the figures are corrected. One process reads the document; the
// other process, which does not have the first partition, does not.
func TestDocumentAtAnAddressIsReadAtAnInterval(t *testing.T) {
	ministry := &publisher{}
	server := httptest.NewServer(ministry)
	defer server.Close()
	address := strings.Replace(server.URL, "http://", "http://dwell:sesame@", 1) + "/queues.json"
	cfg := configured(t, `
sources:
  ministry:
    url: `+address+`
    every: 1s
    source: /ministry
    bcp: AF-NAN-TORKHAM
    path: queues
    columns: {time: at, vehicles: trucks, lanes_open: lanes}
`)
	var said journal
	s, err := app.Start(t.Context(), cfg, app.All, io.Discard, slog.New(slog.NewTextHandler(&said, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { stopHere(t, s) }()
	document := func(figures ...string) string {
		var queues []string
		for i, trucks := range figures {
			queues = append(queues, fmt.Sprintf(`{"at": "2026-01-05T%02d:00:00Z", "trucks": %s}`, 8+i, trucks))
		}
		return `{"queues": [` + strings.Join(queues, ", ") + `]}`
	}
	ministry.publish(document("12"))
	idle := prometheus.NewRegistry()
	if err := s.StartPolling(t.Context(), idle, func() bool { return false }); err != nil {
		t.Fatal(err)
	}
	reg := prometheus.NewRegistry()
	if err := s.StartPolling(t.Context(), reg, func() bool { return true }); err != nil {
		t.Fatal(err)
	}
	polls := func(outcome string) (n int) {
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				for _, l := range m.GetLabel() {
					if f.GetName() == "dwell_source_polls_total" && l.GetName() == "outcome" && l.GetValue() == outcome {
						n += int(m.GetCounter().GetValue())
					}
				}
			}
		}
		return n
	}
	changed := func(n int) {
		t.Helper()
		until(t, fmt.Sprintf("%d documents are imported", n), func() bool { return polls("changed") == n })
	}
	changed(1)
	until(t, "it is asked for again", func() bool { return polls("unchanged") > 0 })
	ministry.publish(document("12", "14", `"many"`))
	changed(2)
	ministry.breakDown()
	until(t, "two requests in a row have failed", func() bool { return polls("failed") > 1 })
	ministry.publish("<html>please log in</html>")
	until(t, "it is no JSON", func() bool { return said.times("not imported") == 2 })
	ministry.publish(document("12", "15", "16")) // one is corrected, one can be read now
	changed(3)

	count(t, s)
	tablesSay(t, s, map[string]string{
		"arrayStringConcat(groupArray(toString(vehicles)), ' ') FROM (SELECT vehicles FROM readings FINAL WHERE source = '/ministry' ORDER BY time)":           "12 15 16",
		"concatWithSeparator(' ', count(), any(reason)) FROM dead_letters FINAL":                                                                               "1 invalid_field",
		"arrayStringConcat(groupArray(concatWithSeparator(' ', lines, added, replaced, duplicates)), ', ') FROM (SELECT * FROM imports FINAL ORDER BY number)": "1 1 0 0, 3 1 0 1, 3 1 1 1",
	})
	if n := said.times("can be read again"); n != 1 || said.times("sesame") > 0 {
		t.Errorf("said %d times that it can be read again, and %d times the password", n, said.times("sesame"))
	}
	if n := said.times("missing=lanes"); n != 1 {
		t.Errorf("said %d times that no document has lanes", n)
	}
	if families, err := idle.Gather(); err != nil || len(families) > 0 {
		t.Errorf("a process that is not elected has asked: %v, %v", families, err)
	}
}
