package kafka

import (
	"bytes"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestTroubleOfADayIsLoggedEverMoreSeldomAndOnceWhenItIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		log := slog.New(slog.NewTextHandler(&text, nil))
		var tr trouble
		began := time.Now()
		var minutes []int
		for time.Since(began) < 24*time.Hour {
			before := text.Len()
			tr.failed(log, slog.LevelWarn, "cannot join", errors.New("connection refused"), "group", "dwell")
			if text.Len() > before {
				minutes = append(minutes, int(time.Since(began).Minutes()))
			}
			time.Sleep(5 * time.Second)
		}
		if want := []int{0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024}; !slices.Equal(minutes, want) {
			t.Errorf("logged after minutes %v, want %v", minutes, want)
		}
		if !strings.Contains(text.String(), `group=dwell since=2000-01-01T00:00:00Z tries=13 error="connection refused"`) {
			t.Errorf("logged:\n%s", text.String())
		}
		text.Reset()
		for range 2 { // what has never failed is not over
			tr.over(log, "joined again", "group", "dwell")
		}
		if got := text.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `msg="joined again" group=dwell after=24h0m0s tries=17280`) {
			t.Errorf("logged:\n%s", got)
		}
	})
}
