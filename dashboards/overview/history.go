package overview

import "time"

// Filter selects windows and visits; an empty field selects all.
type Filter struct {
	Direction string `json:"direction,omitempty"`
	Channel   string `json:"channel,omitempty"`
	Regime    string `json:"regime,omitempty"`
}

// History is one measure over time, of one BCP or of several together.
type History struct {
	// ID is that of the BCP or corridor, a neighbour's country, or "total".
	ID string `json:"id" table:"column"`
	// Places are the BCPs that were added up.
	Places  []string `json:"places,omitempty"`
	Measure string   `json:"measure" table:"column"`
	Grain   string   `json:"grain" table:"column"`
	Filter  `table:"column"`
	// TimeZone is empty where the places have several.
	TimeZone string `json:"time_zone" table:"column"`
	// WeekBegins is the first day of weeks, such as "sat"; empty of other grains.
	WeekBegins string     `json:"week_begins,omitempty"`
	From       time.Time  `json:"from"`
	To         time.Time  `json:"to"`
	AsOf       *time.Time `json:"as_of" table:"column"`
	FinalUntil *time.Time `json:"final_until"`
	Windows    []Window   `json:"windows" table:"rows"`
}

// Window is one minute, hour or local day, or a period of local days. If the measure is a count, only N is set; where N is null or zero
// of a time, Reason says why there is no more.
type Window struct {
	// Start is when the first of the BCPs begins the window, End when the last one ends it.
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	// What follows to UnknownDays is of periods of local days alone. Name is such as "2026-11" or "1405-09".
	Name      string `json:"name,omitempty"`
	FirstDate string `json:"first_date,omitempty"`
	LastDate  string `json:"last_date,omitempty"`
	// Days are those that have begun, of each BCP, and UnknownDays those of them of which nothing is known: no number has anything of them.
	Days        *int   `json:"days,omitempty"`
	UnknownDays *int   `json:"unknown_days,omitempty"`
	Status      Status `json:"status"`
	// Final says that only late data changes the window.
	Final       bool     `json:"final"`
	Finality    Finality `json:"finality"`
	N           *int64   `json:"n"`
	SumSeconds  *float64 `json:"sum_seconds"`
	MeanSeconds *float64 `json:"mean_seconds"`
	// SDSeconds is the standard deviation of the population.
	SDSeconds  *float64 `json:"sd_seconds"`
	P50Seconds *float64 `json:"p50_seconds"`
	P90Seconds *float64 `json:"p90_seconds"`
	P95Seconds *float64 `json:"p95_seconds"`
	// The same net of the hours in which the BCP was closed.
	NetSumSeconds  *float64 `json:"net_sum_seconds"`
	NetMeanSeconds *float64 `json:"net_mean_seconds"`
	NetSDSeconds   *float64 `json:"net_sd_seconds"`
	NetP50Seconds  *float64 `json:"net_p50_seconds"`
	NetP90Seconds  *float64 `json:"net_p90_seconds"`
	NetP95Seconds  *float64 `json:"net_p95_seconds"`
	// Inside is the number of trucks inside at the end of the window.
	Inside *int64 `json:"inside"`
	Reason Reason `json:"reason,omitempty"`
}

// Finality says whether the numbers of a window may change.
type Finality string

// The finalities. A Provisional window has not ended, or may still get events in time. A Revised window was changed by late data after it was
// final, in any channel or regime; restatements say how. No restatements are kept of minutes, nor of the trucks
// inside, which follow from all windows before.
const (
	Provisional Finality = "provisional"
	Final       Finality = "final"
	Revised     Finality = "revised"
)

// Holders is the time by holder over an interval of whole local hours.
type Holders struct {
	ID      string `json:"id" table:"column"`
	Filter  `table:"column"`
	From    time.Time `json:"from" table:"column"`
	To      time.Time `json:"to" table:"column"`
	Holders []Holding `json:"holders" table:"rows"`
	Reason  Reason    `json:"reason,omitempty"`
}

