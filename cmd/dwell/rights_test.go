package main

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"dwell/cmd/dwell/app"
	"dwell/ingest/receiver"
	"dwell/ingest/receiver/token"
)

// rightsOf asks what a token permits.
func rightsOf(t *testing.T, s *app.System, secret string) (status int, body string) {
	t.Helper()
	answer, text := answerTo(t, s, requestFor(t, s, http.MethodGet, receiver.RightsPath, ""), secret)
	return answer.StatusCode, string(text)
}

// The gate asks what its token permits; the police, who have a token without agencies, ask too, until it is revoked.
func TestTokenSaysWhatItPermits(t *testing.T) {
	s := serveForTest(t, "afghanistan", time.Now)
	police := token.Token{Name: "police", Sources: []string{"/torkham/police"}, BCPs: []string{"AF-NAN-TORKHAM", "AF-KAN-SPINBOLDAK"}}
	byGate, byPolice := tokenFor(t, s, gate()), tokenFor(t, s, police)
	for secret, want := range map[string]string{
		byGate:   `{"name":"gate","sources":["/torkham/gate"],"bcps":["AF-NAN-TORKHAM"],"agencies":["customs"]}`,
		byPolice: `{"name":"police","sources":["/torkham/police"],"bcps":["AF-NAN-TORKHAM","AF-KAN-SPINBOLDAK"],"agencies":[]}`,
	} {
		if status, body := rightsOf(t, s, secret); status != http.StatusOK || body != want {
			t.Errorf("%d %s, want %s", status, body, want)
		}
	}
	if err := token.Revoke(s.Config.TokensFile(), "police"); err != nil {
		t.Fatal(err)
	}
	for secret, want := range map[string]string{"": "a token is needed", byPolice: "the token is not valid"} {
		status, body := rightsOf(t, s, secret)
		var problem receiver.Receipt
		if err := json.Unmarshal([]byte(body), &problem); err != nil || status != http.StatusUnauthorized || problem.Title != want {
			t.Errorf("%d %s, want %q", status, body, want)
		}
	}
}
