package client

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/receiver"
)

// server answers as a receiver, and notes the bodies.
type server struct {
	bodies []string
	packed int                                                // of the bodies
	answer func(n int, lines []string, w http.ResponseWriter) // of the n-th request; it answers itself if it does not return false
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	unpacked := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		s.packed++
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		unpacked = z
	}
	body, err := io.ReadAll(unpacked)
	if err != nil || r.URL.Path != receiver.Path || r.Header.Get("Authorization") != "Bearer secret" {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	s.bodies = append(s.bodies, string(body))
	lines := strings.Split(string(body), "\n")
	if s.answer != nil {
		s.answer(len(s.bodies), lines, w)
		return
	}
	s.take(lines, w)
}

// take refuses what is "bad", and takes the rest.
func (s *server) take(lines []string, w http.ResponseWriter) {
	c := &receiver.Count{Request: "gate@1", Events: len(lines), Refusals: []receiver.Unusable{}}
	for i, line := range lines {
		if strings.HasPrefix(line, "bad") {
			c.Refusals = append(c.Refusals, receiver.Unusable{Index: i, Reason: event.NotJSON, Detail: "not_json"})
		}
	}
	c.Refused = len(c.Refusals)
	c.Taken = c.Events - c.Refused
	_ = json.NewEncoder(w).Encode(receiver.Receipt{Status: http.StatusOK, Count: c})
}

// sender sends to the server, and notes what it says.
type sender struct {
	*Sender
	refused  []string
	progress []Progress
	retried  []string
}

func senderTo(t *testing.T, s *server, lines int) *sender {
	t.Helper()
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	out := &sender{}
	c, err := New(web.URL+"/", "secret", time.Minute, func(why error, _ time.Duration) { out.retried = append(out.retried, why.Error()) })
	if err != nil {
		t.Fatal(err)
	}
	out.Sender = &Sender{
		Client: c, Lines: lines,
		Refused: func(line int64, why receiver.Unusable) {
			out.refused = append(out.refused, fmt.Sprintf("%d %s", line, why.Detail))
		},
		Answered: func(p Progress) error {
			out.progress = append(out.progress, p)
			return nil
		},
	}
	return out
}

func sumOf(sum Sum) string {
	return fmt.Sprintf("%d = %d before + %d taken + %d duplicates + %d refused", sum.Events, sum.Before, sum.Taken, sum.Duplicates, sum.Refused)
}

// A file has empty lines, bad ones, and a last one without an end.
func TestEveryLineIsPostedOnce(t *testing.T) {
	s := &server{}
	to := senderTo(t, s, 2)
	sum, err := to.Send(t.Context(), strings.NewReader("a\r\n\n b \nbad1\n\n\nc\nbad2"), Progress{})
	if err != nil || sumOf(sum) != "5 = 0 before + 3 taken + 0 duplicates + 2 refused" || sum.Reasons[event.NotJSON] != 2 {
		t.Errorf("%v, %s", err, sumOf(sum))
	}
	if want := []string{"a\nb", "bad1\nc", "bad2"}; !slices.Equal(s.bodies, want) {
		t.Errorf("posted %q, want %q", s.bodies, want)
	}
	if want := []string{"4 not_json", "8 not_json"}; !slices.Equal(to.refused, want) {
		t.Errorf("refused %q, want %q", to.refused, want)
	}
}

// The line is slow. The second request is tried again, packed as before.
func TestRequestsArePackedForASlowLine(t *testing.T) {
	s := &server{}
	s.answer = func(n int, lines []string, w http.ResponseWriter) {
		if n == 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		s.take(lines, w)
	}
	to := senderTo(t, s, 2)
	to.Client.Gzip = true
	sum, err := to.Send(t.Context(), strings.NewReader("a\nb\nc"), Progress{})
	if err != nil || sumOf(sum) != "3 = 0 before + 3 taken + 0 duplicates + 0 refused" || s.packed != 3 || !slices.Equal(s.bodies, []string{"a\nb", "c", "c"}) {
		t.Errorf("%v, %s, posted %q, of which %d were packed", err, sumOf(sum), s.bodies, s.packed)
	}
}

