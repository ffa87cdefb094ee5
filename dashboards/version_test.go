package dashboards

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// The page knows its own version, and gets that of its server with a snapshot and with each answer of the API. The worker that keeps the form
// has it too, so that browsers install another worker for other files.
func TestPageAndServerSayTheSameVersion(t *testing.T) {
	address := serve(t, newStage(t))
	read := func(path string) (string, http.Header) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body), response.Header
	}
	page, _ := read("/")
	own := regexp.MustCompile(`data-page="([^"]{16})"`).FindStringSubmatch(page)
	if own == nil {
		t.Fatalf("no version in %.200s", page)
	}
	if _, header := read("/api/v1/overview"); header.Get("Dwell-Page") != own[1] {
		t.Errorf("the API has version %q, the page %q", header.Get("Dwell-Page"), own[1])
	}
	if worker, _ := read("/post_worker.js"); !strings.Contains(worker, `const version = "`+own[1]+`";`) {
		t.Errorf("the worker does not have version %q: %.400s", own[1], worker)
	}
	conn, response, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(address, "http")+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = conn.Close(), response.Body.Close() }()
	_, frame, err := conn.ReadMessage()
	if err != nil {
		t.Fatal(err)
	}
	var snapshot struct{ Page string }
	if err := json.Unmarshal(frame, &snapshot); err != nil || snapshot.Page != own[1] {
		t.Errorf("the snapshot has version %q, the page %q (%v)", snapshot.Page, own[1], err)
	}
}
