package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"dwell/dashboards/door"
	"dwell/dashboards/overview"
	"dwell/dashboards/problem"
)

// asked is a store that answers a question about the past with an error.
type asked struct {
	Store
	err error
}

func (a asked) History(context.Context, overview.HistoryQuery) (*overview.History, error) {
	return nil, a.err
}

func (a asked) Periods(context.Context, overview.PeriodsQuery) (*overview.History, error) {
	return nil, a.err
}

func (a asked) Find(context.Context, overview.VisitsQuery) (*overview.Found, error) {
	return nil, a.err
}

func TestQuestionWithoutAnAnswerSaysTheWayOut(t *testing.T) {
	o := open(t)
	o.handler = o.again()
	for _, c := range []struct {
		err               error
		status            int
		detail, retryable string
	}{
		{overview.ErrBusy, http.StatusTooManyRequests, "ask again later", "5"},
		{fmt.Errorf("read windows: %w", overview.ErrTooMuch), http.StatusGatewayTimeout, "a shorter span", ""},
		{errors.New("connection refused by 192.0.2.1"), http.StatusServiceUnavailable, "", "5"},
	} {
		o.handler.store = asked{o.handler.store, c.err}
		for _, path := range []string{ // what is wrong is never said as CSV
			"/places/" + torkham + "/history", "/places/" + torkham + "/history?grain=week", "/corridors/torkham-hairatan/history", "/neighbours/PK/history", "/total/history",
			"/visits", "/visits?format=csv",
		} {
			var p problem.Document
			response := o.get(path, &p)
			if response.StatusCode != c.status || p.Status != c.status || !strings.Contains(p.Detail, c.detail) || response.Header.Get("Retry-After") != c.retryable {
				t.Errorf("%s, %v: %d %+v, Retry-After %q", path, c.err, response.StatusCode, p, response.Header.Get("Retry-After"))
			}
			if strings.Contains(p.Detail, "192.0.2.1") {
				t.Errorf("the answer has the error: %+v", p)
			}
		}
	}
}

type broken struct{}

func (broken) Overview(context.Context) (*overview.Overview, error) {
	return nil, errors.New("secret place")
}

// A wall screen asks on while the store is away. Each answer is a problem without details, all are counted, and the log has one
// line with the cause.
func TestUnreadableStoreIsAProblemWithoutDetailsAndIsLoggedOnce(t *testing.T) {
	o := open(t)
	o.handler = o.again()
	o.handler.current = broken{}
	var log strings.Builder
	reg := prometheus.NewRegistry()
	o.handler.refusals = door.NewRefusals(slog.New(slog.NewTextHandler(&log, nil)), reg)
	for range 5 {
		var p problem.Document
		if response := o.get("/overview", &p); response.StatusCode != http.StatusServiceUnavailable || strings.Contains(p.Detail, "secret") {
			t.Errorf("%d %+v", response.StatusCode, p)
		}
	}
	if n := strings.Count(log.String(), "secret place"); n != 1 {
		t.Errorf("the cause is logged %d times, want once:\n%s", n, &log)
	}
	all, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range all[0].GetMetric() {
		if of.GetLabel()[0].GetValue() == string(door.Away) && of.GetCounter().GetValue() != 5 {
			t.Errorf("%v questions are counted, want 5", of.GetCounter().GetValue())
		}
	}
}
