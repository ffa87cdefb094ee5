package receiver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// MaxEvents is how many events a request may have.
const MaxEvents = 10_000

// form is how a body holds events, as its content type.
type form string

const (
	single  form = "application/cloudevents+json"
	batched form = "application/cloudevents-batch+json"
	lines   form = "application/x-ndjson"
)

// forms are those that are supported.
var forms = []form{single, batched, lines}

// leaveBody lets nobody wait for a body that is not read: net/http would read on, up to the timeout.
func leaveBody(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength == 0 {
		return
	}
	w.Header().Set("Connection", "close")
	_ = http.NewResponseController(w).SetReadDeadline(time.Now()) // a test's recorder has none
}

// read reads the body, and unpacks it, within the bounds of the configuration: both what arrives and what it unpacks to. Of a body that is
// refused it returns what was read.
func (h *Receiver) read(w http.ResponseWriter, r *http.Request) ([]byte, *Receipt) {
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(time.Now().Add(h.cfg.BodyTimeout)) // a test's recorder has none
	var body bytes.Buffer
	if r.ContentLength > 0 {
		body.Grow(int(min(r.ContentLength, readAhead)) + bytes.MinRead)
	}
	packing, _ := encodingOf(r)
	arriving := &wire{Reader: http.MaxBytesReader(w, r.Body, h.cfg.MaxBody)}
	unpacked, err := packing.unpack(arriving)
	if err == nil {
		_, err = body.ReadFrom(io.LimitReader(unpacked, h.cfg.MaxBody+1))
		_ = unpacked.Close() // what it says of the end was said by the read
	}
	if err == nil && int64(body.Len()) <= h.cfg.MaxBody {
		_ = connection.SetReadDeadline(time.Time{})
		return body.Bytes(), nil
	}
	w.Header().Set("Connection", "close")
	var large *http.MaxBytesError
	switch {
	case err == nil, errors.As(arriving.err, &large):
		return body.Bytes(), h.tooLarge()
	case arriving.err == nil:
		return body.Bytes(), packing.broken(err)
	case errors.Is(arriving.err, os.ErrDeadlineExceeded):
		return body.Bytes(), problem(http.StatusRequestTimeout, "the body came too slowly", fmt.Sprintf("it must arrive within %v; send fewer events at once", h.cfg.BodyTimeout))
	}
	return body.Bytes(), problem(http.StatusBadRequest, "the body could not be read", "it broke off, or is not as its headers say")
}

// readAhead is how much memory the length that a client claims is worth before its bytes come.
const readAhead = 256 << 10

func (h *Receiver) tooLarge() *Receipt {
	return problem(http.StatusRequestEntityTooLarge, "the body is too large", fmt.Sprintf("it may have %d bytes, also once it is unpacked; send fewer events at once", h.cfg.MaxBody))
}

// split returns the messages of a body. One that is no list of messages is one message, which will be refused. Nothing is looked at behind the
// first message that is too many.
func (f form) split(body []byte) (messages [][]byte, _ *Receipt) {
	switch f {
	case batched:
		if messages = elements(body); messages == nil {
			return [][]byte{body}, nil
		}
	case lines:
		body = bytes.TrimPrefix(body, []byte("\uFEFF"))
		for line := range bytes.Lines(body) {
			if line = bytes.TrimSpace(line); len(line) > 0 {
				messages = append(messages, line)
			}
			if len(messages) > MaxEvents {
				break
			}
		}
	default:
		messages = [][]byte{body}
	}
	if len(messages) > MaxEvents {
		return messages, problem(http.StatusRequestEntityTooLarge, "the body has too many events", fmt.Sprintf("it may have %d; send fewer at once", MaxEvents))
	}
	return messages, nil
}

// elements returns the elements of a JSON array, up to the first one that is too many. It returns nil for any other text.
func elements(text []byte) (messages [][]byte) {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return nil
	}
	messages = [][]byte{}
	for d.More() {
		var message json.RawMessage
		if d.Decode(&message) != nil {
			return nil
		}
		if messages = append(messages, message); len(messages) > MaxEvents {
			return messages
		}
	}
	if _, err := d.Token(); err != nil {
		return nil
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil
	}
	return messages
}
