package receiver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"dwell/ingest/annotation"
	"dwell/ingest/receiver/token"
)

// AnnotationsPath is where an annotation is posted. Below it, by its id, it is removed.
const AnnotationsPath = "/api/v1/annotations"

// Annotations are the table of annotations. A write returns when it is safe.
type Annotations interface {
	// Annotation returns the last version of an annotation, nil where the id is not known.
	Annotation(ctx context.Context, id string) (*annotation.Version, error)
	WriteAnnotations(ctx context.Context, all []annotation.Version) error
}

// Annotated is the answer to an annotation that was posted.
type Annotated struct {
	ID      string             `json:"id"`
	Outcome annotation.Outcome `json:"outcome"`
}

const (
	// maxAnnotation is the largest body, in bytes.
	maxAnnotation = 16 << 10
	// tableTimeout bounds how long the table may take. It is short, since a request holds a place that bodies of events need.
	tableTimeout = 10 * time.Second
)

// PostAnnotation answers POST requests for AnnotationsPath: with 201 for an annotation that is new, and with 200 for one that is changed or known.
func (h *Receiver) PostAnnotation(w http.ResponseWriter, r *http.Request) {
	by, failed := h.authenticate(w, r)
	if failed == nil {
		failed = isJSON(r)
	}
	if failed == nil && r.ContentLength > maxAnnotation {
		failed = annotationTooLarge()
	}
	if failed != nil {
		leaveBody(w, r)
		h.refuse(w, failed)
		return
	}
	leave, wait := h.admission.enter(by.Name, time.Now())
	if wait > 0 {
		leaveBody(w, r)
		h.refuse(w, busy(w, wait))
		return
	}
	defer leave()
	body, failed := h.readAnnotation(w, r)
	h.admission.charge(by.Name, time.Now(), len(body), 1)
	var out *Annotated
	if failed == nil {
		out, failed = h.enterAnnotation(w, r, by, body)
	}
	if failed != nil {
		h.refuse(w, failed)
		return
	}
	status := http.StatusOK
	if out.Outcome == annotation.Added {
		status = http.StatusCreated
	}
	answer, err := json.Marshal(out)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	h.Observer.Answered(status)
	_, _ = w.Write(answer) // a client that has left sends it again
}

// RemoveAnnotation answers DELETE requests for an id below AnnotationsPath, with 204, also where it was removed before.
func (h *Receiver) RemoveAnnotation(w http.ResponseWriter, r *http.Request) {
	by, failed := h.authenticate(w, r)
	if failed != nil {
		h.refuse(w, failed)
		return
	}
	leave, wait := h.admission.enter(by.Name, time.Now())
	if wait > 0 {
		h.refuse(w, busy(w, wait))
		return
	}
	defer leave()
	h.admission.charge(by.Name, time.Now(), 0, 1)
	if failed := h.removeAnnotation(w, r, by); failed != nil {
		h.refuse(w, failed)
		return
	}
	h.Observer.Answered(http.StatusNoContent)
	w.WriteHeader(http.StatusNoContent)
}

func (h *Receiver) refuse(w http.ResponseWriter, failed *Receipt) {
	h.Observer.Answered(failed.Status)
	failed.write(w)
}

func isJSON(r *http.Request) *Receipt {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if charset := params["charset"]; err != nil || media != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") || r.Header.Get("Content-Encoding") != "" {
		return problem(http.StatusUnsupportedMediaType, "the content type is not supported", "use application/json in UTF-8, without Content-Encoding")
	}
	return nil
}

func annotationTooLarge() *Receipt {
	return problem(http.StatusRequestEntityTooLarge, "the body is too large", fmt.Sprintf("an annotation may have %d bytes; post one at a time", maxAnnotation))
}

// readAnnotation reads the body. Of one that is refused it returns what was read.
func (h *Receiver) readAnnotation(w http.ResponseWriter, r *http.Request) ([]byte, *Receipt) {
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(time.Now().Add(h.cfg.BodyTimeout)) // a test's recorder has none
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAnnotation))
	if err == nil {
		_ = connection.SetReadDeadline(time.Time{})
		return body, nil
	}
	w.Header().Set("Connection", "close")
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return body, annotationTooLarge()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return body, problem(http.StatusRequestTimeout, "the body came too slowly", fmt.Sprintf("it must arrive within %v", h.cfg.BodyTimeout))
	}
	return body, problem(http.StatusBadRequest, "the body could not be read", "it broke off, or is not as its headers say")
}

