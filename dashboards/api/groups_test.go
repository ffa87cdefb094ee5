package api

import (
	"slices"
	"testing"
	"time"

	"dwell/dashboards/overview"
	"dwell/metrics/calendar"
)

// periods asks for what the office has of days: Torkham alone had events, four trucks on 4 January.
func (o *office) periods() {
	var corridors Corridors
	o.get("/corridors", &corridors)
	if len(corridors.Corridors) != 2 || corridors.Corridors[0].ID != "torkham-hairatan" || corridors.Corridors[0].Names["fa"] == "" {
		o.t.Errorf("%+v", corridors)
	}
	var neighbours Neighbours
	o.get("/neighbours", &neighbours)
	if len(neighbours.Neighbours) != 5 || neighbours.Neighbours[0].Country != "PK" || len(neighbours.Neighbours[0].Places) != 3 {
		o.t.Errorf("%+v", neighbours)
	}
	for path, places := range map[string]int{"/places/" + torkham: 1, "/corridors/torkham-hairatan": 2, "/neighbours/PK": 3, "/total": 9} {
		for _, grain := range calendar.Names() {
			if places == 1 && grain == "day" { // as it is stored
				continue
			}
			var h overview.History
			o.get(path+"/history?measure=arrivals&from=2026-01-04T12:00:00%2B04:30&to=2026-01-04T13:00:00%2B04:30&grain="+grain, &h)
			if len(h.Windows) != 1 || len(h.Places) != places || h.TimeZone != "Asia/Kabul" || h.Grain != grain {
				o.t.Fatalf("%s by %s: %+v", path, grain, h)
			}
			if w := h.Windows[0]; *w.N != 4 || w.FirstDate > "2026-01-04" || w.LastDate < "2026-01-04" || (w.Status == overview.OK) != (*w.UnknownDays == 0) {
				o.t.Errorf("%s by %s: %+v", path, grain, w)
			}
		}
	}
	var h overview.History
	o.get("/total/history?grain=week", &h)
	if h.ID != "total" || h.WeekBegins != "sat" || len(h.Windows) != 27 || h.Windows[26].Name != "2026-01-03" || h.Windows[26].Final {
		o.t.Errorf("%+v", h)
	}
	o.get("/places/"+torkham+"/history?grain=month_persian&measure=release_time", &h)
	if last := h.Windows[len(h.Windows)-1]; last.Name != "1404-10" || last.FirstDate != "2025-12-22" || last.LastDate != "2026-01-20" ||
		last.Start != time.Date(2025, 12, 21, 19, 30, 0, 0, time.UTC) || last.N == nil || *last.N != 0 {
		o.t.Errorf("%+v", last)
	}
}

// An instant is of two dates where places are in several time zones; a date is that of each.
func (o *office) dates() {
	var h overview.History
	o.get("/total/history?grain=month_persian&measure=arrivals&from=2025-12-22&to=2026-01-21", &h)
	if len(h.Windows) != 1 || h.Windows[0].Name != "1404-10" || *h.Windows[0].N != 4 {
		o.t.Errorf("%+v", h.Windows)
	}
	o.get("/places/"+torkham+"/history?grain=week&from=2026-01-03", &h) // until now
	if len(h.Windows) != 1 || h.Windows[0].Name != "2026-01-03" {
		o.t.Errorf("%+v", h.Windows)
	}
	o.get("/total/history?measure=arrivals&from=2026-01-04&to=2026-01-05", &h)
	if len(h.Windows) != 1 || *h.Windows[0].N != 4 {
		o.t.Errorf("%+v", h.Windows)
	}
	o.get("/total/history?from=2026-01-06", &h) // it has begun somewhere in the world, but not here
	if len(h.Windows) != 1 || h.Windows[0].Reason != overview.Future {
		o.t.Errorf("%+v", h.Windows)
	}
}

func TestGrainsThatCanBeAskedForAreThoseOfTheDescription(t *testing.T) {
	doc, _ := load(t)
	for path, want := range map[string][]string{
		"/places/{id}/history": append([]string{"minute", "hour"}, calendar.Names()...), "/total/history": calendar.Names(),
		"/corridors/{id}/history": calendar.Names(), "/neighbours/{country}/history": calendar.Names(),
	} {
		var got []string
		for _, p := range doc.Paths.Value(path).Get.Parameters {
			if p.Value.Name == "grain" {
				for _, v := range p.Value.Schema.Value.Enum {
					got = append(got, v.(string))
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s has the grains %q, not %q", path, got, want)
		}
		for _, grain := range want {
			if usual[grain] == 0 {
				t.Errorf("nothing says how far back %s goes by %s", path, grain)
			}
		}
	}
}
