package event

import (
	"fmt"
	"testing"
)

// Messages list what a places file has, and not all of a hundred places.
func TestKnownNamesAreListed(t *testing.T) {
	var many []string
	for i := range 10 {
		many = append(many, fmt.Sprintf("XX-%d", i))
	}
	for want, bcps := range map[string][]string{"XX-0, XX-1": many[:2], "XX-0, XX-1, XX-2, XX-3, XX-4, XX-5, XX-6, XX-7 and 2 more": many} {
		v, err := NewVocabulary(bcps, []string{"customs", "police"})
		if err != nil {
			t.Fatal(err)
		}
		if got := v.KnownBCPs(); got != want {
			t.Errorf("lists %s, want %s", got, want)
		}
		if got := v.KnownAgencies(); got != "customs, police" {
			t.Errorf("lists %s", got)
		}
	}
}
