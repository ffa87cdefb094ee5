package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// fullLoad has 64 readers ask the dearest questions of the API. Each must be answered, or refused with 429 and the time after which to
// ask again; meanwhile all that was in the log when they began must be counted.
func fullLoad(ctx context.Context, b *border, r *rand.Rand) (string, error) {
	d := between(r, 5*time.Second, 15*time.Second)
	if err := b.ready(ctx); err != nil {
		return "", err
	}
	release := b.load.hold()
	questions := b.dearest()
	release()
	asking, stop := context.WithCancel(ctx)
	a := &answered{codes: map[int]int{}}
	var readers sync.WaitGroup
	defer func() { stop(); readers.Wait() }()
	begin := time.Now()
	for i := range 64 {
		readers.Go(func() {
			for n := i; asking.Err() == nil; n++ {
				a.ask(asking, "http://"+b.pages[i%len(b.pages)]+questions[n%len(questions)])
			}
		})
	}
	if err := errors.Join(pause(ctx, d), b.caughtUp(ctx), b.healthy("readers asked")); err != nil {
		return "", err
	}
	took := time.Since(begin)
	stop()
	readers.Wait()
	if a.failed == nil && a.codes[http.StatusOK] == 0 {
		a.failed = fmt.Errorf("no question was answered: %v", a.codes)
	}
	return fmt.Sprintf("64 for %v, answers by status %v", took.Round(time.Millisecond), a.codes), a.failed
}

// dearest are the questions that cost most: restatements of all times, and windows that are computed from many rows.
func (b *border) dearest() []string {
	const place = "/api/v1/places/AF-NAN-TORKHAM/"
	until := time.UnixMilli(b.load.now).UTC()
	span := func(d time.Duration) string {
		return "&from=" + until.Add(-d).Format(time.RFC3339) + "&to=" + until.Format(time.RFC3339)
	}
	const day = 24 * time.Hour
	return []string{
		place + "restatements?limit=10000&from=2007-01-01T00:00:00Z",
		place + "history?measure=release_time&grain=minute" + span(day),
		place + "history?measure=release_time&grain=hour" + span(30*day),
		place + "readings?limit=10000" + span(30*day),
	}
}

// answered is how the questions were answered.
type answered struct {
	mu     sync.Mutex
	codes  map[int]int
	failed error // the first answer that none may get
}

func (a *answered) ask(ctx context.Context, url string) {
	code, err := question(ctx, url)
	if ctx.Err() != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.codes[code]++
	if err != nil && a.failed == nil {
		a.failed = fmt.Errorf("%s: %w", url, err)
	}
}

// question asks once. What is refused must say when to ask again.
func question(ctx context.Context, url string) (code int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	client := http.Client{Timeout: time.Minute} // the API takes half of it at most
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return res.StatusCode, err
	case res.StatusCode == http.StatusOK, res.StatusCode == http.StatusTooManyRequests && res.Header.Get("Retry-After") != "":
		return res.StatusCode, nil
	default:
		return res.StatusCode, fmt.Errorf("status %d, Retry-After %q: %s", res.StatusCode, res.Header.Get("Retry-After"), text)
	}
}
