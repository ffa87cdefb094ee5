package receiver

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"dwell/ingest/annotation"
	"dwell/ingest/receiver/token"
)

// annotationTable has all versions, in the order in which they were written.
type annotationTable struct {
	versions []annotation.Version
	fails    error
}

func (a *annotationTable) Annotation(_ context.Context, id string) (last *annotation.Version, err error) {
	for i := range a.versions {
		if a.versions[i].ID == id {
			last = &a.versions[i]
		}
	}
	return last, a.fails
}

func (a *annotationTable) WriteAnnotations(_ context.Context, all []annotation.Version) error {
	if a.fails == nil {
		a.versions = append(a.versions, all...)
	}
	return a.fails
}

// annotate sends a request for annotations with a token; headers are "Name: value".
func (b *border) annotate(t *testing.T, secret, method, path, body string, headers ...string) (int, string, http.Header) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+AnnotationsPath, b.PostAnnotation)
	mux.HandleFunc("DELETE "+AnnotationsPath+"/{id}", b.RemoveAnnotation)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	text := w.Body.String()
	if w.Code >= 400 {
		var p Receipt
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Header().Get("Content-Type") != "application/problem+json" || p.Status != w.Code || p.Title == "" {
			t.Errorf("%s %s: %d %s is no problem", method, path, w.Code, text)
		}
		text = p.Detail
	}
	return w.Code, text, w.Header()
}

const protest = `{"id":"c1","kind":"closure","place":"TORKHAM","from":"2026-01-05","text":"protest"}`

// The chief of Torkham posts a closure, posts it again because the line was cut, corrects it, and removes it, twice.
func TestAnnotationIsPostedCorrectedAndRemoved(t *testing.T) {
	b := open(t, nil)
	for _, step := range []struct {
		method, path, body string
		status             int
		answer             string
	}{
		{http.MethodPost, AnnotationsPath, protest, 201, `{"id":"c1","outcome":"added"}`},
		{http.MethodPost, AnnotationsPath, protest, 200, `{"id":"c1","outcome":"known"}`},
		{http.MethodPost, AnnotationsPath, strings.Replace(protest, `"text"`, `"until":"2026-01-06T08:00:00Z","text"`, 1), 200, `{"id":"c1","outcome":"changed"}`},
		{http.MethodDelete, AnnotationsPath + "/c1", "", 204, ""},
		{http.MethodDelete, AnnotationsPath + "/c1", "", 204, ""},
		{http.MethodPost, AnnotationsPath, protest, 201, `{"id":"c1","outcome":"added"}`},
		{http.MethodPost, AnnotationsPath, strings.Replace(protest, `"id":"c1",`, "", 1), 201, `{"id":"a12a499276dfab7a1","outcome":"added"}`},
		{http.MethodDelete, AnnotationsPath + "/c2", "", 404, `"c2" is not the id of an annotation; GET /api/v1/annotations shows them`},
	} {
		if status, answer, _ := b.annotate(t, b.secret, step.method, step.path, step.body); status != step.status || answer != step.answer {
			t.Errorf("%s %s: %d %s, want %d %s", step.method, step.body, status, answer, step.status, step.answer)
		}
	}
	said := annotation.Annotation{ID: "c1", Kind: annotation.Closure, Place: "TORKHAM", From: noon.Truncate(24 * time.Hour), Text: "protest", Author: "gate"}
	ended := said
	ended.Until = noon.Add(20 * time.Hour)
	want := []annotation.Version{
		{Annotation: said, Written: noon},
		{Annotation: ended, Written: noon.Add(time.Millisecond)},
		{Annotation: ended, Removed: true, Written: noon.Add(2 * time.Millisecond)},
		{Annotation: said, Written: noon.Add(3 * time.Millisecond)},
	}
	if got := b.annotations.versions; len(got) != 5 || !reflect.DeepEqual(got[:4], want) {
		t.Errorf("%+v\nwant\n%+v", got, want)
	}
	if b.statuses[200] != 2 || b.statuses[201] != 3 || b.statuses[204] != 2 || b.statuses[404] != 1 {
		t.Errorf("%v", b.statuses)
	}
}

func TestATokenAnnotatesItsOwnPlaces(t *testing.T) {
	b := open(t, nil)
	both := gate
	both.Name, both.BCPs = "ministry", []string{"HAIRATAN", "TORKHAM"}
	ministry, err := token.Create(b.tokens, both, noon)
	if err != nil {
		t.Fatal(err)
	}
	at := func(place string) string {
		return strings.Replace(protest, `"place":"TORKHAM",`, place, 1)
	}
	const other, all = "it names TORKHAM, and not HAIRATAN; ask who made the token for one that does",
		"it does not name HAIRATAN; name a place, or ask who made the token for one that names all"
	for i, step := range []struct {
		secret, method, path, body string
		status                     int
		answer                     string
	}{
		{b.secret, http.MethodPost, AnnotationsPath, at(`"place":"HAIRATAN",`), 403, other},
		{b.secret, http.MethodPost, AnnotationsPath, at(""), 403, all},
		{b.secret, http.MethodPost, AnnotationsPath, at(`"place":null,`), 403, all},
		{ministry, http.MethodPost, AnnotationsPath, at(`"place":"HAIRATAN",`), 201, `{"id":"c1","outcome":"added"}`},
		{b.secret, http.MethodPost, AnnotationsPath, protest, 403, other}, // it would take the annotation away from Hairatan
		{b.secret, http.MethodDelete, AnnotationsPath + "/c1", "", 403, other},
		{ministry, http.MethodPost, AnnotationsPath, at(""), 200, `{"id":"c1","outcome":"changed"}`},
		{b.secret, http.MethodDelete, AnnotationsPath + "/c1", "", 403, all},
		{ministry, http.MethodDelete, AnnotationsPath + "/c1", "", 204, ""},
		{b.secret, http.MethodDelete, AnnotationsPath + "/c1", "", 403, all},
	} {
		if status, answer, _ := b.annotate(t, step.secret, step.method, step.path, step.body); status != step.status || answer != step.answer {
			t.Errorf("step %d: %d %s, want %d %s", i, status, answer, step.status, step.answer)
		}
	}
	if len(b.annotations.versions) != 3 {
		t.Errorf("%+v", b.annotations.versions)
	}
	b.annotations.versions = []annotation.Version{{Annotation: annotation.Annotation{ID: "old", Place: "CHAMAN"}}}
	if status, answer, _ := b.annotate(t, ministry, http.MethodDelete, AnnotationsPath+"/old", ""); status != 403 || !strings.Contains(answer, "and not CHAMAN") {
		t.Errorf("of a place that is not configured any more: %d %s", status, answer)
	}
}

