package poll

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klauspost/compress/zstd"
)

// service is a web service whose document a test changes.
type service struct {
	body, etag, edited string
	status             int
	asked              []string // If-None-Match and If-Modified-Since of each request
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked = append(s.asked, r.Header.Get("If-None-Match")+"|"+r.Header.Get("If-Modified-Since"))
	if s.etag != "" {
		w.Header().Set("ETag", s.etag)
	}
	if s.edited != "" {
		w.Header().Set("Last-Modified", s.edited)
	}
	if s.status == 0 && s.etag != "" && r.Header.Get("If-None-Match") == s.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if s.status != 0 {
		w.WriteHeader(s.status)
	}
	_, _ = io.WriteString(w, s.body)
}

func poller(t *testing.T, h http.Handler) (*Poller, string) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	u, err := Address(server.URL + "/queues.json?key=of-the-ministry")
	if err != nil {
		t.Fatal(err)
	}
	return New(u, "dwell"), u.Host
}

// A ministry publishes queues. Each document is given once, and one that could not be used is given again.
func TestDocumentIsGivenOnceUntilItChanges(t *testing.T) {
	s := &service{body: "12 trucks", etag: `"1"`, edited: "Mon, 05 Jan 2026 08:00:00 GMT"}
	p, _ := poller(t, s)
	fetch := func(want string) *Document {
		t.Helper()
		d, err := p.Fetch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if d == nil && want != "" || d != nil && string(d.Body) != want {
			t.Fatalf("got %+v, want %q", d, want)
		}
		return d
	}
	fetch("12 trucks") // could not be used
	p.Taken(fetch("12 trucks"))
	fetch("")
	s.body, s.etag = "14 trucks", `"2"`
	p.Taken(fetch("14 trucks"))
	s.etag = `"3"` // the same bytes, under another tag
	fetch("")
	fetch("")
	s.etag, s.edited = "", "" // and of a server without tags
	fetch("")
	s.body = ""
	d, err := p.Fetch(t.Context())
	if err != nil || d == nil || len(d.Body) != 0 {
		t.Fatalf("an empty document: %+v, %v", d, err)
	}
	p.Taken(d)
	fetch("")
	want := []string{
		"|", "|", `"1"|Mon, 05 Jan 2026 08:00:00 GMT`, `"1"|Mon, 05 Jan 2026 08:00:00 GMT`, `"2"|Mon, 05 Jan 2026 08:00:00 GMT`,
		`"3"|Mon, 05 Jan 2026 08:00:00 GMT`, `"3"|Mon, 05 Jan 2026 08:00:00 GMT`, "|", "|",
	}
	if got := strings.Join(s.asked, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("asked\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// Another process has read the documents for a while. What comes then is given, though it is the one that was taken here last.
func TestForgottenDocumentIsGivenAgain(t *testing.T) {
	s := &service{body: "12 trucks", etag: `"1"`}
	p, _ := poller(t, s)
	for range 2 {
		d, err := p.Fetch(t.Context())
		if err != nil || d == nil || string(d.Body) != "12 trucks" {
			t.Fatalf("%+v, %v", d, err)
		}
		p.Taken(d)
		p.Forget()
	}
}

// A service is down, then sends a page of errors, then breaks off, then sends too much: each is said, with the address but not its password.
func TestAnswersThatCannotBeUsed(t *testing.T) {
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"is down":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, "answered 502 Bad Gateway"},
		"has it no more": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, "answered 404 Not Found"},
		"says nothing new to the first question": {
			func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) },
			"304 Not Modified was answered to a question without a condition",
		},
		"breaks off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "12 trucks")
		}, "the answer broke off after 9 bytes: unexpected EOF"},
		"sends too much": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_ = packGzip(w, io.LimitReader(zeros{}, MaxBytes+1))
		}, "the document is larger than 64 MiB"},
		"sends a gzip file of too much": {func(w http.ResponseWriter, _ *http.Request) { _ = packGzip(w, io.LimitReader(zeros{}, MaxBytes+1)) }, "the document is larger than 64 MiB"},
		"sends a zstd file of too much": {func(w http.ResponseWriter, _ *http.Request) { _ = packZstd(w, io.LimitReader(zeros{}, MaxBytes+1)) }, "the document is larger than 64 MiB"},
		"sends a gzip file that is cut off": {func(w http.ResponseWriter, _ *http.Request) {
			text := packing(packGzip, "12 trucks")
			_, _ = io.WriteString(w, text[:len(text)-1])
		}, "the document cannot be unpacked behind 9 bytes: unexpected EOF"},
		"packs three times": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, packing(packGzip, packing(packZstd, packing(packGzip, "12 trucks"))))
		}, "this is packed more than twice; unpack it"},
	} {
		server := httptest.NewServer(c.handler)
		u, err := Address(strings.Replace(server.URL, "http://", "http://ministry:sesame@", 1) + "/q?key=of-the-ministry")
		if err != nil {
			t.Fatal(err)
		}
		d, err := New(u, "dwell").Fetch(t.Context())
		want := fmt.Sprintf("GET http://ministry:xxxxx@%s/q: %s", u.Host, c.want)
		if d != nil || err == nil || err.Error() != want {
			t.Errorf("%s: %v, %v\nwant %s", name, d, err, want)
		}
		server.Close()
		if d, err := New(u, "dwell").Fetch(t.Context()); d != nil || err == nil || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s, and then is gone: %v, %v", name, d, err)
		}
	}
}

