package receiver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/ingest/receiver/token"
)

// border is a receiver at a border with two crossing points, and what it wrote.
type border struct {
	*Receiver
	tokens, secret string

	mu       sync.Mutex
	records  []event.Record
	letters  []event.DeadLetter
	counts   map[Outcome]int
	statuses map[int]int

	annotations annotationTable

	fails   error
	writing chan struct{} // if it is not nil, it gets a value when a write begins, which goes on when written has one
	written chan struct{}
}

func (b *border) Write(_ context.Context, records ...event.Record) error {
	if b.writing != nil {
		b.writing <- struct{}{}
		<-b.written
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.records = append(b.records, records...)
	return b.fails
}

// letterBox keeps what is refused, where the border keeps what is taken.
type letterBox struct{ *border }

func (l letterBox) Write(_ context.Context, letters []event.DeadLetter) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range letters {
		if !slices.ContainsFunc(l.letters, func(o event.DeadLetter) bool { return o.Origin == d.Origin }) {
			l.letters = append(l.letters, d)
		}
	}
	return nil
}

func (b *border) Posted(_ string, o Outcome, events int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts[o] += events
}

func (b *border) Answered(status int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.statuses[status]++
}

var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, change func(*Config)) *border {
	t.Helper()
	voc, err := event.NewVocabulary([]string{"TORKHAM", "HAIRATAN"}, []string{"customs", "police"})
	if err != nil {
		t.Fatal(err)
	}
	b := &border{tokens: filepath.Join(t.TempDir(), "tokens.json"), counts: map[Outcome]int{}, statuses: map[int]int{}}
	if b.secret, err = token.Create(b.tokens, gate, noon); err != nil {
		t.Fatal(err)
	}
	cfg := DefaultConfig()
	if change != nil {
		change(&cfg)
	}
	b.Receiver = New(cfg, Parts{
		Vocabulary: voc, Decoder: func() *event.Decoder { return event.NewDecoder(voc, time.Minute) }, Now: func() time.Time { return noon },
		Places: []place.Place{{ID: "TORKHAM", Zone: time.UTC}, {ID: "HAIRATAN", Zone: time.UTC}}, Annotations: &b.annotations,
		Tokens: token.Open(b.tokens), Log: b, Refused: letterBox{b}, Observer: b, Logger: slog.New(slog.DiscardHandler),
	})
	return b
}

var gate = token.Token{Name: "gate", Sources: []string{"/gate", "/gate/lane/2"}, BCPs: []string{"TORKHAM"}, Agencies: []string{"customs"}}

const ndjson = "application/x-ndjson"

