package event

import (
	"fmt"
	"strings"
)

// maxKnown bounds the names in a message.
const maxKnown = 8

// KnownBCPs lists the ids of the BCPs for a message, the first ones of many.
func (v *Vocabulary) KnownBCPs() string {
	var names []string
	for _, b := range v.BCPs() {
		names = append(names, v.BCPName(b))
	}
	return known(names)
}

// KnownAgencies lists the codes of the agencies for a message, the first ones of many.
func (v *Vocabulary) KnownAgencies() string {
	var names []string
	for _, a := range v.Holders() {
		if _, is := v.Agency([]byte(v.HolderName(a))); is {
			names = append(names, v.HolderName(a))
		}
	}
	return known(names)
}

func known(names []string) string {
	if more := len(names) - maxKnown; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxKnown], ", "), more)
	}
	return strings.Join(names, ", ")
}