// A run ends after each answer in turn, and the next one goes on; then the file grows, by the rest of its last line first.
func TestNextRunGoesOnBehindTheLastAnswer(t *testing.T) {
	const file = "a\nb\nc\n\nd\ne"
	for runs := range 4 {
		s := &server{}
		to := senderTo(t, s, 2)
		if _, err := to.Send(t.Context(), strings.NewReader(file), Progress{}); err != nil {
			t.Fatal(err)
		}
		begun := Progress{}
		if runs > 0 {
			begun = to.progress[min(runs, len(to.progress))-1]
		}
		s.bodies = nil
		sum, err := to.Send(t.Context(), strings.NewReader(file+"f\ng\n"), begun)
		want := [][]string{{"a\nb", "c\nd", "ef\ng"}, {"c\nd", "ef\ng"}, {"ef\ng"}, {"ef\ng"}}[runs]
		if err != nil || !slices.Equal(s.bodies, want) || sum.Events != 6 || sum.Before+sum.Taken != 6 {
			t.Errorf("after %d answers: %v, posted %q, %s", runs, err, s.bodies, sumOf(sum))
		}
		if last := to.progress[len(to.progress)-1]; last.Lines != 7 || last.Events != 6 || last.Bytes != int64(len(file)+4) {
			t.Errorf("after %d answers: %+v", runs, last)
		}
	}
}

// What was posted is not how the file begins any more.
func TestFileThatIsAnotherOneIsNamed(t *testing.T) {
	s := &server{}
	to := senderTo(t, s, 10)
	if _, err := to.Send(t.Context(), strings.NewReader("a\nb\n"), Progress{}); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"a\nc\n", "a\n", ""} {
		if _, err := to.Send(t.Context(), strings.NewReader(file), to.progress[0]); !errors.Is(err, ErrChanged) || len(s.bodies) != 1 {
			t.Errorf("%q: %v, %q", file, err, s.bodies)
		}
	}
	path := filepath.Join(t.TempDir(), "a.posted")
	if p, err := ReadProgress(path, "x"); err != nil || p != (Progress{}) {
		t.Errorf("without a file: %v, %+v", err, p)
	}
	if err := WriteProgress(path, to.progress[0]); err != nil {
		t.Fatal(err)
	}
	if p, err := ReadProgress(path, to.Client.Endpoint()); err != nil || p != to.progress[0] {
		t.Errorf("%v, %+v", err, p)
	}
	if p, err := ReadProgress(path, "http://other"+receiver.Path); err != nil || p != (Progress{}) {
		t.Errorf("of another server: %v, %+v", err, p)
	}
}

