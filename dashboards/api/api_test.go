package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/prometheus/client_golang/prometheus"

	"dwell/dashboards/door"
	"dwell/dashboards/overview"
	"dwell/dashboards/problem"
	"dwell/dashboards/query"
	"dwell/deploy/embedded/clickhouse/clickhousetest"
	"dwell/ingest/place"
	"dwell/metrics/border"
	"dwell/metrics/clickhouse"
)

func TestMain(m *testing.M) { clickhousetest.Main(m) }

// direct reads the overview anew for each request.
type direct struct{ *query.Source }

// office is the API over a real engine; each of its answers is checked against the OpenAPI description.
type office struct {
	t       testing.TB
	handler *Handler
	// again makes the handler over a source that has just read the tables.
	again  func() *Handler
	router routers.Router
	asked  map[string]bool
	exec   func(format string, args ...any)
}

func load(t testing.TB) (*openapi3.T, routers.Router) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(description)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return doc, router
}

var now = time.Date(2026, 1, 5, 12, 10, 0, 0, time.UTC)

func open(t testing.TB) *office {
	t.Helper()
	return openWith(t, query.DefaultConfig())
}

func openWith(t testing.TB, shown query.Config) *office {
	t.Helper()
	book, err := place.Load("afghanistan")
	if err != nil {
		t.Fatal(err)
	}
	voc, err := book.Vocabulary()
	if err != nil {
		t.Fatal(err)
	}
	server := clickhousetest.Start(t)
	cfg := clickhouse.DefaultConfig()
	cfg.Addresses, cfg.Database = []string{server.Addr}, server.Database
	cfg.Password = server.Password
	store, err := clickhouse.Open(t.Context(), cfg, voc)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	_, router := load(t)
	return &office{
		t: t, router: router, asked: map[string]bool{},
		again: func() *Handler {
			source := query.New(store.Conn(), server.Database, book.Places, voc, shown, func() time.Time { return now }, border.New(len(book.Places)))
			if err := source.Refresh(context.Background()); err != nil {
				t.Fatal(err)
			}
			log := slog.New(slog.DiscardHandler)
			return New(direct{source}, source, voc, book, door.NewRefusals(log, prometheus.NewRegistry()), log)
		},
		exec: func(format string, args ...any) {
			t.Helper()
			if err := store.Conn().Exec(t.Context(), fmt.Sprintf(format, args...)); err != nil {
				t.Fatal(err)
			}
		},
	}
}

// get asks, checks that the answer is as described, and reads it.
func (o *office) get(path string, into any) *http.Response {
	o.t.Helper()
	return o.ask(httptest.NewRequestWithContext(o.t.Context(), http.MethodGet, "/api/v1"+path, nil), into)
}

func (o *office) ask(r *http.Request, into any) *http.Response {
	o.t.Helper()
	response, body := o.read(r)
	if into != nil {
		if err := json.Unmarshal(body, into); err != nil {
			o.t.Fatalf("%s: %v\n%s", r.URL, err, body)
		}
	}
	return response
}

// read asks, and checks that the answer is as described.
func (o *office) read(r *http.Request) (*http.Response, []byte) {
	o.t.Helper()
	w := httptest.NewRecorder()
	handler := o.handler
	if handler == nil {
		handler = o.again()
	}
	handler.ServeHTTP(w, r)
	response := w.Result()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	route, parameters, err := o.router.FindRoute(r)
	if strings.HasSuffix(r.URL.EscapedPath(), "/") {
		err = routers.ErrPathNotFound // "places/" is not "places", though the router says so
	}
	if err == nil {
		o.asked[route.Path] = true
		input := &openapi3filter.ResponseValidationInput{
			RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: route},
			Status:                 response.StatusCode, Header: response.Header, Body: io.NopCloser(bytes.NewReader(body)),
			Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
		}
		if err := openapi3filter.ValidateResponse(context.Background(), input); err != nil {
			o.t.Errorf("%s: %v\n%s", r.URL, err, body)
		}
	} else if response.StatusCode < 300 { // a path such as "a/../b" is sent on to the one it means
		o.t.Errorf("%s is not described: %v", r.URL, err)
	}
	return response, body
}

const torkham = "AF-NAN-TORKHAM"

