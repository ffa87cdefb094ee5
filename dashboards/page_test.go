package dashboards

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"dwell/dashboards/overview"
)

// browser is a tab of a real Chromium that records what its console reports.
type browser struct {
	context.Context
	t          *testing.T
	mu         sync.Mutex
	complaints []string
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no chromium on this machine: apt-get install -y --no-install-recommends chromium")
		}
		t.Skip("no chromium on this machine, the page is not tested: apt-get install -y --no-install-recommends chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("lang", "en"), chromedp.UserDataDir(t.TempDir()))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	tab, closeTab := chromedp.NewContext(allocator)
	b := &browser{Context: tab, t: t}
	b.do() // starts the browser
	console := chromedp.Console(tab)
	listened := make(chan struct{})
	go func() {
		defer close(listened)
		for message, err := range console {
			if err != nil {
				return
			}
			b.mu.Lock()
			b.complaints = append(b.complaints, fmt.Sprint(message, " ", message.URL))
			b.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		closeTab()
		stop()
		<-listened
	})
	return b
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// get is the value of an expression of the page.
func get[T any](b *browser, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// until waits for an expression of the page to be true.
func (b *browser) until(expression string) {
	b.t.Helper()
	if _, err := chromedp.Run(b, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(20*time.Second))); err != nil {
		b.quiet()
		b.t.Fatalf("%s: %v\n%s", expression, err, get[string](b, "location.hash + '\\n' + (document.querySelector('dialog[open]') ?? document.body).innerText"))
	}
}

func (b *browser) text(selector string) string {
	b.t.Helper()
	return get[string](b, fmt.Sprintf("document.querySelector(%q)?.innerText ?? '(missing)'", selector))
}

// quiet checks that the console has reported nothing.
func (b *browser) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.complaints {
		b.t.Errorf("the console reports: %s", c)
	}
}

// picture writes a screenshot to the folder that DWELL_SCREENSHOTS names, if any.
func (b *browser) picture(name string, width, height int64, whole bool) {
	b.t.Helper()
	dir := os.Getenv("DWELL_SCREENSHOTS")
	if dir == "" {
		return
	}
	shot := chromedp.CaptureScreenshot()
	if whole {
		shot = chromedp.FullScreenshot(100)
	}
	b.do(chromedp.EmulateViewport(width, height))
	png, err := chromedp.Run(b, shot)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

func theme(name string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}})
		return chromedp.Void{}, err
	}
}

func contains(t *testing.T, what, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%s lacks %q: %q", what, w, text)
		}
	}
}

const torkham = `[data-id="AF-NAN-TORKHAM"]`

