package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"dwell/cmd/dwell/app"
	"dwell/dashboards/overview"
	"dwell/ingest/receiver/token"
)

// network is what is between a phone and the server. Through it, the server's clock is behind the phone's.
type network struct {
	down   atomic.Bool
	behind time.Duration
	to     *httputil.ReverseProxy
}

// networkTo makes one, and returns its address.
func networkTo(t *testing.T, s *app.System, behind time.Duration) (*network, string) {
	t.Helper()
	server, err := url.Parse("http://" + s.Listening)
	if err != nil {
		t.Fatal(err)
	}
	n := &network{behind: behind}
	n.to = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(server); r.Out.Host = r.In.Host },
		ModifyResponse: func(r *http.Response) error {
			r.Header.Set("Date", time.Now().Add(-n.behind).UTC().Format(http.TimeFormat))
			return nil
		},
	}
	web := httptest.NewServer(n)
	t.Cleanup(web.Close)
	return n, web.URL
}

func (n *network) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if n.down.Load() {
		panic(http.ErrAbortHandler)
	}
	n.to.ServeHTTP(w, r)
}

// phone is a browser of a clerk.
type phone struct {
	t   *testing.T
	tab context.Context
}

func newPhone(t *testing.T) *phone {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no chromium on this machine: apt-get install -y --no-install-recommends chromium")
		}
		t.Skip("no chromium on this machine, the form is not tested: apt-get install -y --no-install-recommends chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("lang", "en"), chromedp.UserDataDir(t.TempDir()))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	tab, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		closeTab()
		stop()
	})
	p := &phone{t, tab}
	p.do(chromedp.EmulateViewport(390, 844))
	return p
}

func (p *phone) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.tab, steps...); err != nil {
		p.t.Fatal(err)
	}
}

// until waits for an expression of the page to be true.
func (p *phone) until(expression string) {
	p.t.Helper()
	if _, err := chromedp.Run(p.tab, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(20*time.Second))); err != nil {
		p.t.Fatalf("%s: %v\n%s", expression, err, p.get("document.body.innerText"))
	}
}

