package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/legacy"

	"dwell/cmd/dwell/app"
	"dwell/dashboards/overview"
	"dwell/ingest/event"
	"dwell/ingest/receiver"
	"dwell/ingest/receiver/token"
)

// gate is the post at Torkham's gate, which may post its own arrivals and departures.
func gate() token.Token {
	return token.Token{Name: "gate", Sources: []string{"/torkham/gate"}, BCPs: []string{"AF-NAN-TORKHAM"}, Agencies: []string{"customs"}}
}

// tokenFor creates a token at a dwell that runs.
func tokenFor(t *testing.T, s *app.System, of token.Token) (secret string) {
	t.Helper()
	secret, err := token.Create(s.Config.TokensFile(), of, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// fact is an event of the gate's about a truck, some hours ago.
func fact(id, what, truck string, hoursAgo int) string {
	at := time.Now().Add(-time.Duration(hoursAgo) * time.Hour).UTC().Format(time.RFC3339)
	return fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"/torkham/gate","type":"dwell.%s.v1","subject":%q,"time":%q,"data":{"bcp":"AF-NAN-TORKHAM","direction":"inbound"}}`,
		id, what, truck, at)
}

// posted is the answer to a post.
func posted(t *testing.T, s *app.System, secret, form, body string) (*http.Response, receiver.Receipt) {
	t.Helper()
	r := requestFor(t, s, http.MethodPost, receiver.Path, body)
	r.Header.Set("Content-Type", form)
	answer, text := answerTo(t, s, r, secret)
	var receipt receiver.Receipt
	if err := json.Unmarshal(text, &receipt); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return answer, receipt
}

// answerTo sends a request with a token, and checks that the answer is as the API's description says.
func answerTo(t *testing.T, s *app.System, r *http.Request, secret string) (answer *http.Response, text []byte) {
	t.Helper()
	if secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err = io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	asDescribed(t, s, r, answer, text)
	return answer, text
}

// asDescribed checks that an answer is as the API's description says.
func asDescribed(t *testing.T, s *app.System, r *http.Request, answer *http.Response, body []byte) {
	t.Helper()
	got, err := http.DefaultClient.Do(requestFor(t, s, http.MethodGet, "/api/v1/openapi.yaml", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	doc, err := openapi3.NewLoader().LoadFromIoReader(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	r.URL.Scheme, r.URL.Host = "", "" // the description has no server but itself
	route, parameters, err := router.FindRoute(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: route},
		Status:                 answer.StatusCode, Header: answer.Header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}); err != nil {
		t.Errorf("%s: %v\n%s", answer.Status, err, body)
	}
}

func requestFor(t *testing.T, s *app.System, method, path, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.Listening+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// caughtUp waits until all that is in Kafka is counted.
func caughtUp(t *testing.T, s *app.System) {
	t.Helper()
	if err := s.CaughtUp(t.Context(), func(int64) {}); err != nil {
		t.Fatal(err)
	}
}

// A truck arrives, and is released and departs later. Its events come one by one, as a batch, and as lines, and one of them twice.
func TestPostedTruckIsShown(t *testing.T) {
	s := serveForTest(t, "afghanistan", time.Now)
	secret := tokenFor(t, s, gate())
	arrived := fact("1", "truck.arrived", "T1", 5)
	for _, c := range []struct{ form, body string }{
		{"application/cloudevents+json; charset=UTF-8", arrived},
		{"application/cloudevents-batch+json", "[" + arrived + "," + fact("2", "truck.released", "T1", 3) + "]"},
		{"application/x-ndjson", fact("3", "truck.departed", "T1", 2) + "\r\n\r\n" + fact("4", "truck.arrived", "T2", 1)},
	} {
		if answer, receipt := posted(t, s, secret, c.form, c.body); answer.StatusCode != http.StatusOK || receipt.Taken != receipt.Events {
			t.Errorf("%s: %s, %+v", c.form, answer.Status, receipt)
		}
	}
	caughtUp(t, s)
	for truck, want := range map[string]string{"T1": "departed 2h0m0s 3h0m0s", "T2": "inside"} {
		var v overview.Visit
		shown(t, s, "/places/AF-NAN-TORKHAM/visits/"+truck, &v)
		got := v.Status
		for _, seconds := range []*float64{v.ReleaseSeconds, v.CrossingSeconds} {
			if seconds != nil {
				got += " " + time.Duration(*seconds*float64(time.Second)).String()
			}
		}
		if got != want {
			t.Errorf("%s is shown as %s, want %s", truck, got, want)
		}
	}
}

// The gate wants to take back what the police saw. What is refused is a dead letter by the time of the answer, and what is beside it is taken.
func TestAnotherSourcesRetractionIsRefused(t *testing.T) {
	s := serveForTest(t, "afghanistan", time.Now)
	police := gate()
	police.Name, police.Sources = "police", []string{"/torkham/police"}
	byGate, byPolice := tokenFor(t, s, gate()), tokenFor(t, s, police)
	arrived := strings.Replace(fact("1", "truck.arrived", "T1", 5), "/torkham/gate", "/torkham/police", 1)
	if answer, receipt := posted(t, s, byPolice, "application/cloudevents+json", arrived); answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %+v", answer.Status, receipt)
	}
	retraction := fact("2", "event.retracted", "T1", 5)
	_, at, _ := strings.Cut(retraction, `"time":`)
	at, _, _ = strings.Cut(at, ",")
	retraction = strings.Replace(retraction, `"direction":"inbound"`, `"id":"1","source":"/torkham/police","time":`+at, 1)
	answer, receipt := posted(t, s, byGate, "application/x-ndjson", retraction+"\n"+fact("3", "truck.arrived", "T2", 5))
	const why = `not_permitted: the source of the retracted event "/torkham/police"`
	if answer.StatusCode != http.StatusMultiStatus || receipt.Taken != 1 || len(receipt.Refusals) != 1 || receipt.Refusals[0] != (receiver.Unusable{Reason: "not_permitted", Detail: why}) {
		t.Errorf("%s %+v", answer.Status, receipt.Count)
	}
	letter, _, err := s.Store.DeadLetter(t.Context(), event.Origin{Kind: event.FromRequest, Name: receipt.Request})
	if err != nil || letter.Detail != why || string(letter.Value) != retraction {
		t.Errorf("%v, the letter is %+v", err, letter)
	}
	caughtUp(t, s)
	for _, truck := range []string{"T1", "T2"} {
		var v overview.Visit
		if shown(t, s, "/places/AF-NAN-TORKHAM/visits/"+truck, &v); v.Status != "inside" {
			t.Errorf("%s is %s", truck, v.Status)
		}
	}
	// The police may take back their own, until their token is revoked.
	own := strings.Replace(retraction, "/torkham/gate", "/torkham/police", 1)
	if answer, receipt := posted(t, s, byPolice, "application/cloudevents+json", own); answer.StatusCode != http.StatusOK {
		t.Errorf("%s %+v", answer.Status, receipt.Count)
	}
	if err := token.Revoke(s.Config.TokensFile(), "police"); err != nil {
		t.Fatal(err)
	}
	if answer, _ := posted(t, s, byGate, "application/cloudevents+json", arrived); answer.StatusCode != http.StatusForbidden {
		t.Errorf("an event of the police alone: %s", answer.Status)
	}
	if answer, _ := posted(t, s, byGate, "text/plain", arrived); answer.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("a text: %s", answer.Status)
	}
	if answer, _ := posted(t, s, byPolice, "application/cloudevents+json", arrived); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("with a revoked token: %s", answer.Status)
	}
}

// A page of another site cannot post, not even with a token; nor can anybody where no tokens are configured.
func TestPostsPassTheDoor(t *testing.T) {
	s := serveForTest(t, "afghanistan", time.Now)
	for _, c := range []struct {
		method, name, value string
		status              int
	}{
		{http.MethodPost, "Origin", "https://evil.example", http.StatusForbidden},
		{http.MethodPost, "Host", "evil.example", http.StatusMisdirectedRequest},
		{http.MethodPost, "Origin", "http://" + s.Listening, http.StatusUnauthorized},
		{http.MethodPost, "", "", http.StatusUnauthorized},
		{http.MethodGet, "", "", http.StatusMethodNotAllowed},
	} {
		if answer := answerOf(t, s, c.method, receiver.Path, c.name, c.value); answer.StatusCode != c.status {
			t.Errorf("%s with %s %q: %s", c.method, c.name, c.value, answer.Status)
		}
	}
}

// A file has escape bytes in its events, and another server in its answer.
func TestPostPrintsWithoutEscapes(t *testing.T) {
	const red = "\x1b[31m"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lines, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if string(lines) == "1" {
			_ = json.NewEncoder(w).Encode(receiver.Receipt{Status: http.StatusOK, Count: &receiver.Count{
				Events: 1, Refused: 1, Refusals: []receiver.Unusable{{Reason: red, Detail: red}},
			}})
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		_ = json.NewEncoder(w).Encode(receiver.Receipt{Status: http.StatusUnauthorized, Detail: red})
	}))
	defer server.Close()
	for _, text := range []string{"1", "2"} {
		var out, errs strings.Builder
		code := run(t.Context(), []string{"post", "-", "--url", server.URL}, strings.NewReader(text), &out, &errs, []string{"DWELL_TOKEN=secret"})
		if all := out.String() + errs.String(); code != 1 || strings.Contains(all, "\x1b") || !strings.Contains(all, `\x1b[31m`) {
			t.Errorf("exit status %d, printed %q", code, all)
		}
	}
}

// shown reads what the API shows.
func shown(t *testing.T, s *app.System, path string, into any) {
	t.Helper()
	answer, err := http.DefaultClient.Do(requestFor(t, s, http.MethodGet, "/api/v1"+path, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s: %v", path, answer.Status, err)
	}
}