// A ministry publishes queues.csv.gz, another one a file of zstd, a third one a spreadsheet, which is a zip file.
func TestPackedDocumentIsGivenUnpacked(t *testing.T) {
	for sent, want := range map[string]string{
		packing(packGzip, "12 trucks"):                              "12 trucks",
		packing(packZstd, "12 trucks"):                              "12 trucks",
		packing(packGzip, packing(packZstd, "12 trucks")):           "12 trucks",
		"\x50\x2a\x4d\x18\x00\x00\x00\x00" + packing(packZstd, "7"): "7",
		packing(packGzip, ""):                                       "",
		"PK\x03\x04 and its sheets":                                 "PK\x03\x04 and its sheets",
	} {
		p, _ := poller(t, &service{body: sent})
		d, err := p.Fetch(t.Context())
		if err != nil || string(d.Body) != want {
			t.Errorf("%q: %v, %v, want %q", sent, d, err, want)
		}
	}
}

func packing(with func(io.Writer, io.Reader) error, text string) string {
	var to strings.Builder
	_ = with(&to, strings.NewReader(text)) // a Builder takes all
	return to.String()
}

func packGzip(to io.Writer, from io.Reader) error {
	z := gzip.NewWriter(to)
	_, err := io.Copy(z, from)
	return errors.Join(err, z.Close())
}

func packZstd(to io.Writer, from io.Reader) error {
	z, err := zstd.NewWriter(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(z, from)
	return errors.Join(err, z.Close())
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// never is a server that does not answer.
type never struct{}

func (never) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, context.Cause(r.Context())
}

func TestServerThatDoesNotAnswerIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u, err := Address("https://example.org/queues")
		if err != nil {
			t.Fatal(err)
		}
		p := New(u, "dwell")
		p.client.Transport = never{}
		begin := time.Now()
		if _, err := p.Fetch(t.Context()); err == nil || time.Since(begin) != Timeout {
			t.Errorf("left after %v with %v", time.Since(begin), err)
		}
	})
}

func TestAddressesThatAreRefused(t *testing.T) {
	for _, text := range []string{"", "queues.json", "file:///etc/passwd", "ftp://example.org/q", "https://", "http://ministry:sesame@exa mple.org/"} {
		if u, err := Address(text); err == nil || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%q: %v, %v", text, u, err)
		}
	}
}
