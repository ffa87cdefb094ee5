package repeat_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dwell/metrics/repeat"
)

func TestFailuresAreTriedAgainEverMoreRarelyAndSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		ctx, cancel := context.WithCancel(t.Context())
		outcomes := []error{nil, nil, errors.New("refused"), errors.New("refused"), errors.New("refused"), errors.New("reset"), nil, errors.New("refused"), nil}
		begin := time.Now()
		var at []time.Duration
		err := repeat.Every{Pause: time.Second, Longest: 5 * time.Second, Failed: "nothing new", Log: slog.New(slog.NewTextHandler(&log, nil))}.Run(ctx, func(context.Context) error {
			at = append(at, time.Since(begin)/time.Second)
			if len(at) == len(outcomes) {
				cancel()
			}
			return outcomes[len(at)-1]
		})
		if want := []time.Duration{0, 1, 2, 4, 8, 13, 18, 19, 21}; err != nil || !slices.Equal(at, want) {
			t.Errorf("it was done at the seconds %d, %v, want %d", at, err, want)
		}
		for what, want := range map[string]int{"refused": 2, "reset": 1, "nothing new": 3} {
			if n := strings.Count(log.String(), what); n != want {
				t.Errorf("%q was said %d times, want %d:\n%s", what, n, want, log.String())
			}
		}
	})
}

func TestItIsLearnedAnewOnceADayAndSoonerAtFirst(t *testing.T) {
	begin := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	var first, last time.Time
	var at []string
	for minute := range 4 * 24 * 60 {
		now := begin.Add(time.Duration(minute) * time.Minute)
		if repeat.Daily.Due(first, last, now) {
			if first.IsZero() {
				first = now
			}
			last = now
			at = append(at, now.Sub(begin).String())
		}
	}
	want := "[0s 10m0s 20m0s 40m0s 1h20m0s 2h40m0s 5h20m0s 10h40m0s 21h20m0s 42h40m0s 66h40m0s 90h40m0s]"
	if fmt.Sprint(at) != want {
		t.Errorf("learned at %v, want %s", at, want)
	}
}
