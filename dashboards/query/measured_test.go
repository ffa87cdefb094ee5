package query

import (
	"testing"
	"time"

	"dwell/dashboards/overview"
	"dwell/metrics/window"
)

func TestTrucksOfAPlaceWithReadingsAloneAreNotMeasured(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:00:00Z", placeOf("A", "UTC", 12*time.Hour))
	b.insideNow(0, "A", "", "2026-01-05T11:50:00Z", 0)
	b.observe("", "2026-01-05T11:50:00Z", "12, NULL, NULL, NULL, NULL", "unknown")
	for _, story := range []struct{ what, now string }{{"its readings go on", "2026-01-05T12:00:00Z"}, {"they have ended", "2026-01-09T12:00:00Z"}} {
		b.now = at(story.now)
		all := b.overview()
		p := all.Places[0]
		if p.Inside.Reason != overview.NotMeasured || p.ReleaseTime.Reason != overview.NotMeasured || p.Flow.Reason != overview.NotMeasured || p.ReleaseTime.N != nil {
			t.Errorf("%s: inside %q, release time %q of %v, flow %q", story.what, p.Inside.Reason, p.ReleaseTime.Reason, p.ReleaseTime.N, p.Flow.Reason)
		}
		if s := all.Total; s.Inside.Reason != overview.NotMeasured || s.ReleaseTime.N != nil || s.ReleaseTime.Reason != overview.NotMeasured {
			t.Errorf("%s: all together have %+v inside and %+v", story.what, s.Inside, s.ReleaseTime)
		}
		for _, h := range p.Trend {
			if h.N != nil || h.Status != overview.Unknown {
				t.Errorf("%s: %+v", story.what, h)
			}
		}
	}
	history, err := b.History(t.Context(), overview.HistoryQuery{ID: "A", Measure: "release_time", Grain: window.Hour, From: at("2026-01-05T08:00:00Z"), To: at("2026-01-05T12:00:00Z")})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range history.Windows {
		if w.N != nil || w.Reason != overview.NotMeasured {
			t.Errorf("%+v", w)
		}
	}
}
