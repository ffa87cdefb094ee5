package query

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"dwell/metrics/border"
)

// A ministry and a customs manager ask for years, and a third one waits: until one of them has an answer, or has had enough.
func TestQuestionsWaitForTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := DefaultConfig()
		cfg.Questions = 2
		s := New(nil, "dwell", nil, nil, cfg, time.Now, border.New(0))
		asks := func(ctx context.Context) func() {
			t.Helper()
			done, err := s.wait(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return done
		}
		ministry, manager := asks(t.Context()), asks(t.Context())
		impatient, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := s.wait(impatient); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("asks beside two others: %v", err)
		}
		time.AfterFunc(time.Second, ministry)
		begin := time.Now()
		officer := asks(t.Context())
		if waited := time.Since(begin); waited != time.Second {
			t.Errorf("waited %v", waited)
		}
		manager()
		officer()
		asks(t.Context())()
	})
}
