package mem

import (
	"fmt"
	"testing"
)

// The reference is a set: the filter must have what the set has, and nearly nothing else.
func TestFilterHasAllAddedKeysAndFewOthers(t *testing.T) {
	var f Filter
	set := map[string]bool{}
	if f.Has([]byte("T0")) {
		t.Error("an empty filter has a key")
	}
	const n = 5 * firstPart // over more than one part
	for i := range n {
		key := fmt.Sprint("T", 2*i)
		f.Add(key)
		set[key] = true
	}
	others := 0
	for i := range 2 * n {
		key := fmt.Sprint("T", i)
		switch has := f.Has([]byte(key)); {
		case set[key] && !has:
			t.Fatalf("%q was added and is not there", key)
		case has && !set[key]:
			others++
		}
	}
	if others > n/2000 {
		t.Errorf("%d of %d others are said to be there", others, n)
	}
}
