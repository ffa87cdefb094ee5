package usual_test

import (
	"testing"
	"time"

	"dwell/metrics/usual"
)

// Each letter is what a quarter of an hour was like: a digit is the deviation, + is over the room that there is, . is not known, as while
// the BCP is closed, - is a look that was missed. The second line marks the quarters at which there is a spike.
func TestASpikeNeitherBeginsNorEndsWithASingleValue(t *testing.T) {
	for _, story := range []struct{ why, looks, spike string }{
		{"a single high value is none", "0040000", "       "},
		{"two begin it, two low ones end it", "0044110", "   ^^  "},
		{"three is not above three", "0033330", "       "},
		{"between two and three it goes on", "0442222", "  ^^^^^"},
		{"a single low value does not end it", "044141411", "  ^^^^^^ "},
		{"closed hours change nothing", "044....44", "  ^^^^^^^"},
		{"closed hours are not between two high values", "04.4000", "       "},
		{"a look that is missed lies not between two high ones", "04-4000", "       "},
		{"nobody looked for a while", "044----5", "  ^^^^^^"},
		{"above the room there is, whatever is usual", "0++....", "  ^^^^^"},
		{"the room is enough again", "0++1111", "  ^^   "},
		{"low beside the usual, and over the room", "011++11", "    ^^ "},
	} {
		var s usual.Spike
		begin := time.Date(2026, 3, 16, 0, 0, 0, 0, time.UTC)
		for i, of := range story.looks {
			look := usual.Seen{At: begin.Add(time.Duration(i) * usual.Every), Over: of == '+'}
			if of == '-' {
				continue
			}
			if d := float64(of - '0'); of >= '0' && of <= '9' {
				look.Deviation = &d
			}
			s.Step(look)
			if is, want := !s.Since.IsZero(), story.spike[i] == '^'; is != want {
				t.Errorf("%s: at quarter %d a spike: %v, want %v", story.why, i, is, want)
			}
		}
	}
}

func TestASpikeIsSinceItWasFirstSeen(t *testing.T) {
	var s usual.Spike
	begin := time.Date(2026, 3, 16, 0, 0, 0, 0, time.UTC)
	for i, d := range []float64{0, 4, 2.5, 5, 6, 1, 7} {
		s.Step(usual.Seen{At: begin.Add(time.Duration(i) * usual.Every), Deviation: &d})
	}
	if want := begin.Add(3 * usual.Every); !s.Since.Equal(want) {
		t.Errorf("a spike since %v, want %v", s.Since, want)
	}
}

func TestASpikeIsForgottenAfterADayOfWhichNothingIsKnown(t *testing.T) {
	var s usual.Spike
	begin := time.Date(2026, 3, 16, 0, 0, 0, 0, time.UTC)
	high := 4.0
	for i := range 100 {
		look := usual.Seen{At: begin.Add(time.Duration(i) * usual.Every)}
		if i < 2 {
			look.Deviation = &high
		}
		s.Step(look)
		if want := i >= 1 && i <= 1+96; s.Is() != want {
			t.Fatalf("at quarter %d a spike: %v, want %v", i, s.Is(), want)
		}
	}
}
