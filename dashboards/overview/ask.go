package overview

import (
	"errors"
	"math"
	"time"

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