// fact is an event; with says what is other than at the gate.
func fact(id, what, truck string, with ...string) string {
	text := fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"/gate","type":"dwell.%s.v1","subject":%q,"time":"2026-01-05T08:00:00Z","data":{"bcp":"TORKHAM","direction":"inbound"}}`, id, what, truck)
	return strings.NewReplacer(with...).Replace(text)
}

// post posts in process.
func (b *border) post(t *testing.T, form, body string) (*httptest.ResponseRecorder, Receipt) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, Path, strings.NewReader(body))
	r.Header.Set("Content-Type", form)
	r.Header.Set("Authorization", "Bearer "+b.secret)
	return b.send(t, r)
}

func (b *border) send(t *testing.T, r *http.Request) (*httptest.ResponseRecorder, Receipt) {
	t.Helper()
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w, receiptOf(t, w.Body)
}

func receiptOf(t *testing.T, body io.Reader) (receipt Receipt) {
	t.Helper()
	if err := json.NewDecoder(body).Decode(&receipt); err != nil {
		t.Fatal(err)
	}
	return receipt
}

// A truck's events and the opening of its post come in each of the forms.
func TestEveryFormIsTaken(t *testing.T) {
	arrived, released := fact("1", "truck.arrived", "T1"), fact("2", "truck.released", "T1")
	opened := fact("3", "bcp.opened", "TORKHAM", `,"direction":"inbound"`, "")
	for _, c := range []struct {
		form, body string
		want       []string
	}{
		{"application/cloudevents+json", " " + arrived + "\n", []string{" " + arrived + "\n"}},
		{"Application/CloudEvents+JSON; charset=UTF-8", arrived, []string{arrived}},
		{"application/cloudevents-batch+json", "[" + arrived + ", " + opened + "]", []string{arrived, opened}},
		{"application/cloudevents-batch+json", " [] ", nil},
		{ndjson, "\uFEFF" + arrived + "\r\n\n  \n" + released + "\n" + opened, []string{arrived, released, opened}},
		{ndjson, "", nil},
	} {
		b := open(t, nil)
		w, receipt := b.post(t, c.form, c.body)
		var got []string
		for i := range b.records {
			r := &b.records[i]
			got = append(got, string(r.Value))
			if wantKey := map[bool]string{true: "TORKHAM", false: "T1"}[string(r.Value) == opened]; string(r.Key) != wantKey || r.AllPartitions() != (wantKey == "TORKHAM") || r.Time != noon.UnixMilli() {
				t.Errorf("%s: the record of %s has the key %q, the time %d, and goes to all partitions: %v", c.form, r.Value, r.Key, r.Time, r.AllPartitions())
			}
		}
		if n := len(c.want); w.Code != 200 || !slices.Equal(got, c.want) || receipt.Events != n || receipt.Taken != n || b.counts[Accepted] != n || b.statuses[200] != 1 {
			t.Errorf("%s %q: %d %+v, counted %v, written %q", c.form, c.body, w.Code, receipt.Count, b.counts, got)
		}
	}
}

// Of eight events one is taken. The same request again takes it again, and writes no letter twice.
func TestRefusedEventIsNamedByIndexAndIsADeadLetter(t *testing.T) {
	b := open(t, nil)
	lines := []string{
		fact("1", "truck.arrived", "T1"),
		"{",
		fact("2", "truck.arrived", "T2", "TORKHAM", "NOWHERE"),
		fact("1", "truck.arrived", "T1", `"specversion":"1.0",`, `"specversion": "1.0", "recordedtime": "2026-01-05T09:00:00Z",`), // the same, written down later
		fact("1", "truck.arrived", "T1", "inbound", "outbound"),
		fact("3", "truck.arrived", "T3", "/gate", "/police"),
		fact("4", "truck.arrived", "T4", "2026-01-05T08", "2026-01-05T13"),
		fact("5", "truck.arrived", "T5", "inbound", strings.Repeat("x", MaxEvent)),
	}
	want := []Unusable{
		{1, event.NotJSON, "not_json"},
		{2, event.UnknownBCP, `unknown_bcp: data.bcp "NOWHERE"`},
		{4, event.ConflictingEvent, `conflicting_event: id "1"`},
		{5, event.NotPermitted, `not_permitted: source "/police"`},
		{6, event.FutureTime, `future_time: time "2026-01-05T13:00:00Z"`},
		{7, event.TooLarge, "too_large: message"},
	}
	for range 2 {
		w, receipt := b.post(t, ndjson, strings.Join(lines, "\n"))
		if w.Code != http.StatusMultiStatus || receipt.Events != 8 || receipt.Taken != 1 || receipt.Duplicates != 1 || receipt.Refused != 6 || !slices.Equal(receipt.Refusals, want) {
			t.Errorf("%d %+v", w.Code, receipt.Count)
		}
	}
	if len(b.records) != 2 || b.counts[Accepted] != 2 || b.counts[Duplicate] != 2 || b.counts[Refusal] != 12 {
		t.Errorf("%d records, counted %v", len(b.records), b.counts)
	}
	if len(b.letters) != len(want) {
		t.Fatalf("%d dead letters, want %d", len(b.letters), len(want))
	}
	for i, d := range b.letters {
		value, detail := lines[want[i].Index], want[i].Detail
		if want[i].Reason == event.TooLarge {
			value, detail = value[:64<<10], fmt.Sprintf("too_large: message; the first 65536 of %d bytes are kept", len(value))
		}
		if d.Origin.Kind != event.FromRequest || !strings.HasPrefix(d.Origin.Name, "gate@") || d.Origin.Number != int64(want[i].Index) || d.Reason != want[i].Reason ||
			d.Detail != detail || string(d.Value) != value || d.Time != noon.UnixMilli() {
			t.Errorf("letter %v: %s %q", d.Origin, d.Reason, d.Detail)
		}
	}
}

// A clerk's program posts its list as lines, as one event, and in the end as a list. The token permits none of it. What each index of a
// request names is another text in each form, and each is kept.
func TestSameBodyInAnotherFormHasItsOwnDeadLetters(t *testing.T) {
	b := open(t, nil)
	first, second := fact("1", "truck.arrived", "T1", "/gate", "/police"), fact("2", "truck.arrived", "T2", "/gate", "/police")
	body := "[" + first + ",\n" + second + "]"
	var kept []string
	for _, form := range []string{ndjson, "application/cloudevents+json", "application/cloudevents-batch+json", "application/cloudevents-batch+json; charset=utf-8"} {
		before := len(b.letters)
		b.post(t, form, body)
		for _, d := range b.letters[before:] {
			kept = append(kept, fmt.Sprintf("%d %s", d.Origin.Number, d.Value))
		}
	}
	if want := []string{"0 [" + first + ",", "1 " + second + "]", "0 " + body, "0 " + first, "1 " + second}; !slices.Equal(kept, want) {
		t.Errorf("kept %q, want %q", kept, want)
	}
}

// A batch that is no JSON array is one message, which is refused with all its bytes.
func TestBatchThatIsNoListIsOneRefusedMessage(t *testing.T) {
	arrived := fact("1", "truck.arrived", "T1")
	for _, body := range []string{"", "[" + arrived, "[" + arrived + "]]", "[" + arrived + "] x", "[" + arrived + " " + arrived + "]", "{}", "null", "[1,]"} {
		b := open(t, nil)
		w, receipt := b.post(t, "application/cloudevents-batch+json", body)
		if w.Code != http.StatusMultiStatus || receipt.Events != 1 || receipt.Refused != 1 || len(b.letters) != 1 || string(b.letters[0].Value) != body || len(b.records) > 0 {
			t.Errorf("%q: %d %+v, %d records", body, w.Code, receipt.Count, len(b.records))
		}
	}
}

// The gate may post its own events at its own BCP, and take back no others.
func TestTokenPermitsNoMoreThanItNames(t *testing.T) {
	inspection := fact("1", "inspection.started", "T1", `"direction":"inbound"`, `"direction":"inbound","agency":"customs","kind":"scan"`)
	retraction := fact("9", "event.retracted", "T1", `"direction":"inbound"`, `"id":"1","source":"/gate","time":"2026-01-05T08:00:00Z"`)
	for _, c := range []struct{ event, refused string }{
		{inspection, ""},
		{retraction, ""},
		{strings.Replace(inspection, "customs", "police", 1), `not_permitted: data.agency "police"`},
		{strings.Replace(inspection, "TORKHAM", "HAIRATAN", 1), `not_permitted: data.bcp "HAIRATAN"`},
		{strings.Replace(inspection, "/gate", "/gate/2", 1), `not_permitted: source "/gate/2"`},
		{strings.Replace(retraction, `"id":"1","source":"/gate"`, `"id":"1","source":"/police"`, 1), `not_permitted: the source of the retracted event "/police"`},
	} {
		b := open(t, nil)
		w, receipt := b.post(t, "application/cloudevents+json", c.event)
		switch {
		case c.refused == "":
			if w.Code != 200 || len(b.records) != 1 {
				t.Errorf("%s: %d %+v", c.event, w.Code, receipt.Count)
			}
		case w.Code != http.StatusForbidden || len(receipt.Refusals) != 1 || receipt.Refusals[0].Detail != c.refused || len(b.letters) != 1 || len(b.records) > 0 ||
			w.Header().Get("Content-Type") != "application/problem+json":
			t.Errorf("%s: %d %+v, want %s", c.event, w.Code, receipt, c.refused)
		}
	}
}

// The gate's token is of its lane 2, too. What one of them said, the other one takes back only where the rules let it.
func TestRetractionOfTheTokensOtherSource(t *testing.T) {
	retraction := fact("9", "event.retracted", "T1", `"direction":"inbound"`, `"id":"1","source":"/gate/lane/2","time":"2026-01-05T08:00:00Z"`)
	for own, want := range map[bool]string{false: "", true: `foreign_retraction: data.source "/gate/lane/2"`} {
		b := open(t, nil)
		b.Decoder = func() *event.Decoder {
			d := event.NewDecoder(b.Vocabulary, time.Minute)
			d.OwnRetractions = own
			return d
		}
		_, receipt := b.post(t, "application/cloudevents+json", retraction)
		got := ""
		for _, r := range receipt.Refusals {
			got += r.Detail
		}
		if got != want || receipt.Taken+receipt.Refused != 1 || len(b.records) != receipt.Taken || len(b.letters) != receipt.Refused {
			t.Errorf("own alone %v: %+v, want %q", own, receipt.Count, want)
		}
	}
}

// Nothing of a request is read or kept whose head says that it will not be taken.
func TestHeadDecidesBeforeTheBodyIsRead(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(b *border, r *http.Request)
		status int
		header string
	}{
		{"without a token", func(_ *border, r *http.Request) { r.Header.Del("Authorization") }, 401, "WWW-Authenticate"},
		{"another scheme", func(b *border, r *http.Request) { r.Header.Set("Authorization", "Basic "+b.secret) }, 401, "WWW-Authenticate"},
		{"an unknown token", func(b *border, r *http.Request) { r.Header.Set("Authorization", "Bearer "+b.secret[1:]) }, 401, "WWW-Authenticate"},
		{"the token's hash", func(b *border, r *http.Request) {
			all, _ := token.Read(b.tokens)
			r.Header.Set("Authorization", "Bearer "+all[0].Hash)
		}, 401, "WWW-Authenticate"},
		{"a revoked token", func(b *border, _ *http.Request) { _ = token.Revoke(b.tokens, "gate") }, 401, "WWW-Authenticate"},
		{"PUT", func(_ *border, r *http.Request) { r.Method = http.MethodPut }, 405, "Allow"},
		{"a body of 9 MB", func(_ *border, r *http.Request) { r.ContentLength = 9_000_000 }, 413, ""},
		{"a form", func(_ *border, r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }, 415, ""},
		{"no type", func(_ *border, r *http.Request) { r.Header.Del("Content-Type") }, 415, ""},
		{"UTF-16", func(_ *border, r *http.Request) { r.Header.Set("Content-Type", ndjson+"; charset=utf-16") }, 415, ""},
		{"brotli", func(_ *border, r *http.Request) { r.Header.Set("Content-Encoding", "br") }, 415, "Accept-Encoding"},
		{"packed twice", func(_ *border, r *http.Request) { r.Header.Set("Content-Encoding", "gzip, gzip") }, 415, "Accept-Encoding"},
		{"packed twice, in two headers", func(_ *border, r *http.Request) { r.Header["Content-Encoding"] = []string{"gzip", "zstd"} }, 415, "Accept-Encoding"},
	} {
		b := open(t, nil)
		body := &untouched{}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, Path, body)
		r.ContentLength = 1000
		r.Header.Set("Content-Type", ndjson)
		r.Header.Set("Authorization", "Bearer "+b.secret)
		if b.post(t, ndjson, fact("1", "truck.arrived", "T1")); len(b.records) != 1 {
			t.Fatal("the gate cannot post")
		}
		c.change(b, r)
		w, receipt := b.send(t, r)
		if w.Code != c.status || receipt.Status != c.status || receipt.Detail == "" || c.header != "" && w.Header().Get(c.header) == "" || w.Header().Get("Connection") != "close" {
			t.Errorf("%s: %d %+v %v", c.name, w.Code, receipt, w.Header())
		}
		if body.read || len(b.letters) > 0 || len(b.records) != 1 || b.statuses[c.status] != 1 {
			t.Errorf("%s: the body was read: %v, letters: %d, answers: %v", c.name, body.read, len(b.letters), b.statuses)
		}
	}
}

// untouched is a body that notes whether it was read.
type untouched struct{ read bool }

func (u *untouched) Read([]byte) (int, error) {
	u.read = true
	return 0, io.EOF
}

// A token has a burst of 10,000 events and a second more; then it is in debt, and is told for how long.
func TestTokenThatPostsTooFastGets429WithTheTimeToWait(t *testing.T) {
	b := open(t, func(c *Config) { c.EventsPerSecond = 1 })
	var many strings.Builder
	for i := range MaxEvents {
		many.WriteString(fact(fmt.Sprint(i), "truck.arrived", "T1") + "\n")
	}
	for _, want := range []int{200, 200, 429} {
		w, receipt := b.post(t, ndjson, many.String())
		if w.Code != want {
			t.Fatalf("%d %+v, want %d", w.Code, receipt, want)
		}
		if after := w.Header().Get("Retry-After"); want == 429 && after != "10000" && after != "9999" {
			t.Errorf("Retry-After is %q", after)
		}
	}
	if w, _ := b.post(t, ndjson, "{}"); w.Code != 429 {
		t.Errorf("one more event: %d", w.Code)
	}
}

// Kafka is away: nothing is said to be taken.
func TestEventsThatKafkaDoesNotAcknowledgeAreNotTaken(t *testing.T) {
	b := open(t, nil)
	b.fails = errors.New("no leader")
	w, receipt := b.post(t, ndjson, fact("1", "truck.arrived", "T1")+"\n{")
	if w.Code != http.StatusServiceUnavailable || receipt.Count != nil || w.Header().Get("Retry-After") == "" || b.counts[Accepted] > 0 {
		t.Errorf("%d %+v, counted %v", w.Code, receipt, b.counts)
	}
}
