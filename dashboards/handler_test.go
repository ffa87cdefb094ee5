package dashboards

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"dwell/dashboards/query"
)

var _ Store = (*query.Source)(nil)

func TestEveryAnswerIsSafeInABrowser(t *testing.T) {
	address := serve(t, newStage(t))
	for path, want := range map[string]int{
		"/": 200, "/main.js": 200, "/page.css": 200, "/post": 200, "/post.css": 200, "/post/main.js": 200, "/post_worker.js": 200, "/post/": 404, "/api/v1/overview": 200, "/api/v1/nothing": 404, "/nothing": 404, "/static/main.js": 404, "/live": 403,
	} {
		response, err := http.Get(address + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		h := response.Header
		if csp := h.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("%s: policy %q", path, csp)
		}
		if response.StatusCode != want || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", path, response.StatusCode, h)
		}
		if strings.Contains(string(body), "://") && !strings.HasSuffix(path, ".js") && path != "/api/v1/overview" {
			t.Errorf("%s names another server: %s", path, body)
		}
	}
	response, err := http.Post(address+"/", "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", response.StatusCode)
	}
}
