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
			get[bool](b, string(axe)+";true")
			found, err := chromedp.Run(b, chromedp.Evaluate[[]string](`axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}).then((r) =>
				r.passes.length < 20 ? ["only " + r.passes.length + " rules had something to look at"] : r.violations.flatMap((v) => v.nodes.map((n) => v.id + ": " + n.target.join(" ") + ": " + n.failureSummary)))`, chromedp.EvalAwaitPromise))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range found {
				t.Error(fmt.Sprintf("%s %q: ", colours, where), f)
			}
		}
	}
}
