package receiver

import (
	"encoding/json"
	"net/http"
)

// RightsPath says what a token permits.
const RightsPath = "/api/v1/post"

// Rights are what a token permits, for the form that its holder records events with.
type Rights struct {
	Name     string   `json:"name"`
	Sources  []string `json:"sources"`
	BCPs     []string `json:"bcps"`
	Agencies []string `json:"agencies"`
}

// ServeRights answers GET requests for RightsPath with the rights of their token.
func (h *Receiver) ServeRights(w http.ResponseWriter, r *http.Request) {
	by, failed := h.authenticate(w, r)
	if failed != nil {
		failed.write(w)
		return
	}
	body, err := json.Marshal(Rights{by.Name, by.Sources, by.BCPs, append([]string{}, by.Agencies...)})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body) // a client that has left asks again
}
