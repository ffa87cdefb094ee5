package overview

import (
	"context"
	"errors"
	"math"
	"time"

	"dwell/metrics/calendar"
	"dwell/metrics/window"
)

// HistoryQuery asks for the windows of [From, To) that a place had. From and To are widened to whole windows.
type HistoryQuery struct {
	ID       string
	Measure  string
	Grain    window.Grain
	From, To time.Time
	Filter
}

// MaxWindows is the most that one History may have.
const MaxWindows = 3000

// Windows is how many windows the query spans.
func (q HistoryQuery) Windows() int {
	length := map[window.Grain]time.Duration{window.Minute: time.Minute, window.Hour: time.Hour, window.Day: 24 * time.Hour}
	return int(math.Ceil(float64(q.To.Sub(q.From)) / float64(length[q.Grain])))
}

// PeriodsQuery asks for the periods of [From, To) that places had together. From and To are widened to whole periods of the local dates
// of the places. Where FromDate or ToDate is not zero, it is that local date at each place, which From or To precedes or follows
// everywhere then.
type PeriodsQuery struct {
	// ID is what the answer is called.
	ID string
	// Places are ids, each once.
	Places  []string
	Measure string
	Grain   calendar.Grain
	// WeekBegins is the first day of weeks.
	WeekBegins time.Weekday
	From, To   time.Time
	FromDate   calendar.Date
	ToDate     calendar.Date
	Filter
}

// Windows is how many periods the query spans at most, but for the widening.
func (q PeriodsQuery) Windows() int {
	return int(math.Ceil(float64(q.To.Sub(q.From)) / float64(q.Grain.LeastDays()) / float64(24*time.Hour)))
}

// RestatementsQuery asks for what changed in [From, To) of the final windows of a place; empty fields select all. Of a total
// those of all measures that count it are picked.
type RestatementsQuery struct {
	ID             string
	Grain, Measure string
	From, To       time.Time
	Limit          int
}

// ErrNoVisit is what Visit and VisitsOf return for a subject that no event named.
var ErrNoVisit = errors.New("no such visit")

// ErrBusy is what a question about the past gets where too many others wait, and ErrTooMuch where it costs more time, rows or memory than
// one may.
var (
	ErrBusy    = errors.New("too many questions wait")
	ErrTooMuch = errors.New("the question costs more than one may")
)

type client struct{}

// AskingFor is ctx for a question of a client, which is an address.
func AskingFor(ctx context.Context, address string) context.Context {
	return context.WithValue(ctx, client{}, address)
}

// AskedBy is the client of AskingFor, "" without one.
func AskedBy(ctx context.Context) string {
	address, _ := ctx.Value(client{}).(string)
	return address
}
