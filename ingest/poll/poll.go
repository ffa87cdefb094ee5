// Package poll reads a document at an address of the web again and again.
//
// It promises that a document is given once and not again before it has changed, by its ETag, its time of change and its bytes; that one which
// its taker could not use is given again; and that a server may send neither more than MaxBytes nor take longer than Timeout. An error names
// the address without its password and its query, and what was answered.
//
// It refuses addresses other than of http and https. It does not try again by itself: its caller does, at an interval. It follows redirects, as
// those who name an address trust the server.
package poll

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

const (
	// MaxBytes bounds a document, after decompression of the answer, and of a document that is itself a file of gzip or zstd.
	MaxBytes = 64 << 20
	// Timeout is how long a server may take for an answer with its body.
	Timeout = 30 * time.Second
)

// Address checks the address of a document.
func Address(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		if inner, ok := errors.AsType[*url.Error](err); ok { // which would repeat a password
			err = inner.Err
		}
		return nil, fmt.Errorf("is no address: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("is not an address such as https://example.org/queues.json")
	}
	return u, nil
}

// Poller reads the document at one address. It is not for concurrent use.
type Poller struct {
	address *url.URL
	agent   string
	client  *http.Client
	taken   Document
}

// New is for an address that Address has checked. Agent is the User-Agent of requests. New connects to nothing.
func New(address *url.URL, agent string) *Poller {
	return &Poller{address: address, agent: agent, client: &http.Client{Timeout: Timeout}}
}

// Document is what was read. Body is unpacked, whether the answer or the document itself was packed; an XLSX file is as it was sent.
type Document struct {
	Body         []byte
	hash         [sha256.Size]byte
	etag, edited string
}

// Fetch reads the document. It is nil if it is still the one that was taken last.
func (p *Poller) Fetch(ctx context.Context) (*Document, error) {
	d, err := p.fetch(ctx)
	if inner, ok := errors.AsType[*url.Error](err); ok { // which has the address with its password
		err = inner.Err
	}
	if err != nil {
		said := *p.address
		said.RawQuery, said.Fragment = "", "" // which may have a key
		return nil, fmt.Errorf("GET %s: %w", said.Redacted(), err)
	}
	return d, nil
}

func (p *Poller) fetch(ctx context.Context) (*Document, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.address.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", p.agent)
	if p.taken.etag != "" {
		request.Header.Set("If-None-Match", p.taken.etag)
	}
	if p.taken.edited != "" {
		request.Header.Set("If-Modified-Since", p.taken.edited)
	}
	response, err := p.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotModified:
		if p.taken.etag == "" && p.taken.edited == "" {
			return nil, errors.New("304 Not Modified was answered to a question without a condition")
		}
		return nil, nil
	default:
		return nil, fmt.Errorf("answered %s", response.Status)
	}
	body, err := readAll(response.Body)
	if errors.Is(err, errTooLarge) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("the answer broke off after %d bytes: %w", len(body), err)
	}
	if body, err = unpack(body); err != nil {
		return nil, err
	}
	d := &Document{Body: body, hash: sha256.Sum256(body), etag: response.Header.Get("ETag"), edited: response.Header.Get("Last-Modified")}
	if p.taken.Body != nil && d.hash == p.taken.hash {
		p.taken.etag, p.taken.edited = d.etag, d.edited
		return nil, nil
	}
	return d, nil
}

// Taken says that the document has been used: it is given again once it has changed.
func (p *Poller) Taken(d *Document) {
	p.taken = *d
	p.taken.Body = []byte{}
}

// Forget says that somebody else may use other documents meanwhile: the next one is given, whatever it is.
func (p *Poller) Forget() { p.taken = Document{} }
