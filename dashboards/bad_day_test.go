package dashboards

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"dwell/dashboards/overview"
)

// front is a proxy before the dashboards, as the test sets it.
type front struct {
	refuses atomic.Bool // websockets
	old     atomic.Bool // gives the page of another version
	broken  atomic.Bool // refuses a module
	loads   atomic.Int64
	polls   atomic.Int64
}

func (f *front) serve(t *testing.T, s *stage, address string) string {
	t.Helper()
	backend, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(backend)
		r.Out.Host = r.In.Host
	}}
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/live":
			if f.refuses.Load() {
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(http.StatusForbidden)
				_, _ = w.Write([]byte(`{"type": "about:blank", "title": "refused", "status": 403, "detail": "The proxy does not pass on Host."}`))
				return
			}
		case "/outages.js":
			if f.broken.Load() {
				http.Error(w, "refused", http.StatusForbidden)
				return
			}
		case "/api/v1/overview":
			f.polls.Add(1)
		case "/":
			f.loads.Add(1)
			if f.old.Load() {
				w.Header().Set("Content-Type", "text/html")
				w.Header().Set("Cache-Control", "no-store")
				answer := httptest.NewRecorder()
				proxy.ServeHTTP(answer, r)
				_, _ = w.Write([]byte(strings.Replace(answer.Body.String(), `data-page="`, `data-page="old-`, 1)))
				return
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(page.Close)
	return page.URL
}

// A day with a proxy that refuses websockets, a sleep, a server that starts again with another places file, and an upgrade.
func TestPageComesThroughABadDay(t *testing.T) {
	s := newStage(t)
	backend, stop := serveAt(t, s, 50*time.Millisecond, "127.0.0.1:0")
	var f front
	f.refuses.Store(true)
	f.broken.Store(true)
	address := f.serve(t, s, backend)
	b := newBrowser(t)
	b.do(theme("light"), chromedp.EmulateViewport(1440, 900), chromedp.Navigate(address))
	b.until(`document.getElementById("broken").checkVisibility()`)
	f.broken.Store(false)
	b.do(chromedp.Navigate(address))
	b.until(`document.body.dataset.connection === "polling"`)
	contains(t, "the notice", b.text("#notice"), "No live connection: The proxy does not pass on Host. The numbers are read every 5 s instead.")
	contains(t, "the connection", b.text("#connection"), "Every 5 s")
	contains(t, "Torkham", b.text(torkham), "900")
	b.picture("polling", 1440, 900, false)
	s.change(func(b *overview.Overview) { b.Places[0].Inside.Trucks = ptr(int64(901)) })
	b.until(`document.querySelector('` + torkham + ` .inside').innerText.includes("901")`)

	f.refuses.Store(false)
	polls := f.polls.Load()
	b.do(chromedp.Evaluate[chromedp.Void](`dispatchEvent(new Event("online"))`))
	b.until(`document.body.dataset.connection === "live" && document.getElementById("notice").hidden`)

	t.Log("the laptop sleeps for an hour")
	b.do(chromedp.Evaluate[chromedp.Void](`{
		globalThis.states = [];
		new MutationObserver(() => states.push(document.body.dataset.connection)).observe(document.body, { attributes: true });
		const now = Date.now;
		Date.now = () => now() + 3600_000;
		dispatchEvent(new Event("focus"));
	}`))
	b.until(`states[0] === "lost" && document.body.dataset.connection === "live"`)

	t.Log("the server starts again with another places file, while the detail is open")
	b.do(chromedp.Evaluate[chromedp.Void](`location.hash = "#/place/AF-NAN-TORKHAM"`))
	b.until(`document.getElementById("detail").open`)
	stop()
	b.until(`document.body.dataset.connection === "lost" && document.querySelector("#detail .outages").checkVisibility()`)
	contains(t, "the detail", b.text("#detail .outages"), "Connection lost. The numbers are as of Jan 5, 14:12:13.")
	contains(t, "the detail", b.text("#detail .status"), "Last seen Jan 5, 14:12")
	if title := get[string](b, "document.title"); !strings.Contains(title, "at 14:12") {
		t.Errorf("the title %q does not say as of when its number is", title)
	}
	b.picture("lost-detail", 1440, 900, false)
	s.change(func(b *overview.Overview) {
		b.Places = b.Places[1:]
		b.Places[0].Names = map[string]string{"en": "Weesh"}
	})
	_, stop = serveAt(t, s, 50*time.Millisecond, strings.TrimPrefix(backend, "http://"))
	t.Cleanup(stop)
	b.until(`document.body.dataset.connection === "live" && document.querySelector("#places .place h3").innerText === "Weesh"`)
	if get[bool](b, `document.getElementById("detail").open`) {
		t.Error("the detail of a place that is gone is still open")
	}
	if got := f.polls.Load(); got > polls+10 {
		t.Errorf("the page polled %d times after it had a websocket", got-polls)
	}

	t.Log("servers of two versions are behind one address")
	f.old.Store(true)
	before := f.loads.Load()
	b.do(chromedp.Navigate(address + "/?again"))
	const told = `document.getElementById("notice")?.innerText.includes("load the page again")`
	for range 3 { // a load ends what waits in the page before
		if _, err := chromedp.Run(b, chromedp.Poll[bool](told, chromedp.WithPollingTimeout(20*time.Second))); err == nil {
			break
		}
	}
	b.until(told)
	if got := f.loads.Load() - before; got != 2 {
		t.Errorf("the page was loaded %d times, want once and once again", got)
	}
	b.until(`document.body?.dataset.connection === "live"`)
	f.old.Store(false)
	b.do(chromedp.Reload())
	b.until(`document.body?.dataset.connection === "live" && document.getElementById("notice").hidden`)
}
