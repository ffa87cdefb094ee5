package receiver

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Tokens whose bodies never end take what they can get, one after the other.
func TestTokensThatTakeAllTheyCanLeaveHalfOfTheRest(t *testing.T) {
	for most, want := range map[int][]int{
		1: {1, 0}, 2: {1, 1, 0}, 3: {2, 1, 0}, 4: {2, 1, 1, 0}, 16: {8, 4, 2, 1, 1, 0}, 64: {32, 16, 8, 4, 2, 1, 1, 0},
	} {
		cfg := DefaultConfig()
		cfg.MaxAtOnce = most
		a := newAdmission(cfg)
		var got []int
		for i := range want {
			n := 0
			for ; n <= most; n++ {
				if _, wait := a.enter(string(rune('a'+i)), noon); wait > 0 {
					break
				}
			}
			got = append(got, n)
		}
		if !slices.Equal(got, want) {
			t.Errorf("of %d places tokens got %v, want %v", most, got, want)
		}
	}
}

// In whatever order the bodies of four tokens come and go, a fifth token finds one of the 16 places.
func TestTokenWithoutABodyAtWorkFindsAPlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := newAdmission(DefaultConfig())
		at := map[string][]func(){}
		for range rapid.IntRange(0, 100).Draw(t, "steps") {
			name := rapid.SampledFrom([]string{"gate", "police", "customs", "yard"}).Draw(t, "token")
			if leaves := at[name]; len(leaves) > 0 && rapid.IntRange(0, 3).Draw(t, "what") == 0 {
				leaves[0]()
				at[name] = leaves[1:]
			} else if leave, wait := a.enter(name, noon); wait == 0 {
				at[name] = append(at[name], leave)
			}
			leave, wait := a.enter("scale", noon)
			if wait > 0 {
				t.Fatalf("%d places are taken, and the scale has to wait", a.bodies)
			}
			leave()
		}
	})
}