func (o *office) fill() {
	visit := func(id, status string, over int, arrived, departed, phase string) {
		o.exec(`INSERT INTO visits (shard, visit, as_of, bcp, direction, channel, status, over, first_fact, last_fact, arrived, departed,
			crossing_ms, segment_phase, segment_holder, segment_start, segment_ms, segment_net_ms, phase, holder, since)
			VALUES (0, '%s', 5, '%s', 'inbound', 'red', '%s', %d, %s, %s, %s, %s, %s, ['wait'], ['customs'], [%s], [1500], [500], '%s', 'customs', %s)`,
			id, torkham, status, over, arrived, arrived, arrived, departed, map[bool]string{true: "NULL", false: "7200000"}[departed == "NULL"], arrived, phase, arrived)
	}
	visit("T1", "inside", 0, "'2026-01-05 10:00:00'", "NULL", "wait")
	visit("T2/b", "inside", 0, "'2026-01-04 10:00:00'", "NULL", "hold")
	visit("T3", "inside", 0, "'2026-01-05 10:00:00'", "NULL", "wait")
	visit("T4", "departed", 1, "'2026-01-05 08:00:00'", "'2026-01-05 10:00:00'", "")
	visit("T5", "lapsed", 1, "'2025-12-01 08:00:00'", "NULL", "")
	o.exec(`INSERT INTO visits (shard, visit, as_of, bcp, direction, status, over, first_fact, last_fact, arrived, departed)
		VALUES (1, 'T3', 3, 'AF-KAN-SPINBOLDAK', 'inbound', 'departed', 1, '2026-01-03 10:00:00', '2026-01-04 10:00:00', '2026-01-03 10:00:00', '2026-01-04 10:00:00')`)
	window := func(grain, start, measure string, n int, bins string, sum, squares int64) {
		o.exec(`INSERT INTO windows (shard, bcp, direction, channel, regime, grain, start, measure, as_of, n, sum_ms, sum_sq, bins, net_ms, net_sq, net_bins)
			VALUES (0, '%s', 'inbound', 'red', '', '%s', '%s', '%s', 5, %d, %d, %d, map(%s), %[6]d / 2, %[7]d / 4, map(%[8]s))`, torkham, grain, start, measure, n, sum, squares, bins)
	}
	window("hour", "2026-01-05 09:30:00", "arrivals", 2, "", 0, 0)
	window("hour", "2026-01-05 09:30:00", "untimed_left", 1, "", 0, 0)
	window("hour", "2026-01-05 09:30:00", "release_time", 2, "320, 1, 352, 1", 3_000_000, 5_000_000_000_000)
	window("hour", "2026-01-05 09:30:00", "wait/customs", 2, "320, 1, 352, 1", 3_000_000, 5_000_000_000_000)
	window("day", "2026-01-03 19:30:00", "arrivals", 4, "", 0, 0)
	window("day", "2026-01-03 19:30:00", "untimed_left", 2, "", 0, 0)
	o.exec(`INSERT INTO inside_now VALUES (0, '%s', 'inbound', 5, '2026-01-05 12:00:00', '2026-01-05 12:00:00', 3, [2, 1], ['2026-01-05 10:00:00', '2026-01-04 10:00:00'],
		['2026-01-05 10:15:00', '2026-01-05 11:00:00'], ['wait', 'hold'], ['customs', 'customs'], ['red', 'red'], ['channel.assigned', 'hold.placed'],
		['', 'customs'], ['', ''], ['', ''], [[], ['customs']])`, torkham)
	o.exec("INSERT INTO readings VALUES (0, 1, '%s', '', 'far', 'buses', 'r1', 0, '2026-01-05 11:00:00', '2026-01-05 11:00:00', 0, NULL, 60, 2, NULL, 'paused', 0, '2026-01-05 11:00:00', 1)", torkham)
	o.exec("INSERT INTO readings VALUES (0, 2, '%s', '', 'far', '', 'r2', 0, '2026-01-05 11:30:00', '2026-01-05 11:30:00', NULL, NULL, NULL, NULL, NULL, 'unknown', 0, '2026-01-05 11:30:00', 1)", torkham)
	for offset, row := range []string{
		"'hour', '2026-01-05 09:30:00', 'release_time', 1, 1000000", "'hour', '2026-01-05 09:30:00', 'release_time', -1, -2000000",
		"'day', '2026-01-03 19:30:00', 'arrivals', 0, 0",
	} {
		o.exec("INSERT INTO restatements (shard, offset, written_at, bcp, direction, grain, start, measure, n, sum_ms) VALUES (0, %d, '2026-01-05 12:00:00', '%s', 'inbound', %s)", 9-offset, torkham, row)
	}
	o.exec("INSERT INTO events (shard, offset, type, id, source, subject, time) VALUES (0, 9, 'truck.released', 'e9', '/post', 'T1', '2026-01-05 10:00:00')")
	o.exec("INSERT INTO progress (shard, offset, as_of, latest, watermark) VALUES (0, 5, 5, '2026-01-05 12:00:00', '2026-01-05 10:40:00')")
}