// parseAnnotation reads the one object of a body. Its author is the token, so that nobody is named who did not write it.
func (h *Receiver) parseAnnotation(by *token.Token, body []byte) (annotation.Annotation, error) {
	if !utf8.Valid(body) {
		return annotation.Annotation{}, errors.New("the body is not UTF-8")
	}
	var fields annotation.Fields
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&fields); err != nil {
		return annotation.Annotation{}, fmt.Errorf("the body is not an annotation such as {\"kind\": \"closure\", \"place\": \"ID\", \"from\": \"2026-03-21\", \"text\": \"protest\"}: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return annotation.Annotation{}, errors.New("the body has more than one annotation; post one at a time")
	}
	if fields.Author != "" {
		return annotation.Annotation{}, fmt.Errorf("author: %q cannot be given; leave it out, since the name of the token stands there", fields.Author)
	}
	fields.Author = by.Name
	return annotation.Parse(fields, h.Places)
}

func (h *Receiver) enterAnnotation(w http.ResponseWriter, r *http.Request, by *token.Token, body []byte) (*Annotated, *Receipt) {
	a, err := h.parseAnnotation(by, body)
	if err != nil {
		return nil, problem(http.StatusBadRequest, "the annotation cannot be used", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	if failed := h.permits(by, a.Place); failed != nil {
		return nil, failed
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), tableTimeout)
	defer cancel()
	last, err := h.Annotations.Annotation(ctx, a.ID)
	if err != nil {
		return nil, h.tableAway(w, by, err)
	}
	if last != nil { // it may be of another place
		if failed := h.permits(by, last.Place); failed != nil {
			return nil, failed
		}
	}
	next, what := annotation.Enter(a, last, h.Now())
	if what != annotation.Known {
		if err := h.Annotations.WriteAnnotations(ctx, []annotation.Version{next}); err != nil {
			return nil, h.tableAway(w, by, err)
		}
	}
	return &Annotated{ID: a.ID, Outcome: what}, nil
}

func (h *Receiver) removeAnnotation(w http.ResponseWriter, r *http.Request, by *token.Token) *Receipt {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), tableTimeout)
	defer cancel()
	id := r.PathValue("id")
	last, err := h.Annotations.Annotation(ctx, id)
	switch {
	case err != nil:
		return h.tableAway(w, by, err)
	case last == nil:
		return problem(http.StatusNotFound, "no such annotation", fmt.Sprintf("%q is not the id of an annotation; GET %s shows them", id, AnnotationsPath))
	}
	if failed := h.permits(by, last.Place); failed != nil || last.Removed {
		return failed
	}
	gone, err := annotation.Remove(id, last, by.Name, h.Now())
	if err == nil {
		err = h.Annotations.WriteAnnotations(ctx, []annotation.Version{gone})
	}
	if err != nil {
		return h.tableAway(w, by, err)
	}
	return nil
}

// permits refuses an annotation of a place that the token does not name; of all places, one that names not all of them.
func (h *Receiver) permits(by *token.Token, at string) *Receipt {
	var lacking []string
	for i := range h.Places {
		if id := h.Places[i].ID; (at == "" || at == id) && !slices.Contains(by.BCPs, id) {
			lacking = append(lacking, id)
		}
	}
	if at != "" && len(lacking) == 0 && !slices.Contains(by.BCPs, at) { // it is not configured any more
		lacking = []string{at}
	}
	switch {
	case len(lacking) == 0:
		return nil
	case at == "":
		return problem(http.StatusForbidden, "the token does not permit an annotation of all places",
			"it does not name "+strings.Join(lacking, ", ")+"; name a place, or ask who made the token for one that names all")
	}
	return problem(http.StatusForbidden, "the token does not permit an annotation of the place",
		fmt.Sprintf("it names %s, and not %s; ask who made the token for one that does", strings.Join(by.BCPs, ", "), at))
}

func (h *Receiver) tableAway(w http.ResponseWriter, by *token.Token, err error) *Receipt {
	h.Logger.Warn("an annotation could not be written", "token", by.Name, "error", err)
	w.Header().Set("Retry-After", "5")
	return problem(http.StatusServiceUnavailable, "the annotation could not be written", "ClickHouse did not acknowledge it; send the same request again, which changes nothing that was written")
}
