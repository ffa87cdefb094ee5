package api

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"

	"dwell/dashboards/problem"
)

func init() {
	text := func(body io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
		all, err := io.ReadAll(body)
		return string(all), err
	}
	openapi3filter.RegisterBodyDecoder("application/x-ndjson", text)
	openapi3filter.RegisterBodyDecoder("text/csv", text)
}

// in asks for a path in a form, by Accept.
func (o *office) in(path, accept string) (*http.Response, string) {
	o.t.Helper()
	r := httptest.NewRequestWithContext(o.t.Context(), http.MethodGet, "/api/v1"+path, nil)
	r.Header.Set("Accept", accept)
	response, body := o.read(r)
	return response, string(body)
}

// lists are the paths whose document has a list of objects, but for what says of any document that it is not current.
func lists(t *testing.T) (all, others []string) {
	doc, _ := load(t)
	for path, item := range doc.Paths.Map() {
		if item.Get == nil || item.Get.Security != nil || path == "/openapi.yaml" {
			continue
		}
		list := false
		for name, member := range item.Get.Responses.Value("200").Value.Content["application/json"].Schema.Value.Properties {
			list = list || member.Value.Type.Is("array") && member.Value.Items.Value.Type.Is("object") && name != "outages" && name != "damaged_tables"
		}
		if list {
			all = append(all, path)
		} else {
			others = append(others, path)
		}
	}
	return all, others
}

// CSV and NDJSON have the rows of the JSON and the same columns as each other, whether Accept or the parameter asks for them.
func TestEachListIsATableToo(t *testing.T) {
	o := open(t)
	o.fill()
	o.exec("INSERT INTO windows (shard, bcp, direction, grain, start, measure, as_of, n, sum_ms, bins) VALUES (0, '%s', 'inbound', 'day', '2026-01-02 19:30:00', 'release_time', 5, 2, 7200000, map(378, 2))", torkham)
	o.exec("INSERT INTO annotations (id, written, kind, bcp, begins, text, author) VALUES ('c1', '2026-01-05 08:00:00', 'closure', '%s', '2026-01-05 06:30:00', 'protest', 'Ahmad')", torkham)
	o.handler = o.again()
	doc, _ := load(t)
	tables, documents := lists(t)
	if len(tables) < 12 || !slices.Equal(documents, []string{"/places/{id}"}) {
		t.Errorf("lists are %q, others %q", tables, documents)
	}
	for _, path := range tables {
		described := doc.Paths.Find(path).Get.Responses.Value("200").Value.Content
		if types := slices.Sorted(maps.Keys(described)); !slices.Equal(types, []string{"application/json", "application/x-ndjson", "text/csv"}) {
			t.Errorf("%s is described as %q", path, types)
			continue
		}
		path = strings.NewReplacer("/places/{id}/visits/{visit}", "/places/"+torkham+"/visits/T1", "/corridors/{id}", "/corridors/torkham-hairatan", "{country}", "PK", "{id}", torkham, "{visit}", "T3").Replace(path)
		var document map[string]json.RawMessage
		o.get(path, &document)
		want := 0
		for name, member := range document {
			var rows []map[string]any
			if name != "outages" && name != "damaged_tables" && json.Unmarshal(member, &rows) == nil {
				want = max(want, len(rows))
			}
		}
		if want == 0 {
			t.Errorf("%s has no rows to compare", path)
		}
		response, body := o.in(path, "text/csv")
		rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
		if err != nil || len(rows) != want+1 || response.Header.Get("Content-Type") != "text/csv; charset=utf-8; header=present" {
			t.Errorf("%s: %d lines of CSV, want %d and their names; %v, %v", path, len(rows), want, response.Header, err)
			continue
		}
		if columns := slices.Clone(rows[0]); len(slices.Compact(slices.Sorted(slices.Values(columns)))) != len(columns) {
			t.Errorf("%s has a column twice: %q", path, columns)
		}
		_, lines := o.in(path, "application/x-ndjson")
		n := 0
		for line := range strings.Lines(lines) {
			n++
			if got := keysOf(t, line); !slices.Equal(got, rows[0]) {
				t.Errorf("%s: line %d has %q, CSV has %q", path, n, got, rows[0])
			}
		}
		if n != want {
			t.Errorf("%s: %d lines of NDJSON, want %d", path, n, want)
		}
		for form, want := range map[string]string{"csv": body, "ndjson": lines} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1"+path+"?format="+form, nil)
			response, again := o.read(r)
			tag := response.Header.Get("ETag")
			if string(again) != want || tag == "" || response.Header.Get("Vary") != "Accept" || !strings.HasSuffix(response.Header.Get("Content-Disposition"), "."+form+`"`) {
				t.Errorf("%s?format=%s: %v\n%s\nwant\n%s", path, form, response.Header, again, want)
			}
			r.Header.Set("If-None-Match", tag)
			if response, body := o.read(r); response.StatusCode != http.StatusNotModified || len(body) > 0 {
				t.Errorf("%s?format=%s: %d for a tag that is right", path, form, response.StatusCode)
			}
		}
	}
}

// keysOf are the names of an object, in its order.
func keysOf(t *testing.T, object string) (names []string) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(object))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name.(string))
		var value any
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

