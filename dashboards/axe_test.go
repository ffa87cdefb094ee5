package dashboards

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestPageIsAccessible lets axe-core look at the page, in both themes and with the detail open, by the rules of
// WCAG 2.2 AA. axe-core is not part of the program: where the user's cache folder has none, nothing is checked.
func TestPageIsAccessible(t *testing.T) {
	const version = "4.14.1"
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skip(err)
	}
	path := filepath.Join(cache, "dwell", "axe-core-"+version, "axe.min.js")
	axe, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("no %s; to have the page checked: npm pack axe-core@%s, and put its axe.min.js there", path, version)
	}
	s := newStage(t)
	s.overview.Simulation = simulated(s.overview.Time) // so that the banner is looked at too
	address := serve(t, s)
	b := newBrowser(t)
	for _, colours := range []string{"light", "dark"} {
		for _, where := range []string{"", "#/place/AF-NAN-TORKHAM", "#/place/AF-KDZ-SHERKHANBANDAR"} {
			b.do(theme(colours), chromedp.EmulateViewport(1440, 900), chromedp.Navigate("about:blank"), chromedp.Navigate(address+"/"+where))
			b.until(`document.body.dataset.connection === "live"`)
			if where != "" {
				b.until(`document.querySelector("#detail .plot svg") !== null && document.querySelector("#detail tbody") !== null`)
			}
			accessible(b, axe, fmt.Sprintf("%s %q", colours, where))
		}
		// The form, on a phone, of a token that was entered before: what is waiting and what was refused is there, and the clock is asked about.
		b.do(chromedp.EmulateViewport(390, 844), chromedp.Navigate(address+"/post"))
		b.until(`!document.getElementById("enter").hidden`)
		accessible(b, axe, colours+" form without a token")
		get[bool](b, formAtWork)
		b.do(chromedp.Reload())
		b.until(`document.querySelector("#refused-list li") !== null`)
		accessible(b, axe, colours+" form")
		get[bool](b, `document.getElementById("earlier").click() ?? document.getElementById("arrived").click() ?? true`) // without a truck
		accessible(b, axe, colours+" form with a mistake")
		b.picture("post-"+colours, 390, 844, true)
		for _, dialog := range []string{"clock", "forgetting"} {
			get[bool](b, fmt.Sprintf(`document.getElementById(%q).showModal() ?? true`, dialog))
			accessible(b, axe, colours+" dialog "+dialog)
			get[bool](b, fmt.Sprintf(`document.getElementById(%q).close() ?? localStorage.clear() ?? true`, dialog))
		}
	}
}

// formAtWork is a browser in which a form of two places and sources was at work.
const formAtWork = `(() => {
	const event = (id, type) => ({ specversion: "1.0", id, source: "/gate", type, subject: "T-2026-0815", time: "2026-01-05T08:00:00.000Z", recordedtime: "2026-01-05T08:05:00.000Z",
		data: { bcp: "AF-NAN-TORKHAM", direction: "inbound", agency: "customs" } });
	const put = (key, value) => localStorage.setItem("post/" + key, JSON.stringify(value));
	localStorage.setItem("post/token", "dwell_x");
	put("rights", { name: "gate", sources: ["/gate", "/gate/2"], bcps: ["AF-NAN-TORKHAM", "AF-KAN-SPINBOLDAK"], agencies: ["customs", "health"] });
	put("entry/1-a", { number: 1, state: "sent", event: event("a", "dwell.truck.arrived.v1") });
	put("entry/2-b", { number: 2, state: "waiting", event: event("b", "dwell.inspection.started.v1") });
	put("entry/3-c", { number: 3, state: "waiting", event: { ...event("c", "dwell.event.retracted.v1"), data: { bcp: "AF-NAN-TORKHAM", id: "a" } } });
	put("entry/4-d", { number: 4, state: "refused", reason: "future_time", detail: "future_time: time 2099", event: event("d", "dwell.truck.released.v1") });
	put("clock", { ahead: -600000, chosen: { use: "server", ahead: -600000 } });
	return true;
})()`

// accessible lets axe-core look at what the page shows now.
func accessible(b *browser, axe []byte, where string) {
	b.t.Helper()
	get[bool](b, string(axe)+";true")
	found, err := chromedp.Run(b, chromedp.Evaluate[[]string](`axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}).then((r) =>
		r.passes.length < 15 ? ["only " + r.passes.length + " rules had something to look at"] : r.violations.flatMap((v) => v.nodes.map((n) => v.id + ": " + n.target.join(" ") + ": " + n.failureSummary)))`, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(err)
	}
	for _, f := range found {
		b.t.Errorf("%s: %s", where, f)
	}
}