// Visits is a page of the visits inside a BCP now, the oldest arrival first.
type Visits struct {
	ID string `json:"id"`
	Filter
	Time   time.Time `json:"time" table:"column"`
	Visits []Visit   `json:"visits" table:"rows"`
	// Next is the cursor of the next page; null on the last one.
	Next *string `json:"next"`
}

// VisitsOf are the visits of one subject at all places, that with the latest fact first.
type VisitsOf struct {
	Visit  string  `json:"visit"`
	Visits []Visit `json:"visits" table:"rows"`
}

// Visit is one truck's passage. What has not happened is null.
type Visit struct {
	Visit     string     `json:"visit" table:"column"`
	Place     string     `json:"place" table:"column"`
	Direction string     `json:"direction" table:"column"`
	Channel   string     `json:"channel" table:"column"`
	Regime    string     `json:"regime" table:"column"`
	Status    string     `json:"status" table:"column"`
	Fault     string     `json:"fault,omitempty"`
	Arrived   *time.Time `json:"arrived"`
	Released  *time.Time `json:"released"`
	Refused   *time.Time `json:"refused"`
	Departed  *time.Time `json:"departed"`
	// AgeSeconds is the time since the arrival of a truck that is inside.
	AgeSeconds      *int64   `json:"age_seconds"`
	ReleaseSeconds  *float64 `json:"release_seconds"`
	CrossingSeconds *float64 `json:"crossing_seconds"`
	// Net is without the hours in which the BCP was closed.
	ReleaseNetSeconds  *float64 `json:"release_net_seconds"`
	CrossingNetSeconds *float64 `json:"crossing_net_seconds"`
	// Open is the segment that has not ended; null if the truck has left, or if its facts contradict each other.
	Open     *OpenSegment `json:"open"`
	Segments []Segment    `json:"segments" table:"rows"`
}

// OpenSegment is a segment that has not ended.
type OpenSegment struct {
	Phase  string    `json:"phase"`
	Holder string    `json:"holder"`
	Since  time.Time `json:"since"`
	// Presumed is set where no fact has said for whom the truck waits: Holder is the one that is presumed then. Null where facts say it, or
	// nobody is presumed.
	Presumed *Presumed `json:"presumed"`
}

// Segment is the part of a visit during which one holder has the truck in one phase.
type Segment struct {
	Phase   string    `json:"phase"`
	Holder  string    `json:"holder"`
	Start   time.Time `json:"start"`
	End     time.Time `json:"end"`
	Seconds float64   `json:"seconds"`
	// NetSeconds is without the hours in which the BCP was closed.
	NetSeconds float64 `json:"net_seconds"`
}

// Readings are those of a BCP's queues over time, made elsewhere.
type Readings struct {
	ID       string        `json:"id" table:"column"`
	From     time.Time     `json:"from"`
	To       time.Time     `json:"to"`
	Readings []PastReading `json:"readings" table:"rows"`
	// Truncated says that there are more than were asked for.
	Truncated bool `json:"truncated"`
}

// PastReading is a reading as it was published.
type PastReading struct {
	Source    string    `json:"source"`
	Queue     string    `json:"queue"`
	Direction string    `json:"direction"`
	Time      time.Time `json:"time"`
	Observed
	// AgeSeconds is how old the reading was when it was published; null where the source did not say.
	AgeSeconds *int64 `json:"age_seconds"`
	// Stale says that it was older then than no reading may come.
	Stale bool `json:"stale"`
	// Frozen says that the source repeated itself, since FrozenSince.
	Frozen      bool       `json:"frozen"`
	FrozenSince *time.Time `json:"frozen_since"`
	// KnownUntil is when the next reading came, or when none had come for too long; null where the reading says nothing of
	// its queue.
	KnownUntil *time.Time `json:"known_until"`
	Reason     Reason     `json:"reason,omitempty"`
}
