package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"dwell/cmd/dwell/app"
	"dwell/ingest/kafka"
	"dwell/ingest/receiver/token"
)

// posts is how many events are posted through connections that are cut. A million takes some minutes:
//
//	go test ./cmd/dwell -run TestPostedEventsCountOnceThoughConnectionsAreCut -posts 1000000
var posts = flag.Int("posts", 20_000, "how many events to post through connections that are cut")

// cutter is a proxy that cuts one in twenty requests: before it reaches the server, in its middle, or before its answer reaches the client.
type cutter struct {
	to string

	mu     sync.Mutex
	chance *rand.Rand
	cuts   [3]int64 // in each of these ways
}

// next decides how the next request is cut; len(c.cuts) is not at all.
func (c *cutter) next() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.chance.IntN(20) > 0 {
		return len(c.cuts)
	}
	how := c.chance.IntN(len(c.cuts))
	c.cuts[how]++
	return how
}

func (c *cutter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	how := c.next()
	switch how {
	case 0:
		panic(http.ErrAbortHandler)
	case 1:
		c.half(r, body)
		panic(http.ErrAbortHandler)
	}
	on, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, "http://"+c.to+r.URL.Path, bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	on.Header = r.Header.Clone()
	on.Header.Del("Expect")
	answer, err := http.DefaultClient.Do(on)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil || how == 2 {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = w.Write(text)
}

// half sends the head of a request with half of its body.
func (c *cutter) half(r *http.Request, body []byte) {
	conn, err := net.Dial("tcp", c.to)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		r.URL.Path, c.to, r.Header.Get("Authorization"), r.Header.Get("Content-Type"), len(body), body[:len(body)/2])
}

// TestPostedEventsCountOnceThoughConnectionsAreCut posts arrivals of trucks. Each truck counts once, and the client's sum is right.
func TestPostedEventsCountOnceThoughConnectionsAreCut(t *testing.T) {
	s := serveWith(t, func(cfg *app.Config) { cfg.Receiver.EventsPerSecond = 1_000_000 }, time.Now)
	secret := tokenFor(t, s, gate())
	proxy := &cutter{to: s.Listening, chance: rand.New(rand.NewPCG(1, 2))}
	web := httptest.NewServer(proxy)
	defer web.Close()
	file := filepath.Join(t.TempDir(), "events.jsonl")
	if err := writeArrivals(file, *posts); err != nil {
		t.Fatal(err)
	}
	var out, errs strings.Builder
	begin := time.Now()
	code := run(t.Context(), []string{"post", file, "--url", web.URL, "--lines", "100"}, strings.NewReader(""), &out, &errs, []string{"DWELL_TOKEN=" + secret})
	if want := fmt.Sprintf("events: %d, taken: %d, duplicates: 0, refused: 0\n", *posts, *posts); code != 0 || out.String() != want {
		t.Errorf("exit status %d, printed %q, want %q\n%.2000s", code, out.String(), want, errs.String())
	}
	proxy.mu.Lock()
	defer proxy.mu.Unlock()
	for how, cuts := range proxy.cuts {
		if cuts == 0 {
			t.Errorf("no request was cut in the way %d", how)
		}
	}
	ends, err := kafka.Ends(t.Context(), s.Config.Kafka.Config)
	if err != nil {
		t.Fatal(err)
	}
	var records int64
	for _, end := range ends {
		records += end
	}
	if want := int64(*posts) + 100*proxy.cuts[2]; records != want {
		t.Errorf("Kafka has %d records, want %d: those whose answers were cut twice", records, want)
	}
	t.Logf("%d events in %v; cut before, within and after: %d, %d, %d", *posts, time.Since(begin).Round(time.Second), proxy.cuts[0], proxy.cuts[1], proxy.cuts[2])
	caughtUp(t, s)
	var visits, arrivals uint64
	if err := s.Store.Conn().QueryRow(t.Context(), "SELECT count() FROM visits FINAL WHERE status = 'inside'").Scan(&visits); err != nil {
		t.Fatal(err)
	}
	if err := s.Store.Conn().QueryRow(t.Context(), "SELECT toUInt64(sum(n)) FROM windows FINAL WHERE measure = 'arrivals' AND grain = 'hour'").Scan(&arrivals); err != nil {
		t.Fatal(err)
	}
	if visits != uint64(*posts) || arrivals != uint64(*posts) {
		t.Errorf("%d visits and %d arrivals, want %d", visits, arrivals, *posts)
	}
}

// writeArrivals writes the arrivals of so many trucks within a day.
func writeArrivals(path string, trucks int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	for i := range trucks {
		text.WriteString(fact(fmt.Sprint(i), "truck.arrived", fmt.Sprintf("T%d", i), 1+i%20) + "\n")
		if text.Len() > 1<<20 || i == trucks-1 {
			if _, err := text.WriteTo(f); err != nil {
				return err
			}
		}
	}
	return f.Close()
}

// TestKillsDuringAPostLoseNothing kills dwell, with its broker and ClickHouse, three times while one command posts a file.
func TestKillsDuringAPostLoseNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts dwell four times, and a shorter test cuts connections")
	}
	const trucks = 20_000
	dir := t.TempDir()
	data, file := filepath.Join(dir, "data"), filepath.Join(dir, "events.jsonl")
	if err := errors.Join(os.Mkdir(data, 0o700), writeArrivals(file, trucks)); err != nil {
		t.Fatal(err)
	}
	secret, err := token.Create(filepath.Join(data, "tokens.json"), gate(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	var out, errs strings.Builder
	posted := make(chan int, 1)
	go func() {
		posted <- run(t.Context(), []string{"post", file, "--url", "http://" + address, "--lines", "20"}, strings.NewReader(""), &out, &errs, []string{"DWELL_TOKEN=" + secret})
	}()
	var login app.ClickHouseConfig
	count := func(p *dwellProcess) int {
		return ask(t, p.at.ClickHouse, login.Password, "SELECT count() FROM dwell.visits FINAL WHERE status = 'inside'")
	}
	start := func() *dwellProcess {
		p := serveEmbedded(t, data, "DWELL_LISTEN="+address)
		if err := login.Login(data); err != nil {
			t.Fatal(err)
		}
		return p
	}
	for kill := 1; kill <= 3; kill++ {
		p := start()
		before := count(p)
		until(t, fmt.Sprintf("more has been posted before kill %d", kill), func() bool { return count(p) > before+500 })
		if err := p.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		until(t, "the killed process is gone", func() bool { return syscall.Kill(p.Process.Pid, 0) != nil })
	}
	p := start()
	code := <-posted
	if want := fmt.Sprintf("events: %d, taken: %d, duplicates: 0, refused: 0\n", trucks, trucks); code != 0 || out.String() != want {
		t.Errorf("exit status %d, printed %q, want %q\n%.2000s", code, out.String(), want, errs.String())
	}
	if !strings.Contains(errs.String(), "tried again in ") {
		t.Error("no request was sent again, so all was posted between two kills")
	}
	until(t, "all trucks are counted", func() bool { return count(p) >= trucks })
	if got := count(p); got != trucks {
		t.Errorf("%d trucks are inside, want %d", got, trucks)
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	until(t, "dwell has stopped", func() bool { return syscall.Kill(p.Process.Pid, 0) != nil })
}