func TestAnnotationThatCannotBeUsedIsRefusedByName(t *testing.T) {
	b := open(t, nil)
	for _, c := range []struct {
		body    string
		headers []string
		status  int
		answer  string
	}{
		{strings.Replace(protest, "closure", "strike", 1), nil, 400, `kind: "strike" is not supported; use one of process_change closure instrument_fault holiday`},
		{strings.Replace(protest, "TORKHAM", "KHYBER", 1), nil, 400, `place: "KHYBER" is not in the places file; use one of TORKHAM, HAIRATAN, or leave it out for all`},
		{strings.Replace(protest, `"id"`, `"author":"minister","id"`, 1), nil, 400, `author: "minister" cannot be given; leave it out, since the name of the token stands there`},
		{strings.Replace(protest, `"place"`, `"bcp"`, 1), nil, 400, `json: unknown field "bcp"`},
		{"[" + protest + "]", nil, 400, "cannot unmarshal array"},
		{protest + protest, nil, 400, "the body has more than one annotation; post one at a time"},
		{protest + "]", nil, 400, "the body has more than one annotation; post one at a time"},
		{"", nil, 400, "EOF"},
		{strings.Replace(protest, "protest", "\xff", 1), nil, 400, "the body is not UTF-8"},
		{protest + strings.Repeat(" ", maxAnnotation), nil, 413, "an annotation may have 16384 bytes; post one at a time"},
		{protest, []string{"Content-Type: text/plain"}, 415, "use application/json in UTF-8, without Content-Encoding"},
		{protest, []string{"Content-Type: application/json; charset=latin1"}, 415, "use application/json"},
		{protest, []string{"Content-Encoding: gzip"}, 415, "without Content-Encoding"},
		{protest, []string{"Authorization: Bearer dwell_x"}, 401, "it was revoked, or never created here"},
		{protest, []string{"Authorization: "}, 401, `send the header "Authorization: Bearer TOKEN"`},
	} {
		status, answer, header := b.annotate(t, b.secret, http.MethodPost, AnnotationsPath, c.body, c.headers...)
		if status != c.status || !strings.Contains(answer, c.answer) {
			t.Errorf("%.80q %q: %d %s, want %d %s", c.body, c.headers, status, answer, c.status, c.answer)
		}
		if (header.Get("WWW-Authenticate") != "") != (status == 401) {
			t.Errorf("%d has WWW-Authenticate %q", status, header.Get("WWW-Authenticate"))
		}
	}
	if status, _, _ := b.annotate(t, "", http.MethodDelete, AnnotationsPath+"/c1", ""); status != 401 {
		t.Errorf("removed without a token: %d", status)
	}
	if len(b.annotations.versions) != 0 {
		t.Errorf("%+v was written", b.annotations.versions)
	}
	// A body whose length is not known is bounded too.
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, AnnotationsPath, strings.NewReader(protest+strings.Repeat(" ", maxAnnotation)))
	r.ContentLength = -1
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+b.secret)
	w := httptest.NewRecorder()
	if b.PostAnnotation(w, r); w.Code != 413 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// Annotations count against the rate of their token, and one that the table does not acknowledge is not answered as if it were written.
func TestAnnotationsAreBounded(t *testing.T) {
	b := open(t, func(c *Config) { c.EventsPerSecond = 1 })
	b.annotations.fails = errors.New("connection refused by 192.0.2.1")
	for _, method := range []string{http.MethodPost, http.MethodDelete} {
		path := map[string]string{http.MethodPost: AnnotationsPath, http.MethodDelete: AnnotationsPath + "/c1"}[method]
		status, answer, header := b.annotate(t, b.secret, method, path, protest)
		if status != 503 || strings.Contains(answer, "192.0.2.1") || header.Get("Retry-After") != "5" {
			t.Errorf("%s: %d %s", method, status, answer)
		}
	}
	b.annotations.fails = nil
	for range 2 { // the second one is of a burst that has three left, of which the two before used two
		b.admission.charge(gate.Name, time.Now(), 0, (MaxEvents+1-3)/2)
	}
	for i, want := range []int{201, 429} {
		if status, _, header := b.annotate(t, b.secret, http.MethodPost, AnnotationsPath, protest); status != want || (header.Get("Retry-After") == "") != (want == 201) {
			t.Errorf("request %d: %d, want %d", i, status, want)
		}
	}
	if status, _, _ := b.annotate(t, b.secret, http.MethodDelete, AnnotationsPath+"/c1", ""); status != 429 {
		t.Errorf("removed: %d", status)
	}
}
