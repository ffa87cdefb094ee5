// Package problem is the body of an error answer, as RFC 9457 has it.
//
// It promises that an answer says in words what was wrong and the way out, and that nothing keeps it. It refuses to show errors
// of parts: those are logged where they happen.
package problem

import (
	"encoding/json"
	"net/http"
)

// Document is one error answer. Parameter and Value are extensions: what was wrong in the request.
type Document struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitempty"`
	Parameter string `json:"parameter,omitempty"`
	Value     string `json:"value,omitempty"`
}

func (d Document) Error() string { return d.Title + ": " + d.Detail }

// Write answers with the document.
func (d Document) Write(w http.ResponseWriter) {
	d.Type = "about:blank"
	body, err := json.Marshal(d)
	if err != nil {
		http.Error(w, d.Title, d.Status)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(d.Status)
	_, _ = w.Write(body) // a caller that has left does not get it
}