// The server is busy, restarts, loses Kafka, and a proxy answers with a page of its own.
func TestRequestIsSentAgainUntilItIsAnswered(t *testing.T) {
	s := &server{}
	s.answer = func(n int, lines []string, w http.ResponseWriter) {
		switch n {
		case 1:
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w, `{"detail":"the rate is used"}`)
		case 2:
			panic(http.ErrAbortHandler)
		case 3:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 4:
			w.WriteHeader(http.StatusBadGateway)
			_, _ = io.WriteString(w, "<html>bad gateway</html>")
		case 5:
			w.WriteHeader(http.StatusRequestTimeout)
		case 6:
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"status":200`)
		default:
			s.take(lines, w)
		}
	}
	to := senderTo(t, s, 10)
	sum, err := to.Send(t.Context(), strings.NewReader("a\nb\n"), Progress{})
	if err != nil || sumOf(sum) != "2 = 0 before + 2 taken + 0 duplicates + 0 refused" || len(s.bodies) != 7 || len(to.retried) != 6 {
		t.Errorf("%v, %s after %d requests, tried again %q", err, sumOf(sum), len(s.bodies), to.retried)
	}
	if want := "429 Too Many Requests: the rate is used"; !strings.HasPrefix(to.retried[0], want) || strings.Contains(to.retried[0], "\n") {
		t.Errorf("tried again because of %q, want %q", to.retried[0], want)
	}
	for _, body := range s.bodies {
		if body != "a\nb" {
			t.Errorf("posted %q", body)
		}
	}
}

// No further attempt changes these answers.
func TestAnswerThatStaysIsAnError(t *testing.T) {
	for status, want := range map[int]string{
		http.StatusUnauthorized: "it was revoked", http.StatusForbidden: "it was revoked", http.StatusNotFound: "receiver.tokens_file", http.StatusMethodNotAllowed: "receiver.tokens_file",
		http.StatusFound: "not the answer of a dwell", http.StatusOK: "not the answer of a dwell", http.StatusRequestEntityTooLarge: "takes less at once",
		http.StatusUnsupportedMediaType: "it was revoked",
	} {
		s := &server{}
		s.answer = func(_ int, _ []string, w http.ResponseWriter) {
			w.Header().Set("Location", "/elsewhere") // where the token must not go
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"detail":"it was revoked"}`)
		}
		to := senderTo(t, s, 10)
		sum, err := to.Send(t.Context(), strings.NewReader("\na\n"), Progress{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "line 2: ") || len(s.bodies) != 1 || sum.Events != 0 || len(to.progress) > 0 {
			t.Errorf("%d: %v after %d requests", status, err, len(s.bodies))
		}
	}
}

// A proxy takes three lines at most; a line is longer than an event may be.
func TestRequestThatIsTooLargeIsSentInParts(t *testing.T) {
	s := &server{}
	s.answer = func(_ int, lines []string, w http.ResponseWriter) {
		if len(lines) > 3 {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		s.take(lines, w)
	}
	to := senderTo(t, s, 100)
	long := "bad" + strings.Repeat("x", 3*receiver.MaxEvent)
	sum, err := to.Send(t.Context(), strings.NewReader("1\n2\n3\n4\nbad\n6\n7\n"+long+"\n9\n"), Progress{})
	if err != nil || sumOf(sum) != "9 = 0 before + 7 taken + 0 duplicates + 2 refused" || !slices.Equal(to.refused, []string{"5 not_json", "8 not_json"}) {
		t.Errorf("%v, %s, refused %q", err, sumOf(sum), to.refused)
	}
	var all bytes.Buffer
	for _, body := range s.bodies {
		if len(strings.Split(body, "\n")) <= 3 {
			all.WriteString(body + "\n")
		}
	}
	if got := all.String(); !strings.HasPrefix(got, "1\n2\n3\n4\nbad\n6\n7\nbadxxx") || !strings.HasSuffix(got, "x\n9\n") || len(got) > receiver.MaxEvent+100 || len(got) <= receiver.MaxEvent {
		t.Errorf("%d bytes were posted", len(got))
	}
}

func TestAddressIsThatOfThePage(t *testing.T) {
	for address, want := range map[string]string{
		"http://127.0.0.1:8080":             "http://127.0.0.1:8080/api/v1/events",
		"https://example.org/dwell/":        "https://example.org/dwell/api/v1/events",
		"https://example.org/api/v1/events": "https://example.org/api/v1/events",
		"example.org":                       "", "ftp://example.org": "", "https://me:secret@example.org": "", "https://example.org/?a=b": "", "https://": "",
	} {
		c, err := New(address, "secret", 0, nil)
		if got := ""; err == nil {
			got = c.Endpoint()
			if got != want {
				t.Errorf("%q: %q, want %q", address, got, want)
			}
		} else if want != "" {
			t.Errorf("%q: %v", address, err)
		}
	}
}
