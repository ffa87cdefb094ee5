// Package token says who may post which events.
//
// It promises that a token names the sources, BCPs and agencies of which its holder may post, and no others; that the file has a token's
// hash and never the token; and that a token which is taken out of the file is refused from the next request on. It refuses a file that
// other users may write, and answers for nobody while the file cannot be read.
package token

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"dwell/ingest/event"
)

// Token is the rights of one who posts.
type Token struct {
	// Name is in the origins of what is refused, and in logs.
	Name string `json:"name"`
	// Hash is the SHA-256 of the token, in hexadecimal. The token has 256 random bits, so the hash needs no salt.
	Hash string `json:"sha256"`
	// Sources, BCPs and Agencies are those that events may name, as they are written in the events. Without agencies, no event may name one.
	Sources  []string  `json:"sources"`
	BCPs     []string  `json:"bcps"`
	Agencies []string  `json:"agencies,omitempty"`
	Created  time.Time `json:"created"`
}

// prefix lets scanners for secrets find a token that was published by mistake.
const prefix = "dwell_"

// generate makes a token and its hash.
func generate() (secret, hash string) {
	var random [32]byte
	_, _ = rand.Read(random[:]) // it never fails
	secret = prefix + base64.RawURLEncoding.EncodeToString(random[:])
	return secret, hashOf(secret)
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// find returns the token of a secret. It takes the same time whether there is one or not.
func find(all []Token, secret string) (found *Token) {
	hash := []byte(hashOf(secret))
	for i := range all {
		if subtle.ConstantTimeCompare(hash, []byte(all[i].Hash)) == 1 {
			found = &all[i]
		}
	}
	return found
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Validate names what cannot be used.
func (t *Token) Validate() error {
	var errs []error
	if !nameForm.MatchString(t.Name) {
		errs = append(errs, fmt.Errorf("token name %q: use up to 64 letters, digits, dots, dashes and underscores, of which the first is a letter or a digit", t.Name))
	}
	if len(t.Sources) == 0 || slices.Contains(t.Sources, "") {
		errs = append(errs, fmt.Errorf("token %q: it must name at least one source, and none that is empty", t.Name))
	}
	if len(t.BCPs) == 0 {
		errs = append(errs, fmt.Errorf("token %q: it must name at least one BCP", t.Name))
	}
	return errors.Join(errs...)
}

// Permits returns why an event may not be posted with the token, or nil. A retraction may name only events of the token's own sources.
func (t *Token) Permits(v *event.Vocabulary, e *event.Event) *event.Rejection {
	switch {
	case !has(t.Sources, e.Source):
		return &event.Rejection{Reason: event.NotPermitted, Field: "source", Value: string(e.Source)}
	case e.Type == event.EventRetracted && !has(t.Sources, e.RetractedSource):
		return &event.Rejection{Reason: event.NotPermitted, Field: "the source of the retracted event", Value: string(e.RetractedSource)}
	case !slices.Contains(t.BCPs, v.BCPName(e.BCP)):
		return &event.Rejection{Reason: event.NotPermitted, Field: "data.bcp", Value: v.BCPName(e.BCP)}
	case e.Agency != event.NoAgency && !slices.Contains(t.Agencies, v.HolderName(e.Agency)):
		return &event.Rejection{Reason: event.NotPermitted, Field: "data.agency", Value: v.HolderName(e.Agency)}
	}
	return nil
}

func has(names []string, name []byte) bool {
	return slices.ContainsFunc(names, func(one string) bool { return one == string(name) })
}
