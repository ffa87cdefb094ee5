// Package api is the read-only interface under /api/v1, described by openapi.yaml.
//
// It promises that unknown is null with a reason and never zero, that every answer is the one that the description
// says, and that an error names the parameter and the value at fault (RFC 9457). It refuses parameters that it does not
// know, and answers of unbounded size. What is a list can be had as a table, too (CSV, NDJSON), which is bounded as the list is.
package api

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"dwell/dashboards/door"
	"dwell/dashboards/overview"
	"dwell/dashboards/problem"
	"dwell/ingest/event"
	"dwell/ingest/place"
)

// Current is where the current overview comes from.
type Current interface {
	Overview(ctx context.Context) (*overview.Overview, error)
}

// Store is where history comes from. Ids are of Places.
type Store interface {
	Places() []place.Place
	Now() time.Time
	History(ctx context.Context, q overview.HistoryQuery) (*overview.History, error)
	Periods(ctx context.Context, q overview.PeriodsQuery) (*overview.History, error)
	Holders(ctx context.Context, id string, from, to time.Time, f overview.Filter) (*overview.Holders, error)
	Inside(ctx context.Context, q overview.VisitsQuery) (*overview.Visits, error)
	Find(ctx context.Context, q overview.VisitsQuery) (*overview.Found, error)
	Visit(ctx context.Context, place, subject string) (*overview.Visit, error)
	VisitsOf(ctx context.Context, subject string) (*overview.VisitsOf, error)
	Readings(ctx context.Context, id string, from, to time.Time, limit int) (*overview.Readings, error)
	Reliability(ctx context.Context, q overview.ReliabilityQuery) (*overview.Reliability, error)
	UsualWeek(ctx context.Context, q overview.UsualQuery) (*overview.UsualWeek, error)
	Restatements(ctx context.Context, q overview.RestatementsQuery) (*overview.Restatements, error)
	Annotations(ctx context.Context, q overview.AnnotationsQuery) (*overview.Annotations, error)
}

// Prefix is where the handler is mounted.
const Prefix = "/api/v1/"

// timeout ends a request that the store does not answer, with the time that it waited for its turn.
const timeout = 30 * time.Second

//go:embed openapi.yaml
var description []byte

// Handler answers requests under Prefix.
type Handler struct {
	current  Current
	store    Store
	voc      *event.Vocabulary
	refusals *door.Refusals
	log      *slog.Logger
	mux      *http.ServeMux

	book     *place.Book
	agencies Agencies
}

// New makes the handler. The vocabulary names the measures that may be asked for, and the book the corridors; it has the places of the store.
func New(current Current, store Store, voc *event.Vocabulary, book *place.Book, refusals *door.Refusals, log *slog.Logger) *Handler {
	h := &Handler{
		current: current, store: store, voc: voc, book: book, agencies: agenciesOf(book.Agencies), refusals: refusals, log: log.With("component", "api"), mux: http.NewServeMux(),
	}
	h.route("overview", asTable, h.overview)
	h.route("measures", asTable, h.measures)
	h.route("agencies", asTable, h.listAgencies)
	h.route("places", asTable, h.places)
	h.route("places/{id}", asDocument, h.place)
	h.route("places/{id}/history", asTable, h.history)
	h.route("corridors", asTable, h.corridors)
	h.route("corridors/{id}/history", asTable, h.corridorHistory)
	h.route("neighbours", asTable, h.neighbours)
	h.route("neighbours/{country}/history", asTable, h.neighbourHistory)
	h.route("total/history", asTable, h.totalHistory)
	h.route("places/{id}/holders", asTable, h.holders)
	h.route("places/{id}/visits", asTable, h.inside)
	h.route("places/{id}/readings", asTable, h.readings)
	h.route("places/{id}/usual", asTable, h.usual)
	h.route("places/{id}/reliability", asTable, h.reliability)
	h.route("places/{id}/restatements", asTable, h.restatements)
	h.route("places/{id}/visits/{visit}", asTable, h.visit)
	h.route("visits", asTable, h.find)
	h.route("visits/{visit}", asTable, h.visitsOf)
	h.route("annotations", asTable, h.annotations)
	h.mux.HandleFunc("GET "+Prefix+"openapi.yaml", func(w http.ResponseWriter, r *http.Request) {
		send(w, r, "application/yaml", description)
	})
	h.mux.HandleFunc(Prefix, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			problem.Document{Title: "only reading is allowed", Status: http.StatusMethodNotAllowed}.Write(w)
			return
		}
		problem.Document{Title: "no such resource", Status: http.StatusNotFound, Detail: r.URL.Path + " does not exist; see " + Prefix + "openapi.yaml"}.Write(w)
	})
	return h
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

// route answers GET requests with what answer returns in one of the forms, or with the problem that its error is.
func (h *Handler) route(path string, forms []form, answer func(ctx context.Context, q *request) (any, error)) {
	h.mux.HandleFunc("GET "+Prefix+path, func(w http.ResponseWriter, r *http.Request) {
		client, _, _ := net.SplitHostPort(r.RemoteAddr) // of the door
		ctx, cancel := context.WithTimeout(overview.AskingFor(r.Context(), client), timeout)
		defer cancel()
		w.Header().Set("Vary", "Accept")
		q, err := newRequest(r)
		var as form
		if err == nil {
			as, err = q.form(forms)
		}
		var v any
		if err == nil {
			v, err = answer(ctx, q)
		}
		if err != nil {
			h.fail(ctx, w, r, err)
			return
		}
		body, err := as.write(v)
		if err != nil {
			h.log.Error("no answer", "path", r.URL.Path, "error", err)
			problem.Document{Title: "the answer cannot be written", Status: http.StatusInternalServerError}.Write(w)
			return
		}
		if as.name != inJSON.name {
			takeAway(w, q, as, path, v)
		}
		send(w, r, as.contentType, body)
	})
}

// fail answers with the problem that an error is.
func (h *Handler) fail(ctx context.Context, w http.ResponseWriter, r *http.Request, err error) {
	var p problem.Document
	switch {
	case errors.As(err, &p):
		p.Write(w)
	case r.Context().Err() != nil: // the caller has left
	case errors.Is(err, overview.ErrBusy):
		w.Header().Set("Retry-After", "5")
		h.refusals.Answer(w, r, door.Busy, http.StatusTooManyRequests, "too many questions about the past wait for their turn; ask again later")
	case errors.Is(err, overview.ErrTooMuch), errors.Is(ctx.Err(), context.DeadlineExceeded):
		h.refusals.Answer(w, r, door.TooMuch, http.StatusGatewayTimeout, "the answer takes more time, rows or memory than one may; ask for a shorter span or a coarser grain")
	default:
		h.refusals.Note(door.Away, door.Away.Title(), "path", r.URL.Path, "error", err)
		w.Header().Set("Retry-After", "5")
		problem.Document{Title: door.Away.Title(), Status: http.StatusServiceUnavailable}.Write(w)
	}
}

// send writes a body that may be kept but must be asked for again; a caller that has it already gets 304.
func send(w http.ResponseWriter, r *http.Request, contentType string, body []byte) {
	sum := sha256.Sum256(body)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "no-cache")
	for _, have := range strings.Split(r.Header.Get("If-None-Match"), ",") {
		if have = strings.TrimPrefix(strings.TrimSpace(have), "W/"); have == tag || have == "*" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(body) // a caller that has left does not get it
}
