package receiver

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"dwell/ingest/receiver/token"
)

// A body without a length is read up to the bound, and not further.
func TestBodyThatIsTooLargeIsNotReadToItsEnd(t *testing.T) {
	b := open(t, func(c *Config) { c.MaxBody = leastBody })
	endless := &endless{}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, Path, endless)
	r.ContentLength = -1
	r.Header.Set("Content-Type", ndjson)
	r.Header.Set("Authorization", "Bearer "+b.secret)
	if w, _ := b.send(t, r); w.Code != 413 || endless.bytes > 2*leastBody || len(b.records)+len(b.letters) > 0 {
		t.Errorf("%d after %d bytes", w.Code, endless.bytes)
	}
	if w, receipt := b.post(t, ndjson, strings.Repeat("{}\n", MaxEvents+1)); w.Code != 413 || len(b.letters) > 0 {
		t.Errorf("too many events: %d %+v", w.Code, receipt)
	}
}

// A client that sends a large body at once, without asking, reads the answer all the same.
func TestClientThatSendsTooMuchGetsItsAnswer(t *testing.T) {
	b := open(t, nil)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+b.served(t)+Path, strings.NewReader(strings.Repeat("x", 30_000_000)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", ndjson)
	r.Header.Set("Authorization", "Bearer "+b.secret)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if receipt := receiptOf(t, answer.Body); answer.StatusCode != 413 || receipt.Status != 413 {
		t.Errorf("%s %+v", answer.Status, receipt)
	}
}

type endless struct{ bytes int }

func (e *endless) Read(p []byte) (int, error) {
	e.bytes += len(p)
	return len(p), nil
}

// served is the receiver on a port.
func (b *border) served(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// dial sends the head of a request of so many bytes, and the first of them.
func (b *border) dial(t *testing.T, address string, length int, first string) net.Conn {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", Path, b.secret, ndjson, length, first); err != nil {
		t.Fatal(err)
	}
	return c
}

func answerTo(t *testing.T, c net.Conn) *http.Response {
	t.Helper()
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

// A post's line is so bad that half of an event comes, and then nothing.
func TestSlowBodyGets408(t *testing.T) {
	b := open(t, func(c *Config) { c.BodyTimeout = 50 * time.Millisecond })
	c := b.dial(t, b.served(t), 1000, `{"specversion":`)
	answer := answerTo(t, c)
	if answer.StatusCode != http.StatusRequestTimeout || !answer.Close || len(b.records)+len(b.letters) > 0 {
		t.Errorf("%s, closed: %v", answer.Status, answer.Close)
	}
}

// A connection that breaks within a body brings nothing, neither events nor letters.
func TestBodyThatBreaksOffBringsNothing(t *testing.T) {
	b := open(t, nil)
	arrived := fact("1", "truck.arrived", "T1")
	c := b.dial(t, b.served(t), 2*len(arrived), arrived+"\n")
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if answer := answerTo(t, c); answer.StatusCode != http.StatusBadRequest || len(b.records)+len(b.letters) > 0 {
		t.Errorf("%s, records: %d", answer.Status, len(b.records))
	}
}

// Of four places, the gate has two at most, and its third request waits for its turn. The police get the third place, and not the last one:
// it is kept for a token that has no body at work, which customs need then.
func TestTooManyBodiesAtOnceGet429(t *testing.T) {
	b := open(t, func(c *Config) { c.MaxAtOnce = 4 })
	b.writing, b.written = make(chan struct{}), make(chan struct{})
	address := b.served(t)
	arrived := fact("1", "truck.arrived", "T1")
	var at []net.Conn
	for _, by := range []struct {
		name   string
		places int
	}{{"gate", 2}, {"police", 1}, {"customs", 1}} {
		if by.name != "gate" {
			var err error
			if b.secret, err = token.Create(b.tokens, token.Token{Name: by.name, Sources: []string{"/gate"}, BCPs: []string{"TORKHAM"}}, noon); err != nil {
				t.Fatal(err)
			}
		}
		for range by.places {
			at = append(at, b.dial(t, address, len(arrived), arrived))
			<-b.writing
		}
		refused := answerTo(t, b.dial(t, address, len(arrived), ""))
		if refused.StatusCode != http.StatusTooManyRequests || refused.Header.Get("Retry-After") != "1" {
			t.Errorf("%s: %s, Retry-After %q", by.name, refused.Status, refused.Header.Get("Retry-After"))
		}
	}
	for range at {
		b.written <- struct{}{}
	}
	for _, c := range at {
		if answer := answerTo(t, c); answer.StatusCode != 200 {
			t.Error(answer.Status)
		}
	}
}