func TestPageShowsOverviewAndFollowsChanges(t *testing.T) {
	s := newStage(t)
	address := serve(t, s)
	b := newBrowser(t)
	b.do(theme("light"), chromedp.EmulateViewport(1440, 900), chromedp.Navigate(address))
	b.until(`document.body.dataset.connection === "live"`)

	contains(t, "Torkham", b.text(torkham), "900", "24 h 10 min", "36 h 7 min", "Last seen 0 s ago", "414 vehicles", "Torkham (Pakistan)", "Customs")
	contains(t, "a stale place", b.text(".place:nth-child(6) .inside"), "Unknown", "stale, last seen 31 h ago", "112 when last seen")
	empty := b.text(".place:nth-child(9)")
	contains(t, "a place without data", empty, "Unknown", "no data yet")
	if net := b.text(torkham + " .release"); strings.Contains(net, "net of closed hours") {
		t.Errorf("the release time has a figure net of closed hours, which is null: %q", net)
	}
	if strings.ContainsAny(b.text(".place:nth-child(9) .inside"), "0123456789") {
		t.Errorf("a place without data has numbers: %q", empty)
	}
	contains(t, "a stale reading", b.text(".place:nth-child(2) .outside"), "0 vehicles", "stale", "27 h")
	contains(t, "a reading of nothing", b.text(".place:nth-child(3) .outside"), "Unknown", "not reported")
	contains(t, "a zero after a closure", b.text(".place:nth-child(4) .outside"), "Unknown", "zero after a closure", "0 vehicles published")
	contains(t, "a frozen reading", b.text(".place:nth-child(7) .outside"), "7 vehicles", "frozen for 5 h")
	contains(t, "the totals", b.text("#totals"), "3,184", "7 of 9 places known", "18 h 22 min")
	contains(t, "the time by holder", b.text("#totals .holders"), "Customs", "Frontier guard", "Plant quarantine")
	if colours := get[string](b, `((s) => s.color + " on " + s.backgroundColor)(getComputedStyle(document.querySelector("#totals .holders .part")))`); colours != "rgb(0, 0, 0) on rgb(255, 225, 77)" {
		t.Errorf("customs is drawn in %s, not in the colours of the places file", colours)
	}
	contains(t, "the clock", b.text("#as-of"), "14:12:13", "UTC+4:30")
	if get[bool](b, `document.getElementById("simulation").checkVisibility()`) {
		t.Errorf("real data have the banner of a simulation: %q", b.text("#simulation"))
	}
	if hatched := get[int](b, `document.querySelectorAll('.place:nth-child(4) .inside .spark rect[fill^="url"]').length`); hatched != 5 {
		t.Errorf("%d hours are hatched, want 5", hatched)
	}
	b.picture("screenshot", 1280, 860, false)
	b.picture("light-1440", 1440, 900, true)
	b.picture("light-narrow", 390, 1500, false)
	b.picture("light-tablet", 900, 1100, true)
	b.do(theme("dark"))
	b.picture("dark-1440", 1440, 900, true)
	b.do(theme("light"), chromedp.EmulateViewport(1440, 900))

	s.change(func(b *overview.Overview) { b.Places[0].Inside.Trucks = ptr(int64(901)) })
	b.until(`document.querySelector('` + torkham + ` .inside').innerText.includes("901")`)
	s.change(func(b *overview.Overview) { b.Places[1].Status = overview.Unknown })
	b.until(`document.getElementById("news").textContent === "Spin Boldak: Unknown."`)
	b.quiet()
}

// simulated is a simulation of sixty days, of which 34 have been counted at the time.
func simulated(now time.Time) *overview.Simulation {
	return &overview.Simulation{From: now.Add(-34*24*time.Hour - time.Hour), HistoryUntil: now.Add(26 * 24 * time.Hour)}
}

func TestPageSaysThatSimulatedDataAreMadeUp(t *testing.T) {
	s := newStage(t)
	s.overview.Simulation = simulated(s.overview.Time)
	address := serve(t, s)
	b := newBrowser(t)
	b.do(theme("light"), chromedp.EmulateViewport(1440, 900), chromedp.Navigate(address))
	b.until(`document.body.dataset.connection === "live"`)
	const madeUp, history = "These data are made up: a simulation, not a real border.", "History: day 34 of 60 counted."
	contains(t, "the banner", b.text("#simulation"), madeUp, history)
	b.picture("simulation-light", 1440, 900, false)
	b.picture("simulation-narrow", 390, 844, false)
	b.do(theme("dark"))
	b.picture("simulation-dark", 1440, 900, false)
	b.do(theme("light"), chromedp.EmulateViewport(1440, 900), chromedp.Evaluate[chromedp.Void](`scrollTo(0, document.body.scrollHeight)`))
	if top := get[float64](b, `document.getElementById("simulation").getBoundingClientRect().top`); top != 0 {
		t.Errorf("at the end of the page the banner is at %v px, out of view", top)
	}
	get[bool](b, `document.querySelector('`+torkham+` a').click() ?? true`)
	b.until(`document.querySelector("#detail .plot svg") !== null`)
	contains(t, "the detail", b.text("#detail"), madeUp, history)
	b.picture("simulation-detail", 1440, 900, false)
	s.change(func(b *overview.Overview) { b.AsOf = &b.Simulation.HistoryUntil })
	b.until(`!document.body.innerText.includes("History:") && !document.querySelector("#detail").innerText.includes("History:")`)
	contains(t, "the banner after the history", b.text("#simulation"), madeUp)
	b.quiet()
}

