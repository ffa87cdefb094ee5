package api

import (
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"dwell/dashboards/overview"
	"dwell/dashboards/problem"
)

// found asks for pages of one visit each, to the last.
func (o *office) found(path string) (ids []string) {
	o.t.Helper()
	for next := path; next != ""; {
		var page overview.Found
		if response := o.get(next, &page); response.StatusCode != 200 || len(page.Visits) > 1 {
			o.t.Fatalf("%s: %d, %d visits", next, response.StatusCode, len(page.Visits))
		}
		for _, v := range page.Visits {
			ids = append(ids, v.Visit)
		}
		if next = ""; page.Next != nil {
			next = path + "&cursor=" + url.QueryEscape(*page.Next)
		}
	}
	return ids
}

func TestVisitsAreFoundByWhatIsKnownOfThem(t *testing.T) {
	o := open(t)
	o.fill()
	o.handler = o.again()
	for query, want := range map[string]string{
		"":                                      "T1 T3 T4 T2/b T3", // of two places
		"place=" + torkham:                      "T1 T3 T4 T2/b",
		"q=T":                                   "T1 T3 T4 T2/b T3 T5", // of any time
		"q=T2/b":                                "T2/b",
		"q=t2":                                  "",
		"status=departed":                       "T4 T3",
		"status=inside":                         "T1 T3 T2/b",
		"channel=red&direction=inbound":         "T1 T3 T4 T2/b",
		"direction=outbound":                    "",
		"holder=customs":                        "T1 T3 T2/b",
		"holder=trader":                         "",
		"older_than_seconds=90000":              "T2/b",
		"younger_than_seconds=90000":            "T1 T3",
		"by=departed":                           "T4 T3",
		"by=released":                           "",
		"by=departed&from=2026-01-05T00:00:00Z": "T4",
		"to=2026-01-01T00:00:00Z":               "",
		"from=2025-12-01T00:00:00Z":             "T1 T3 T4 T2/b T3 T5",
		"q=T&by=arrived&from=2026-01-05T00:00:00Z":      "T1 T3 T4",
		"from=2026-01-05T10:00:00Z&status=departed&q=X": "",
	} {
		got, all := o.found("/visits?limit=1&"+query), strings.Fields(want)
		if !slices.Equal(got, all) {
			t.Errorf("%q finds %q, want %q", query, got, all)
		}
	}
	var all overview.Found
	o.get("/visits", &all)
	if *all.By != overview.ByArrival || !all.To.Equal(now) || !all.From.Equal(now.Add(-30*24*time.Hour)) {
		t.Errorf("by %v from %v to %v", *all.By, all.From, all.To)
	}
	if o.get("/visits?q=T1", &all); all.By != nil || all.From != nil || all.To != nil {
		t.Errorf("by %v from %v to %v", all.By, all.From, all.To)
	}
	var inside overview.Visits
	for query, want := range map[string]int{"": 3, "?holder=customs": 3, "?q=T2": 1, "?older_than_seconds=90000": 1, "?holder=health": 0, "?status=lapsed": 0, "?from=2026-01-05T00:00:00Z": 2, "?by=released": 0, "?channel=green": 0} {
		if o.get("/places/"+torkham+"/visits"+query, &inside); len(inside.Visits) != want {
			t.Errorf("inside %q: %d, want %d", query, len(inside.Visits), want)
		}
	}
}

// A sender chose ids with what means something in SQL, in parameters and in addresses.
func TestVisitsAreFoundByAnyID(t *testing.T) {
	o := open(t)
	o.fill()
	o.handler = o.again()
	ids := []string{`T'1\`, "T\t\\N", "T%_*", "T\x00{a:String}", "T?&=+ ", "Tتورخم"}
	for _, id := range ids {
		hexed := hex.EncodeToString([]byte(id))
		o.exec(`INSERT INTO visits (shard, visit, as_of, bcp, direction, status, over, first_fact, last_fact, arrived)
			VALUES (0, unhex('%s'), 5, '%s', 'inbound', 'inside', 0, '2026-01-05 11:00:00', '2026-01-05 11:00:00', '2026-01-05 11:00:00')`, hexed, torkham)
	}
	for _, id := range ids {
		if got := o.found("/visits?limit=1&q=" + url.QueryEscape(id)); !slices.Equal(got, []string{id}) {
			t.Errorf("%q finds %q", id, got)
		}
	}
	if got := o.found("/visits?limit=1&by=arrived&from=2026-01-05T11:00:00Z"); len(got) != len(ids) {
		t.Errorf("by the hour %q, want %q", got, ids)
	}
}

func TestQuestionsForVisitsThatCannotBeAnswered(t *testing.T) {
	o := open(t)
	o.fill()
	var first overview.Found
	o.get("/visits?limit=1", &first)
	for query, parameter := range map[string]string{
		"place=NOWHERE": "place", "holder=nobody": "holder", "status=gone": "status", "by=lapsed": "by", "older_than_seconds=0": "older_than_seconds", "lane=1": "lane",
		"younger_than_seconds=-1": "younger_than_seconds", "older_than_seconds=90000000000": "older_than_seconds",
		"older_than_seconds=60&younger_than_seconds=60": "older_than_seconds", "q=" + strings.Repeat("x", 1025): "q",
		"limit=501": "limit", "cursor=x": "cursor", "status=inside&cursor=" + *first.Next: "cursor", "from=2026-01-06T00:00:00Z": "from",
	} {
		var p problem.Document
		if o.get("/visits?"+query, &p); p.Status != 400 || p.Parameter != parameter {
			t.Errorf("%s: %+v", query, p)
		}
	}
	if response := o.get("/visits?limit=1&cursor="+*first.Next, nil); response.StatusCode != 200 {
		t.Errorf("%d", response.StatusCode)
	}
}