// get is the text that an expression of the page gives.
func (p *phone) get(expression string) string {
	p.t.Helper()
	v, err := chromedp.Run(p.tab, chromedp.Evaluate[string](expression))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// record presses the button of a fact.
func (p *phone) record(truck, fact string) {
	p.t.Helper()
	p.get(fmt.Sprintf(`document.getElementById("truck").value = %q`, truck))
	p.get(fmt.Sprintf(`document.getElementById(%q).click() ?? ""`, fact))
	p.until(fmt.Sprintf(`document.getElementById("said").textContent.includes(%q)`, truck))
}

// picture writes a screenshot to the folder that DWELL_SCREENSHOTS names, if any.
func (p *phone) picture(name string) {
	p.t.Helper()
	dir := os.Getenv("DWELL_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(p.tab, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

const allSent = `document.getElementById("connection").dataset.state === "live" && document.getElementById("waiting").textContent === "none"`

// statusOf is what the API shows of a truck at Torkham.
func statusOf(t *testing.T, s *app.System, truck string) string {
	t.Helper()
	caughtUp(t, s)
	var v overview.Visit
	shown(t, s, "/places/AF-NAN-TORKHAM/visits/"+truck, &v)
	return v.Status
}

// A clerk at Torkham's gate records an arrival. Then the network goes: the truck is inspected, released and departs, a second one arrives and
// was mistyped, and the page is loaded again. When the network is back, each fact counts once.
func TestClerkRecordsTrucksWithoutANetwork(t *testing.T) {
	s := serveForTest(t, "afghanistan", time.Now)
	cut, address := networkTo(t, s, 0)
	p := newPhone(t)

	p.do(chromedp.Navigate(address + "/post"))
	p.until(`!document.getElementById("enter").hidden`)
	p.picture("post-token")
	p.do(chromedp.Navigate("about:blank"), chromedp.Navigate(address+"/post#token="+tokenFor(t, s, gate())))
	p.until(`!document.getElementById("record").hidden && document.getElementById("only-bcp").textContent === "Torkham"`)
	if at := p.get("location.href"); at != address+"/post" {
		t.Errorf("the address has the token still: %s", at)
	}
	if made := p.get(`(() => { try { return trustedTypes.createPolicy("other", {}).name; } catch (error) { return error.name; } })()`); made != "TypeError" {
		t.Errorf("a script can make another policy of trusted types: %s", made)
	}
	p.record("T-1", "arrived")
	p.until(allSent)
	if got := statusOf(t, s, "T-1"); got != "inside" {
		t.Errorf("T-1 is %s", got)
	}
	p.until(`caches.keys().then((names) => names.length === 1 && caches.open(names[0]).then((c) => c.match(location.href)).then(Boolean))`)

	cut.down.Store(true)
	for _, fact := range []string{"begun", "done", "released", "departed"} {
		p.record("T-1", fact)
	}
	p.record("T-Z", "arrived")
	p.get(`document.querySelector("#recent-list button").click() ?? ""`)
	p.until(`document.getElementById("waiting").textContent.startsWith("6 since")`)
	p.do(chromedp.Reload())
	p.until(`document.getElementById("waiting")?.textContent.startsWith("6 since") && document.getElementById("trouble").textContent.includes("cannot be reached")`)
	p.picture("post-offline")

	cut.down.Store(false)
	p.get(`document.getElementById("send-now").click() ?? ""`)
	p.until(allSent)
	p.picture("post-sent")
	if got := statusOf(t, s, "T-1"); got != "departed" {
		t.Errorf("T-1 is %s", got)
	}
	if got, want := storedFacts(t, s), []string{
		"T-1 inspection.completed 1", "T-1 inspection.started 1", "T-1 truck.arrived 1", "T-1 truck.departed 1", "T-1 truck.released 1",
		"T-Z event.retracted 1", "T-Z truck.arrived 1",
	}; !slices.Equal(got, want) {
		t.Errorf("stored are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	// The token is revoked. What is recorded then is kept, and sent with the next one.
	if err := token.Revoke(s.Config.TokensFile(), "gate"); err != nil {
		t.Fatal(err)
	}
	p.record("T-2", "arrived")
	p.until(`document.getElementById("notice").textContent.includes("revoked") && !document.getElementById("enter").hidden`)
	p.get(fmt.Sprintf(`document.getElementById("token").value = %q`, address+"/post#token="+tokenFor(t, s, gate()))) // pasted
	p.get(`document.querySelector("#token-form button").click() ?? ""`)
	p.until(allSent + ` && document.getElementById("enter").hidden`)
	if got := statusOf(t, s, "T-2"); got != "inside" {
		t.Errorf("T-2 is %s", got)
	}

	// The clerk gives the phone back with a fact that is not sent. It stays, and the token does not.
	cut.down.Store(true)
	p.record("T-3", "arrived")
	p.get(`document.getElementById("forget").click() ?? ""`)
	if text := p.get(`document.getElementById("forget-text").textContent`); !strings.HasPrefix(text, "1 not yet sent.") {
		t.Errorf("the clerk is warned: %s", text)
	}
	p.get(`document.querySelector("#forgetting button[value=forget]").click() ?? ""`)
	p.until(`!document.getElementById("enter").hidden && document.getElementById("record").hidden`)
	if kept := p.get(`Object.values(localStorage).filter((text) => text.includes("dwell_") || text.includes("T-1") || text.includes("T-3")).map((text) => JSON.parse(text).event.subject).join()`); kept != "T-3" {
		t.Errorf("kept are %q, want T-3 alone", kept)
	}
}

// The phone's clock is ten minutes ahead. The clerk is asked before the first fact, and again where the dialog is closed without an answer;
// what is recorded then has the server's time.
func TestClerkIsAskedWhichClockIsRight(t *testing.T) {
	s := serveForTest(t, "afghanistan", time.Now)
	_, address := networkTo(t, s, 10*time.Minute)
	p := newPhone(t)
	p.do(chromedp.Navigate(address + "/post#token=" + tokenFor(t, s, gate())))
	p.until(`document.getElementById("only-bcp").textContent === "Torkham"`)
	p.get(`document.getElementById("truck").value = "T-1"`)
	for _, answer := range []string{"", "server"} {
		p.get(`document.getElementById("arrived").click() ?? ""`)
		p.until(`document.getElementById("clock").open`)
		if text := p.get(`document.getElementById("clock-text").textContent`); text != "This device's clock is 10 min ahead of the server's." {
			t.Errorf("the clerk is asked: %s", text)
		}
		p.picture("post-clock")
		p.get(fmt.Sprintf(`document.querySelector('#clock button[value=%q]').click() ?? ""`, answer))
		p.until(`!document.getElementById("clock").open`)
	}
	p.until(allSent)
	p.record("T-2", "arrived")
	p.until(allSent)
	caughtUp(t, s)
	for _, truck := range []string{"T-1", "T-2"} {
		var v overview.Visit
		shown(t, s, "/places/AF-NAN-TORKHAM/visits/"+truck, &v)
		if ago := time.Since(*v.Arrived); ago < 9*time.Minute || ago > 11*time.Minute {
			t.Errorf("%s arrived %v ago, want ten minutes", truck, ago)
		}
	}
	if got, want := storedFacts(t, s), []string{"T-1 truck.arrived 1", "T-2 truck.arrived 1"}; !slices.Equal(got, want) {
		t.Errorf("stored are %v, want %v", got, want)
	}
}

// storedFacts are the events that are stored, with how many there are.
func storedFacts(t *testing.T, s *app.System) (all []string) {
	t.Helper()
	rows, err := s.Store.Conn().Query(t.Context(), "SELECT concat(subject, ' ', toString(type), ' ', toString(count())) FROM events FINAL GROUP BY subject, type ORDER BY subject, toString(type)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
