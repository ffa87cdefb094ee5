// Package receiver takes events over HTTP: POST /api/v1/events. GET /api/v1/post says what a token permits. It takes annotations, too, at
// /api/v1/annotations, and answers once ClickHouse has them.
//
// It promises that a request is answered only after Kafka has acknowledged each event that was taken, and after each refused one is a dead
// letter; that the answer names every refused event by its index and the reason, and that its counts add up; and that the same request
// again, as after a cut connection, changes no number: an event is identified by source and id, and the visits are sets of facts. It refuses
// what the token of the request has no right to, one event at a time. Of a request without a valid token it reads no body.
//
// Whether an event came before in another request it does not know; such a copy is taken, and changes nothing. A second copy within the
// request is a duplicate.
package receiver

import (
	"context"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/ingest/receiver/token"
)

// Path is where events are posted.
const Path = "/api/v1/events"

// Log writes records to Kafka; a write returns when they are acknowledged.
type Log interface {
	Write(ctx context.Context, records ...event.Record) error
}

// Refused keeps dead letters; a write returns when they are safe. A letter of an origin that it has is not written again.
type Refused interface {
	Write(ctx context.Context, letters []event.DeadLetter) error
}

// Tokens are the rights of those who post.
type Tokens interface {
	// Find returns nil for a token that is not valid.
	Find(secret string) (*token.Token, error)
}

// Outcome is what became of a posted event.
type Outcome string

// The outcomes.
const (
	Accepted  Outcome = "accepted"
	Duplicate Outcome = "duplicate"
	Refusal   Outcome = "refused"
)

// Observer counts. It must not block.
type Observer interface {
	// Posted is called for each outcome once the events of a request are safe, with the name of its token.
	Posted(token string, outcome Outcome, events int)
	// Answered is called with the status of each answer.
	Answered(status int)
}

// Parts are what a Receiver works with.
type Parts struct {
	Vocabulary *event.Vocabulary
	// Decoder makes what judges the events of a request, as those who count them do.
	Decoder func() *event.Decoder

	Now    func() time.Time
	Tokens Tokens
	Log    Log
	// Places are those that annotations may be of.
	Places      []place.Place
	Annotations Annotations

	Refused  Refused
	Observer Observer
	Logger   *slog.Logger
}

// Receiver answers requests for Path.
type Receiver struct {
	cfg Config
	Parts
	admission *admission
}

// New makes a receiver under a configuration that was validated.
func New(cfg Config, p Parts) *Receiver {
	p.Logger = p.Logger.With("component", "receiver")
	return &Receiver{cfg: cfg, Parts: p, admission: newAdmission(cfg)}
}

func (h *Receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	receipt := h.answer(w, r)
	h.Observer.Answered(receipt.Status)
	receipt.write(w)
}

// writeTimeout bounds how long Kafka and the table of dead letters may take. It is more than the producer tries to deliver.
const writeTimeout = 45 * time.Second

func (h *Receiver) answer(w http.ResponseWriter, r *http.Request) *Receipt {
	by, form, failed := h.admit(w, r)
	if failed != nil {
		leaveBody(w, r)
		return failed
	}
	leave, wait := h.admission.enter(by.Name, time.Now())
	if wait > 0 {
		leaveBody(w, r)
		return busy(w, wait)
	}
	defer leave()
	body, failed := h.read(w, r)
	var messages [][]byte
	if failed == nil {
		messages, failed = form.split(body)
	}
	h.admission.charge(by.Name, time.Now(), len(body), len(messages))
	if failed != nil {
		return failed
	}
	b := h.sort(by, form, body, messages)
	// A client that leaves now may have the events written or not; to write them all is the same to it, and adds up here.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), writeTimeout)
	defer cancel()
	err := h.Log.Write(ctx, b.records...)
	if err == nil {
		err = b.refuse(ctx, h.Refused)
	}
	if err != nil {
		h.Logger.Warn("a request could not be written", "token", by.Name, "events", len(messages), "error", err)
		w.Header().Set("Retry-After", "5")
		return problem(http.StatusServiceUnavailable, "the events could not be written",
			"Kafka or the table of dead letters did not acknowledge all of them; send the same request again, which changes nothing that was written")
	}
	receipt := b.receipt()
	h.Observer.Posted(by.Name, Accepted, receipt.Taken)
	h.Observer.Posted(by.Name, Duplicate, receipt.Duplicates)
	h.Observer.Posted(by.Name, Refusal, receipt.Refused)
	return receipt
}

// admit decides by the head of a request, before anything of its body is read.
func (h *Receiver) admit(w http.ResponseWriter, r *http.Request) (*token.Token, form, *Receipt) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return nil, "", problem(http.StatusMethodNotAllowed, "only posting is allowed", r.Method+" is not supported; use POST")
	}
	by, failed := h.authenticate(w, r)
	if failed != nil {
		return nil, "", failed
	}
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	form := form(media)
	if charset := params["charset"]; err != nil || !slices.Contains(forms, form) || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return nil, "", problem(http.StatusUnsupportedMediaType, "the content type is not supported", "use application/cloudevents+json, "+
			"application/cloudevents-batch+json or application/x-ndjson, in UTF-8")
	}
	if _, ok := encodingOf(r); !ok {
		w.Header().Set("Accept-Encoding", encodings)
		return nil, "", problem(http.StatusUnsupportedMediaType, "the content encoding is not supported", "use one of "+encodings+", or send the body without Content-Encoding")
	}
	if r.ContentLength > h.cfg.MaxBody {
		return nil, "", h.tooLarge()
	}
	return by, form, nil
}

func (h *Receiver) authenticate(w http.ResponseWriter, r *http.Request) (*token.Token, *Receipt) {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || secret == "" {
		w.Header().Set("WWW-Authenticate", `Bearer realm="dwell"`)
		return nil, problem(http.StatusUnauthorized, "a token is needed", `send the header "Authorization: Bearer TOKEN" with a token that dwell token create made`)
	}
	by, err := h.Tokens.Find(secret)
	if err != nil {
		h.Logger.Error("nothing can be posted", "error", err)
		w.Header().Set("Retry-After", "30")
		return nil, problem(http.StatusServiceUnavailable, "the tokens cannot be read", "the log of dwell says why")
	}
	if by == nil {
		w.Header().Set("WWW-Authenticate", `Bearer realm="dwell", error="invalid_token"`)
		return nil, problem(http.StatusUnauthorized, "the token is not valid", "it was revoked, or never created here")
	}
	return by, nil
}