func TestPageWorksFromTheKeyboard(t *testing.T) {
	s := newStage(t)
	address := serve(t, s)
	b := newBrowser(t)
	b.do(theme("light"), chromedp.EmulateViewport(1440, 900), chromedp.Navigate(address))
	b.until(`document.body.dataset.connection === "live"`)
	focused := func() string { return get[string](b, "document.activeElement.textContent") }
	b.do(chromedp.KeyEvent(kb.Tab))
	if got := focused(); got != "Skip to the border crossing points" {
		t.Errorf("the first stop is %q", got)
	}
	b.do(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
	b.until(`document.documentElement.dataset.theme === "light"`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until(`document.documentElement.dataset.theme === "dark"`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until(`document.documentElement.dataset.theme === undefined`)
	b.do(chromedp.KeyEvent(kb.Tab))
	if got := focused(); got != "Torkham" {
		t.Errorf("after the theme comes %q", got)
	}
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until(`document.getElementById("detail").open && document.querySelector("#detail .plot svg") !== null && document.querySelector("#detail tbody") !== null`)
	contains(t, "the detail", b.text("#detail"), "Torkham", "V-2026-01", "Customs, hold", "7 d 22 h", "7 days")
	if gaps := get[int](b, `document.querySelectorAll('#detail figure:not(:has(figcaption .p90)) rect[fill^="url"]').length`); gaps != 3 {
		t.Errorf("the readings have %d gaps, want three: before the first, the outage with the zero after it, and since the source is frozen", gaps)
	}
	if hollow := get[int](b, `document.querySelectorAll("#detail .dot.hollow").length`); hollow != 4 {
		t.Errorf("%d readings are hollow, want four: a zero after the outage, a stale one, and two frozen", hollow)
	}
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("#detail details").forEach((d) => { d.open = true; })`))
	contains(t, "the readings", b.text("#detail .readings table"), "0 vehicles · zero after an outage", "80 vehicles · frozen for 6 h", "80 vehicles · stale")
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("#detail details").forEach((d) => { d.open = false; })`))
	contains(t, "the summary", b.text("#detail"), "unknown after 3 h without an event, as configured")
	b.picture("detail-light", 1440, 1900, false)
	b.picture("detail-narrow", 390, 844, false)
	b.do(chromedp.EmulateViewport(1440, 900), chromedp.Focus("#detail .plot"), chromedp.KeyEvent(kb.End))
	contains(t, "the readout", b.text("#detail .readout"), "median", "inside")
	b.do(theme("dark"))
	b.picture("detail-dark", 1440, 1000, false)
	b.do(chromedp.KeyEvent(kb.Escape))
	b.until(`!document.getElementById("detail").open`)
	if got := focused(); got != "Torkham" {
		t.Errorf("after the detail the focus is on %q", got)
	}
	b.quiet()
}

func TestPageShowsThatTheDatabaseIsUnreachable(t *testing.T) {
	s := newStage(t)
	address := serve(t, s)
	b := newBrowser(t)
	b.do(chromedp.Navigate(address))
	b.until(`document.body.dataset.connection === "live"`)
	s.fail(errors.New("no store"))
	b.until(`document.body.dataset.connection === "failing"`)
	contains(t, "the news", b.text("#news"), "The database is unreachable", "14:12")
	contains(t, "Torkham", b.text(torkham), "900")
	s.fail(nil)
	b.until(`document.body.dataset.connection === "live"`)
	b.quiet()
}

func TestPageSaysWhatIsAwayAndWhatStillWorks(t *testing.T) {
	s := newStage(t)
	address := serve(t, s)
	b := newBrowser(t)
	b.do(chromedp.Navigate(address))
	b.until(`document.querySelector("#connection").dataset.state === "live"`)
	since := s.Now().Add(-2 * time.Minute)
	away := func(part overview.Part, stands *time.Time) {
		s.change(func(b *overview.Overview) {
			b.Health = overview.Health{Outages: []overview.Outage{{Part: part, Since: since}}, DamagedTables: []overview.DamagedTable{}, StandsSince: stands}
		})
	}
	away(overview.ClickHouse, nil)
	b.until(`document.querySelector("#connection").dataset.state === "partly"`)
	contains(t, "the banner", b.text("#outages"), "The database has been unreachable since Jan 5, 14:10", "are live")
	b.picture("clickhouse-away", 1400, 900, false)
	away(overview.ClickHouse, &since)
	b.until(`document.querySelector("#connection").dataset.state === "behind"`)
	contains(t, "the banner", b.text("#outages"), "Events since Jan 5, 14:10 are not all", "as of Jan 5, 14:12:13")
	away(overview.Kafka, nil)
	b.until(`document.querySelector("#outages").innerText.includes("Kafka has")`)
	contains(t, "the banner", b.text("#outages"), "Kafka has been unreachable since Jan 5, 14:10", "History can be read")
	contains(t, "the connection", b.text("#connection"), "Not up to date")
	contains(t, "Torkham", b.text(torkham), "900")
	b.picture("kafka-away", 1400, 900, false)

	b.do(chromedp.Navigate(address + "/#/place/AF-NAN-TORKHAM"))
	b.until(`document.querySelector("#detail").innerText.includes("History as of")`)
	contains(t, "the detail", b.text("#detail"), "History as of Jan 5, 14:12:13")

	s.change(func(b *overview.Overview) {
		b.Health = overview.Health{Outages: []overview.Outage{}, DamagedTables: []overview.DamagedTable{}}
	})
	b.until(`document.querySelector("#connection").dataset.state === "live"`)
	if !get[bool](b, `document.querySelector("#outages").hidden`) {
		t.Error("the banner is still there")
	}
	contains(t, "the news", b.text("#news"), "reached again")
	b.quiet()
}

func TestPageReconnectsToARestartedServer(t *testing.T) {
	s := newStage(t)
	address, stop := serveAt(t, s, 50*time.Millisecond, "127.0.0.1:0")
	b := newBrowser(t)
	b.do(chromedp.Navigate(address))
	b.until(`document.body.dataset.connection === "live"`)
	stop()
	b.until(`document.body.dataset.connection === "lost"`)
	contains(t, "the connection", b.text("#connection"), "Connection lost")
	contains(t, "the news", b.text("#news"), "The numbers are as of", "14:12")
	contains(t, "Torkham", b.text(torkham), "900")
	s.change(func(b *overview.Overview) { b.Places[0].Inside.Trucks = ptr(int64(777)) })
	_, stop = serveAt(t, s, 50*time.Millisecond, strings.TrimPrefix(address, "http://"))
	t.Cleanup(stop)
	b.until(`document.body.dataset.connection === "live" && document.querySelector('` + torkham + ` .inside').innerText.includes("777")`)
}

func TestPageWorksWhereTheBrowserBlocksSiteData(t *testing.T) {
	address := serve(t, newStage(t))
	b := newBrowser(t)
	b.do(theme("light"), func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
			Source: `Object.defineProperty(window, "localStorage", { get() { throw new DOMException("denied", "SecurityError"); } })`,
		})
		return chromedp.Void{}, err
	}, chromedp.Navigate(address))
	b.until(`document.body.dataset.connection === "live"`)
	contains(t, "Torkham", b.text(torkham), "900")
	for _, want := range []string{`"light"`, `"dark"`, "undefined"} {
		get[bool](b, `document.getElementById("theme").click() ?? true`)
		b.until(`document.documentElement.dataset.theme === ` + want)
	}
	b.quiet()
}

func TestTrucksWithLongIdsFitTheDetail(t *testing.T) {
	address := serve(t, newStage(t))
	b := newBrowser(t)
	b.do(theme("light"), chromedp.EmulateViewport(1440, 900), chromedp.Navigate(address+"/#/place/AF-NAN-TORKHAM"))
	b.until(`document.querySelector("#detail td.id") !== null`)
	if over := get[int](b, `(() => { const s = document.querySelector("#detail td.id").closest(".scroll"); return s.scrollWidth - s.clientWidth; })()`); over > 0 {
		t.Errorf("the last column is cut off by %d px", over)
	}
	b.do(chromedp.ScrollIntoView("#detail td.id"))
	b.picture("longest-inside", 1440, 1000, false)
}
