package api

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"dwell/dashboards/overview"
	"dwell/metrics/calendar"
)

// request reads the parameters of one request. A parameter that nothing has read when done is called is refused.
type request struct {
	*http.Request
	values url.Values
	known  []string
	// dates are the times that were given as local dates, by parameter; nil where these are not taken.
	dates map[string]calendar.Date
}

func newRequest(r *http.Request) (*request, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, bad("", r.URL.RawQuery, err.Error())
	}
	for name, v := range values {
		if len(v) > 1 {
			return nil, bad(name, strings.Join(v, ", "), "given more than once")
		}
	}
	return &request{Request: r, values: values}, nil
}

func (q *request) get(name string) string {
	q.known = append(q.known, name)
	return q.values.Get(name)
}

// done refuses parameters that nothing has read.
func (q *request) done() error {
	for name := range q.values {
		if !slices.Contains(q.known, name) {
			detail := "no such parameter"
			if len(q.known) > 0 {
				detail += " here; use " + strings.Join(q.known, ", ")
			}
			return bad(name, q.values.Get(name), detail)
		}
	}
	return nil
}

// word reads one of several values; it is empty where it is not given.
func (q *request) word(name string, of ...string) (string, error) {
	v := q.get(name)
	if q.given(name) && !slices.Contains(of, v) {
		return "", bad(name, v, "not supported; use "+strings.Join(of, ", "))
	}
	return v, nil
}

func (q *request) filter() (f overview.Filter, err error) {
	if f.Direction, err = q.word("direction", "inbound", "outbound"); err != nil {
		return f, err
	}
	if f.Channel, err = q.word("channel", "green", "yellow", "red", "blue"); err != nil {
		return f, err
	}
	f.Regime, err = q.word("regime", "import", "export", "transit", "empty")
	return f, err
}

// count reads a whole number of [1, most].
func (q *request) count(name string, otherwise, most int) (int, error) {
	v := q.get(name)
	if !q.given(name) {
		return otherwise, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > most {
		return 0, bad(name, v, fmt.Sprintf("not a whole number from 1 to %d", most))
	}
	return n, nil
}

// The times that may be asked for are those that the tables can hold.
var (
	earliest = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
)

// around is when a local date begins before, and ends after, its midnight in UTC, wherever it is.
var around = map[string]time.Duration{"from": -14 * time.Hour, "to": 12 * time.Hour}

func (q *request) time(name string, otherwise time.Time) (time.Time, error) {
	v := q.get(name)
	if !q.given(name) {
		return otherwise, nil
	}
	t, err := time.Parse(time.RFC3339, v)
	form := `not a time such as "2026-01-05T08:00:00Z" (RFC 3339; "+" is written "%2B")`
	if err != nil && q.dates != nil {
		form += `, nor a date such as "2026-01-05"`
		if t, err = time.Parse(time.DateOnly, v); err == nil {
			q.dates[name] = calendar.DateOf(t.Date())
			t = t.Add(around[name])
		}
	}
	if err != nil {
		return t, bad(name, v, form)
	}
	if t.Before(earliest) || t.After(latest) {
		return t, bad(name, v, "not between 1990 and 2100")
	}
	return t, nil
}

// span reads from and to; without them it is the time back from now.
func (q *request) span(now time.Time, back, most time.Duration) (from, to time.Time, err error) {
	if to, err = q.time("to", now); err != nil {
		return from, to, err
	}
	if from, err = q.time("from", to.Add(-back)); err != nil {
		return from, to, err
	}
	if !from.Before(to) {
		return from, to, bad("from", q.values.Get("from"), "not before to, which is "+to.Format(time.RFC3339))
	}
	if to.Sub(from) > most {
		return from, to, bad("from", from.Format(time.RFC3339), fmt.Sprintf("more than %v before to", most))
	}
	return from, to, nil
}