func TestUnknownFormIsRefusedByTheNamesOfThoseThatExist(t *testing.T) {
	o := open(t)
	o.handler = o.again()
	for _, c := range []struct {
		path, accept string
		status       int
		detail       string
	}{
		{"/places?format=xlsx", "", 400, "use json, csv, ndjson"},
		{"/places?format=", "", 400, "use json, csv, ndjson"},
		{"/places/" + torkham + "?format=csv", "", 400, "use json"},
		{"/places", "application/xml", 406, "application/json, text/csv, application/x-ndjson"},
		{"/places", "text/csv;q=0, application/json;q=0.0", 406, "text/csv"},
		{"/places/" + torkham, "text/csv", 406, "this path answers as application/json;"},
		{"/places?format=csv", "application/xml", 200, ""},
		{"/places", "", 200, ""},
		{"/places", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 200, ""},
	} {
		var p problem.Document
		response, body := o.in(c.path, c.accept)
		if response.StatusCode != 200 {
			if err := json.Unmarshal([]byte(body), &p); err != nil {
				t.Fatal(err)
			}
		}
		if response.StatusCode != c.status || !strings.Contains(p.Detail, c.detail) {
			t.Errorf("%s as %q: %d %s", c.path, c.accept, response.StatusCode, body)
		}
	}
}

func TestTheFormIsTheOneThatIsAcceptedMost(t *testing.T) {
	for accept, want := range map[string]string{
		"": "json", "*/*": "json", "text/csv": "csv", "text/*": "csv", "application/*": "json", "application/x-ndjson, */*;q=0.1": "ndjson", "text/csv;q=0.5, application/json;q=0.4": "csv",
		"text/csv; header=present": "csv", "TEXT/CSV": "csv", "application/json;q=0, application/*": "ndjson", "text/csv;q=x, */*;q=0.1": "json", ";;, text/csv": "csv",
	} {
		q := &request{Request: &http.Request{Header: http.Header{"Accept": {accept}}}}
		if got, err := q.form(asTable); err != nil || got.name != want {
			t.Errorf("%q gets %q, want %q; %v", accept, got.name, want, err)
		}
	}
}

// Pages as CSV are followed by their headers, and a list that was cut says so.
func TestTablesSayThatThereIsMore(t *testing.T) {
	o := open(t)
	o.fill()
	o.handler = o.again()
	path, ids := "/visits?format=csv&limit=2&place="+torkham, []string{}
	for path != "" {
		response, body := o.in(path, "")
		rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows[1:] {
			ids = append(ids, row[slices.Index(rows[0], "visit")])
		}
		path = ""
		if next, ok := strings.CutPrefix(response.Header.Get("Link"), "<?"); ok {
			path = "/visits?" + strings.TrimSuffix(next, `>; rel="next"`)
		}
	}
	if want := []string{"T1", "T3", "T4", "T2/b"}; !slices.Equal(ids, want) {
		t.Errorf("%q, want %q", ids, want)
	}
	for path, want := range map[string]string{"readings?limit=1": "true", "readings?limit=2": "", "restatements?limit=1": "true", "restatements": ""} {
		if response, _ := o.in("/places/"+torkham+"/"+path, "text/csv"); response.Header.Get("Dwell-Truncated") != want {
			t.Errorf("%s: %v", path, response.Header)
		}
	}
}

// A sender chose the id of a visit so that a spreadsheet would compute it.
func TestNoCellOfATableIsAFormula(t *testing.T) {
	o := open(t)
	o.fill()
	o.exec(`INSERT INTO visits (shard, visit, as_of, bcp, direction, status, over, first_fact, last_fact, arrived)
		VALUES (0, '=HYPERLINK("http://evil.example")', 5, '%[1]s', 'inbound', 'inside', 0, '2026-01-05 11:00:00', '2026-01-05 11:00:00', '2026-01-05 11:00:00'),
		(0, '@a\n\u202e+1', 5, '%[1]s', 'inbound', 'inside', 0, '2026-01-05 11:00:00', '2026-01-05 11:00:00', '2026-01-05 11:00:00')`, torkham)
	_, body := o.in("/places/"+torkham+"/visits?limit=500", "text/csv")
	for _, want := range []string{`"'=HYPERLINK(""http://evil.example"")",`, "\"'@a\n\\u202e+1\","} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
}

func TestHeadHasTheHeadersOfEachForm(t *testing.T) {
	o := open(t)
	server := httptest.NewServer(o.again())
	t.Cleanup(server.Close)
	for _, form := range []string{"json", "csv", "ndjson"} {
		var answers []string
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			r, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/api/v1/places?format="+form, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			n, err := bufio.NewReader(response.Body).WriteTo(io.Discard)
			if err != nil || (n > 0) != (method == http.MethodGet) {
				t.Errorf("%s as %s: %d bytes, %v", method, form, n, err)
			}
			_ = response.Body.Close()
			answers = append(answers, fmt.Sprint(response.Status, response.Header["Etag"], response.Header["Content-Type"], response.Header["Content-Disposition"]))
		}
		if answers[0] != answers[1] {
			t.Errorf("HEAD says\n%s, GET\n%s", answers[1], answers[0])
		}
	}
}
