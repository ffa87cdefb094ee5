package query

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dwell/dashboards/overview"
)

// asks waits for a turn, which must come.
func (t *turns) asks(tt *testing.T, client string) (leave func()) {
	tt.Helper()
	leave, err := t.enter(tt.Context(), client)
	if err != nil {
		tt.Fatalf("%s: %v", client, err)
	}
	return leave
}

// A ministry and a customs manager ask for years, and a third one waits: until one of them has an answer, or has had enough.
func TestQuestionsWaitForTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newTurns(2, 4)
		ministry, manager := q.asks(t, "ministry"), q.asks(t, "manager")
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := q.enter(impatient, "impatient"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("asks beside two others: %v", err)
		}
		begin := time.Now()
		if _, err := q.enter(t.Context(), "patient"); !errors.Is(err, overview.ErrBusy) || time.Since(begin) != longestWait {
			t.Errorf("waits %v: %v", time.Since(begin), err)
		}
		time.AfterFunc(time.Second, ministry)
		begin = time.Now()
		officer := q.asks(t, "officer")
		if waited := time.Since(begin); waited != time.Second {
			t.Errorf("waited %v", waited)
		}
		manager()
		officer()
		q.asks(t, "ministry")()
		if q.busy != 0 || len(q.waiting) != 0 || len(q.working) != 0 {
			t.Errorf("after all have left: %+v", q)
		}
	})
}

// A program asks again and again with 64 connections. An officer who asks once does not wait for all of them.
func TestAClientWithManyQuestionsDelaysItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newTurns(2, 8)
		var refused atomic.Int64
		for range 64 {
			go func() {
				leave, err := q.enter(t.Context(), "program")
				if errors.Is(err, overview.ErrBusy) {
					refused.Add(1)
					return
				}
				time.Sleep(time.Second)
				leave()
			}()
		}
		synctest.Wait()
		if n := refused.Load(); n != 64-2-4 {
			t.Errorf("%d are refused, beside 2 at work and half of the 8 that may wait", n)
		}
		begin := time.Now()
		officer := q.asks(t, "officer")
		if waited := time.Since(begin); waited != time.Second {
			t.Errorf("waited %v, want until the first of the program's has its answer", waited)
		}
		officer()
		time.Sleep(time.Minute)
	})
}

func TestTurnThatComesAsTheCallerLeavesIsPassedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newTurns(1, 4)
		first := q.asks(t, "first")
		ctx, leaves := context.WithCancel(t.Context())
		go func() {
			if leave, err := q.enter(ctx, "leaving"); err == nil {
				leave()
			}
		}()
		synctest.Wait()
		first()
		leaves()
		synctest.Wait()
		q.asks(t, "last")()
	})
}
