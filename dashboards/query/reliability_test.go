package query

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"dwell/dashboards/overview"
	"dwell/ingest/place"
	"dwell/metrics/window"
)

// For 70 days 25 trucks a day arrive at noon; 24 of them are released after an hour, and one after three. On the last day before today it takes each an hour longer,
// and the last four arrive on the evening before. Half of the trucks shall be released within 90 minutes.
func TestHowFarOneCanRelyOnATime(t *testing.T) {
	p := placeOf("A", "Asia/Kabul", 3*time.Hour)
	p.Targets = []place.Target{{Measure: "release_time", Quantile: 0.5, Within: 90 * time.Minute}}
	b := newBorder(t, "2026-03-16T12:10:00Z", p)
	var visits, days []string
	for back := 70; back > 0; back-- {
		midnight := at("2026-03-15T19:30:00Z").AddDate(0, 0, -back)
		var a window.Aggregate
		for truck := range 25 {
			took := time.Hour
			if truck == 0 {
				took = 3 * time.Hour
			}
			arrived := midnight.Add(12 * time.Hour)
			if back == 1 {
				took += time.Hour
				if truck > 20 {
					arrived = midnight.Add(-time.Hour)
				}
			}
			a.Add(window.IncrementOf(window.ReleaseTime, took.Milliseconds(), 0, 1))
			released := arrived.Add(took)
			visits = append(visits, fmt.Sprintf("(0, '%d-%d', 3, 'A', 'inbound', 'departed', 1, %s, %s, %s, %s, %d, %d)", back, truck,
				literal(arrived), literal(released), literal(arrived), literal(released), took.Milliseconds(), took.Milliseconds()))
		}
		days = append(days, b.row(0, "A", "inbound", "day", midnight.Format(time.RFC3339), "release_time", 25, &a))
	}
	b.aggregates(days...)
	b.insert("visits (shard, visit, as_of, bcp, direction, status, over, first_fact, last_fact, arrived, released, release_ms, release_net_ms) VALUES %s", strings.Join(visits, ", "))
	b.refresh()
	r, err := b.Reliability(t.Context(), overview.ReliabilityQuery{ID: "A", Measure: "release_time"})
	if err != nil {
		t.Fatal(err)
	}
	if r.From != "2026-02-14" || r.Until != "2026-03-16" || r.KnownDays != 30 || r.Statistic != "p50" || *r.TargetSeconds != 5400 {
		t.Errorf("%+v", r)
	}
	// 29 days of 24 trucks within 90 minutes.
	if w := r.WithinTarget; w.N != 750 || *w.Share != 696.0/750 || *w.Low >= *w.Share || *w.High <= *w.Share {
		t.Errorf("within the target are %+v", w)
	}
	// Of 750 times one in 25 is above two hours, 24 are two hours, and 29 three or four: the 713th is two hours.
	near(t, "time to allow", r.Allow.P95Seconds, 7200)
	near(t, "mean", r.Allow.MeanSeconds, (696*3600+29*10800+24*7200+14400)/750.0)
	// On arrival the P95 of the 30 days before was an hour: 24 of 25 times. On the last day nobody was as fast.
	if e := r.Allow.Enough; r.Allow.N != 750 || e.N != 750 || *e.Share != 696.0/750 {
		t.Errorf("enough for %+v", e)
	}
	last := r.Days[len(r.Days)-1]
	if len(r.Days) != 70 || last.Date != "2026-03-15" || last.N != 25 || !last.Signal || fmt.Sprint(last.Rules) != "[beyond]" || *r.Variation != "worse" || *r.Assurance != "will meet" {
		t.Errorf("%d days, the last %+v; %v, %v", len(r.Days), last, *r.Variation, *r.Assurance)
	}
	near(t, "centre", &r.Limits.CentreSeconds, 3600)
	if r.Limits.Provisional || r.Limits.Days != 28 || r.Days[13].UpperSeconds != nil || r.Days[14].UpperSeconds == nil {
		t.Errorf("limits %+v", r.Limits)
	}
	b.insert("annotations (id, written, kind, bcp, begins, text, author) VALUES ('c', %s, 'process_change', 'A', %s, 'a second lane', 'Zahra')", literal(b.now), literal(at("2026-03-09T20:00:00Z")))
	changed, err := b.Reliability(t.Context(), overview.ReliabilityQuery{ID: "A", Measure: "release_time"})
	if err != nil || changed.Limits != nil || changed.Variation != nil || changed.Days[63].UpperSeconds == nil || changed.Days[64].UpperSeconds != nil {
		t.Errorf("six days after a change of process %+v, %v", changed, err)
	}
	none, err := b.Reliability(t.Context(), overview.ReliabilityQuery{ID: "A", Measure: "crossing_time", Direction: "outbound"})
	if err != nil || none.KnownDays != 0 || none.Allow.P95Seconds != nil || none.Variation != nil || none.Limits != nil || none.WithinTarget != nil || len(none.Days) != 0 {
		t.Errorf("of no truck %+v, %v", none, err)
	}
}
