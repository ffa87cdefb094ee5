package receiver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"dwell/ingest/event"
)

// Receipt is the answer to a request: what became of its events, or why it was not looked at. An answer with a status of 400 or more is a
// problem document (RFC 9457).
type Receipt struct {
	Type   string `json:"type,omitempty"`
	Title  string `json:"title,omitempty"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`

	*Count
}

// Count is what became of the events of a request: Events is the sum of Taken, Duplicates and Refused.
type Count struct {
	// Request is the name of the request in the origins of its dead letters: the name of the token and a hash of the content type and the
	// body.
	Request string `json:"request"`
	Events  int    `json:"events"`
	// Taken are in Kafka. Duplicates came before in the request.
	Taken      int `json:"taken"`
	Duplicates int `json:"duplicates"`
	Refused    int `json:"refused"`
	// Refusals are the refused events, in their order. Each is a dead letter.
	Refusals []Unusable `json:"refusals"`
}

// Unusable is a refused event.
type Unusable struct {
	// Index is that of the event among those of the request, from 0. Empty lines have none.
	Index  int          `json:"index"`
	Reason event.Reason `json:"reason"`
	// Detail is the reason with the field and the value at fault.
	Detail string `json:"detail"`
}

// receipt is the answer once all is written.
func (b *batch) receipt() *Receipt {
	r := &Receipt{Status: http.StatusOK, Count: &Count{
		Request: b.request, Events: b.messages, Taken: len(b.records), Duplicates: b.duplicates, Refused: len(b.refusals), Refusals: b.refusals,
	}}
	forbidden := 0
	for i := range b.refusals {
		if b.refusals[i].Reason == event.NotPermitted {
			forbidden++
		}
	}
	switch {
	case b.messages > 0 && forbidden == b.messages:
		r.Type, r.Status, r.Title = "about:blank", http.StatusForbidden, "the token permits none of the events"
		r.Detail = "ask who made the token for one that names their sources, BCPs and agencies; refusals say what is missing"
	case len(b.refusals) > 0:
		r.Status = http.StatusMultiStatus
	default:
		r.Refusals = []Unusable{}
	}
	return r
}

func problem(status int, title, detail string) *Receipt {
	return &Receipt{Type: "about:blank", Title: title, Status: status, Detail: detail}
}

func busy(w http.ResponseWriter, wait time.Duration) *Receipt {
	w.Header().Set("Retry-After", fmt.Sprint(seconds(wait)))
	return problem(http.StatusTooManyRequests, "too much is posted at once", "the token has used its rate, or too many bodies are at work; send the same request again after the time of Retry-After")
}

func (r *Receipt) write(w http.ResponseWriter) {
	body, err := json.Marshal(r)
	if err != nil {
		http.Error(w, r.Title, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if r.Status >= http.StatusBadRequest {
		w.Header().Set("Content-Type", "application/problem+json")
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(r.Status)
	_, _ = w.Write(body) // a client that has left sends the request again
}
