// Package client posts events to a dwell, as dwell post does.
//
// It promises that a request is sent until it is answered, as long as the bound of time allows: a connection that is cut, a server that
// restarts, is busy or cannot reach Kafka costs time and no event; and that the same bytes are sent again, which changes no number. It refuses
// to follow redirects, since the token would go to another server.
package client

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"dwell/ingest/receiver"
)

// Client posts to one server. It is safe for concurrent use.
type Client struct {
	// Gzip packs the bodies of requests.
	Gzip bool

	endpoint, token string
	patience        time.Duration
	retrying        func(why error, wait time.Duration)
	http            *http.Client
}

// New makes a client of the server at an address such as https://dwell.example.org. It tries a request again for the time of patience, and
// calls retrying before each further attempt.
func New(address, token string, patience time.Duration, retrying func(why error, wait time.Duration)) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%q is not the address of a dwell, such as https://dwell.example.org", address)
	}
	u.Path = strings.TrimSuffix(strings.TrimRight(u.Path, "/"), receiver.Path) + receiver.Path
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ExpectContinueTimeout = time.Second
	transport.ResponseHeaderTimeout = answerTimeout
	return &Client{
		endpoint: u.String(), token: token, patience: patience, retrying: retrying,
		http: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Endpoint is the address that events are posted to.
func (c *Client) Endpoint() string { return c.endpoint }

const (
	// answerTimeout is more than a server waits for Kafka.
	answerTimeout = time.Minute
	// attemptTimeout bounds an attempt with its body.
	attemptTimeout = 3 * time.Minute
	maxAnswer      = 64 << 20
)

// TooLargeError says that a request has more than the server takes at once.
type TooLargeError struct{ Detail string }

func (e *TooLargeError) Error() string { return "the server takes less at once: " + e.Detail }

// Post sends events, one a line, until they are answered.
func (c *Client) Post(ctx context.Context, body []byte) (*receiver.Count, error) {
	if c.Gzip {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, err := w.Write(body)
		if err := errors.Join(err, w.Close()); err != nil {
			return nil, err
		}
		body = packed.Bytes()
	}
	pace := backoff.NewExponentialBackOff()
	pace.InitialInterval, pace.MaxInterval = 100*time.Millisecond, 10*time.Second
	return backoff.Retry(ctx, func() (*receiver.Count, error) { return c.try(ctx, body) },
		backoff.WithBackOff(pace), backoff.WithMaxElapsedTime(c.patience), backoff.WithNotify(c.retrying))
}

func (c *Client) try(ctx context.Context, body []byte) (*receiver.Count, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, backoff.Permanent(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/x-ndjson")
	if c.Gzip {
		r.Header.Set("Content-Encoding", "gzip")
	}
	r.Header.Set("Expect", "100-continue") // a server that refuses need not be sent the body
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("the answer broke off: %w", err)
	}
	return read(answer, text)
}

// read reads an answer. An error is permanent where the same request would be answered alike.
func read(answer *http.Response, text []byte) (*receiver.Count, error) {
	var receipt receiver.Receipt
	notOurs := json.Unmarshal(text, &receipt)
	status := answer.StatusCode
	why := fmt.Errorf("%s: %s", answer.Status, cmp.Or(receipt.Detail, receipt.Title, "no reason is given"))
	switch {
	case notOurs == nil && receipt.Count != nil && receipt.Status == status:
		if receipt.Taken+receipt.Duplicates+receipt.Refused != receipt.Events || receipt.Refused != len(receipt.Refusals) {
			return nil, backoff.Permanent(errors.New("the counts of the answer do not add up"))
		}
		return receipt.Count, nil
	case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
		if after, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && after >= 0 {
			return nil, fmt.Errorf("%w (%w)", why, backoff.RetryAfter(after))
		}
		return nil, why
	case status == http.StatusRequestTimeout || status >= http.StatusInternalServerError:
		return nil, why
	case status == http.StatusRequestEntityTooLarge:
		return nil, backoff.Permanent(&TooLargeError{why.Error()})
	case status < http.StatusBadRequest:
		return nil, backoff.Permanent(fmt.Errorf("%s: this is not the answer of a dwell; give the address of its page", answer.Status))
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		return nil, backoff.Permanent(fmt.Errorf("%s: nothing can be posted there; give the address of the page of a dwell whose receiver.tokens_file is set", answer.Status))
	}
	return nil, backoff.Permanent(why)
}