func TestSimulatedDataAreMarked(t *testing.T) {
	cfg := query.DefaultConfig()
	cfg.Simulation = &overview.Simulation{From: now.Add(-60 * day), HistoryUntil: now}
	o := openWith(t, cfg)
	var b overview.Overview
	var one Now
	o.get("/overview", &b)
	o.get("/places/"+torkham, &one)
	for _, got := range []*overview.Simulation{b.Simulation, one.Simulation} {
		if got == nil || *got != *cfg.Simulation {
			t.Errorf("simulation %+v, want %+v", got, cfg.Simulation)
		}
	}
}

func TestEveryAnswerIsAsDescribed(t *testing.T) {
	o := open(t)
	o.get("/overview", nil) // of an empty store
	o.get("/places/"+torkham+"/history", nil)
	o.fill()
	var b overview.Overview
	o.get("/overview", &b)
	if *b.Places[0].Inside.Trucks != 3 || b.Places[1].Inside.Trucks != nil {
		t.Errorf("inside %+v, %+v", b.Places[0].Inside, b.Places[1].Inside)
	}
	var places Places
	o.get("/places", &places)
	if len(places.Places) != 9 || places.Places[0].UNLocode != nil || places.Places[0].Names["fa"] == "" {
		t.Errorf("places %+v", places)
	}
	var one Now
	o.get("/places/"+torkham, &one)
	var agencies Agencies
	o.get("/agencies", &agencies)
	if len(agencies.Agencies) != 6 || agencies.Agencies[0].Code != "customs" || agencies.Agencies[0].Names["fa"] == "" || agencies.Agencies[0].Colour != nil {
		t.Errorf("agencies %+v", agencies)
	}
	if b.Simulation != nil || one.Simulation != nil {
		t.Errorf("real data are a simulation: %+v, %+v", b.Simulation, one.Simulation)
	}
	if one.Place.ID != torkham {
		t.Errorf("%+v", one)
	}

	var h overview.History
	o.get("/places/"+torkham+"/history?from=2026-01-05T08:00:00Z&to=2026-01-05T14:00:00Z&direction=inbound&channel=red", &h)
	if len(h.Windows) != 7 || h.From != time.Date(2026, 1, 5, 7, 30, 0, 0, time.UTC) {
		t.Fatalf("%d windows from %v", len(h.Windows), h.From)
	}
	known := h.Windows[2]
	if *known.N != 2 || *known.MeanSeconds != 1500 || *known.SDSeconds != 500 || *known.Inside != 3 || !known.Final {
		t.Errorf("%+v", known)
	}
	if w := h.Windows[0]; w.N != nil || w.Inside != nil || w.Reason != overview.Stale {
		t.Errorf("before anything was seen: %+v", w)
	}
	if w := h.Windows[3]; *w.N != 0 || w.P50Seconds != nil || w.Reason != overview.NoValues || *w.Inside != 3 || w.Final {
		t.Errorf("an hour without releases: %+v", w)
	}
	if w := h.Windows[6]; w.N != nil || w.Reason != overview.Future {
		t.Errorf("an hour to come: %+v", w)
	}
	o.get("/places/"+torkham+"/history?measure=arrivals&grain=day&to=2026-01-05T12:00:00%2B04:30", &h)
	if w := h.Windows[len(h.Windows)-2]; *w.N != 4 || *w.Inside != 2 || w.MeanSeconds != nil || w.Reason != "" {
		t.Errorf("a day of arrivals: %+v", w)
	}
	o.get("/places/"+torkham+"/history?grain=minute", nil)
	o.periods()
	o.dates()

	var holders overview.Holders
	o.get("/places/"+torkham+"/holders", &holders)
	if len(holders.Holders) != 1 || holders.Holders[0].Seconds != 3000 {
		t.Errorf("%+v", holders)
	}
	o.get("/places/"+torkham+"/holders?direction=outbound", &holders)
	if len(holders.Holders) != 0 || holders.Reason != overview.NoValues {
		t.Errorf("%+v", holders)
	}

	var ids []string
	for path := "/places/" + torkham + "/visits?limit=1"; path != ""; {
		var page overview.Visits
		o.get(path, &page)
		for _, v := range page.Visits {
			ids = append(ids, v.Visit)
		}
		if path = ""; page.Next != nil {
			path = "/places/" + torkham + "/visits?limit=1&cursor=" + url.QueryEscape(*page.Next)
			for _, other := range []string{path + "&direction=inbound", strings.Replace(path, torkham, "AF-KAN-SPINBOLDAK", 1), path[:len(path)-3]} {
				var p problem.Document
				if o.get(other, &p); p.Status != 400 || p.Parameter != "cursor" {
					t.Errorf("%s: %+v", other, p)
				}
			}
		}
	}
	if want := []string{"T2/b", "T1", "T3"}; !slices.Equal(ids, want) {
		t.Errorf("inside are %v, want %v", ids, want)
	}
	var v overview.Visit
	o.get("/places/"+torkham+"/visits/T2%2Fb", &v)
	if v.Open.Phase != "hold" || *v.AgeSeconds != 94200 || v.Segments[0].Seconds != 1.5 {
		t.Errorf("%+v", v)
	}
	o.get("/places/"+torkham+"/visits/T5", &v)
	if v.Status != "lapsed" || v.AgeSeconds != nil {
		t.Errorf("%+v", v)
	}
	var everywhere overview.VisitsOf // two places gave it the same number
	o.get("/visits/T3", &everywhere)
	if all := everywhere.Visits; len(all) != 2 || all[0].Place != torkham || all[1].Place == torkham || all[1].Status != "departed" {
		t.Errorf("%+v", everywhere)
	}
	var found overview.Found
	if o.get("/visits?place="+torkham, &found); len(found.Visits) != 4 || found.Visits[0].Visit != "T1" {
		t.Errorf("%+v", found)
	}
	var readings overview.Readings
	o.get("/places/"+torkham+"/readings", &readings)
	if len(readings.Readings) != 2 || *readings.Readings[0].Vehicles != 0 || readings.Readings[1].Vehicles != nil {
		t.Errorf("%+v", readings)
	}
	var restated overview.Restatements
	o.get("/places/"+torkham+"/restatements?from=2026-01-05T00:00:00Z&to=2026-01-06T00:00:00Z", &restated)
	if len(restated.Restatements) != 3 {
		t.Fatalf("%+v", restated)
	}
	// The window says 2 trucks and 3,000 s now; both changes have come since.
	for i, want := range []struct{ n, after int64 }{{1, 2}, {2, 1}, {4, 4}} {
		if r := restated.Restatements[i]; r.Before.N != want.n || r.After.N != want.after {
			t.Errorf("restatement %d is %+v, want %+v", i, r, want)
		}
	}
	latest := restated.Restatements[0]
	if *latest.Before.MeanSeconds != 2000 || *latest.After.MeanSeconds != 1500 || restated.Restatements[2].After.MeanSeconds != nil ||
		latest.Because != (overview.Because{Type: "truck.released", ID: "e9", Source: "/post", Visit: "T1", Time: latest.Because.Time}) {
		t.Errorf("%+v", latest)
	}
	o.statistics()
	var measures Measures
	o.get("/measures", &measures)
	for _, m := range measures.Measures {
		var h overview.History
		o.get("/places/"+torkham+"/history?from=2026-01-05T09:30:00Z&to=2026-01-05T10:30:00Z&measure="+url.QueryEscape(m.Name), &h)
		w := h.Windows[0]
		if isTime := w.MeanSeconds != nil || w.Reason == overview.NoValues; h.Measure != m.Name || w.N == nil || isTime != (m.Kind == "time") {
			t.Errorf("%+v: %+v", m, w)
		}
	}
	o.get("/openapi.yaml", nil)

	doc, _ := load(t)
	for path, item := range doc.Paths.Map() {
		if item.Get != nil && item.Get.Security == nil && !o.asked[path] { // what needs a token, the receiver answers
			t.Errorf("%s was not asked for", path)
		}
	}
}

