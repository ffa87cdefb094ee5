package api

import (
	"encoding/json"
	"net/http"
)

// problem is an error as RFC 9457 has it. Parameter and Value are extensions of it: what was wrong in the request.
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitempty"`
	Parameter string `json:"parameter,omitempty"`
	Value     string `json:"value,omitempty"`
}

func (p problem) Error() string { return p.Title + ": " + p.Detail }

// bad is a parameter that cannot be used.
func bad(parameter, value, detail string) problem {
	return problem{
		Title: "a parameter cannot be used", Status: http.StatusBadRequest, Detail: detail,
		Parameter: parameter, Value: value,
	}
}

// missing is a resource that is not there.
func missing(parameter, value, detail string) problem {
	return problem{
		Title: "no such resource", Status: http.StatusNotFound, Detail: detail, Parameter: parameter, Value: value,
	}
}

func (p problem) write(w http.ResponseWriter) {
	p.Type = "about:blank"
	body, err := json.Marshal(p)
	if err != nil {
		http.Error(w, p.Title, p.Status)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_, _ = w.Write(body)
}