func TestInvalidParametersAreNamed(t *testing.T) {
	o := open(t)
	history := "/places/" + torkham + "/history"
	for _, c := range []struct {
		path, parameter, value string
		status                 int
	}{
		{history + "?measure=speed", "measure", "speed", 400},
		{history + "?grain=fortnight", "grain", "fortnight", 400},
		{"/total/history?from=2026-01-05&to=2026-01-05", "from", "2026-01-05", 400},
		{"/total/history?from=2026-01-32", "from", "2026-01-32", 400},
		{history + "?from=2026-01-05", "from", "2026-01-05", 400},
		{history + "?grain=day&from=2026-01-05", "from", "2026-01-05", 400},
		{"/total/history?grain=hour", "grain", "hour", 400},
		{"/total/history?grain=day&from=2010-01-05T10:00:00Z", "from", "2010-01-05T10:00:00Z", 400},
		{"/corridors/silk-road/history", "id", "silk-road", 404},
		{"/neighbours/CN/history", "country", "CN", 404},
		{history + "?grain=", "grain", "", 400},
		{history + "?from=yesterday", "from", "yesterday", 400},
		{history + "?from=1970-01-01T00:00:00Z", "from", "1970-01-01T00:00:00Z", 400},
		{history + "?from=2026-01-05T10:00:00Z&to=2026-01-05T10:00:00Z", "from", "2026-01-05T10:00:00Z", 400},
		{history + "?grain=minute&from=2025-01-05T10:00:00Z", "from", "2025-01-05T10:00:00Z", 400},
		{history + "?direction=up", "direction", "up", 400},
		{history + "?channel=pink", "channel", "pink", 400},
		{history + "?regime=none", "regime", "none", 400},
		{history + "?colour=red", "colour", "red", 400},
		{history + "?grain=hour&grain=day", "grain", "hour, day", 400},
		{"/places/" + torkham + "/visits?limit=0", "limit", "0", 400},
		{"/places/" + torkham + "/visits?limit=501", "limit", "501", 400},
		{"/places/" + torkham + "/visits?cursor=%21", "cursor", "!", 400},
		{"/places/" + torkham + "/readings?limit=x", "limit", "x", 400},
		{"/annotations?place=NOWHERE", "place", "NOWHERE", 400},
		{"/annotations?place=", "place", "", 400},
		{"/annotations?from=2026-01-05T10:00:00Z&to=2026-01-05T10:00:00Z", "from", "2026-01-05T10:00:00Z", 400},
		{"/annotations?limit=0", "limit", "0", 400},
		{"/annotations?colour=red", "colour", "red", 400},
		{"/places/NOWHERE", "id", "NOWHERE", 404},
		{"/visits/nobody", "visit", "nobody", 404},
		{"/places/" + torkham + "/visits/nobody", "visit", "nobody", 404},
		{"/places/nowhere/visits/T1", "id", "nowhere", 404},
		{"/overview?x=1", "x", "1", 400},
		{"/nothing", "", "", 404},
	} {
		var p problem.Document
		response := o.get(c.path, &p)
		if response.StatusCode != c.status || p.Status != c.status || p.Parameter != c.parameter || p.Value != c.value {
			t.Errorf("%s: %d %+v", c.path, response.StatusCode, p)
		}
		if got := response.Header.Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("%s: %s", c.path, got)
		}
	}
	response := o.ask(httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/overview", nil), nil)
	if response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d %v", response.StatusCode, response.Header)
	}
}

func TestMatchingETagReturns304(t *testing.T) {
	o := open(t)
	tag := o.get("/places", nil).Header.Get("ETag")
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/places", nil)
	r.Header.Set("If-None-Match", `"other", W/`+tag)
	if response := o.ask(r, nil); response.StatusCode != http.StatusNotModified {
		t.Errorf("%d", response.StatusCode)
	}
}
