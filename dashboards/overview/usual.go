package overview

import "time"

// Usual says how the trucks inside a BCP compare with what is usual, and which spikes there are.
type Usual struct {
	Quartiles
	// Deviation is how far the trucks inside are from the median, in interquartile ranges.
	Deviation *float64 `json:"deviation"`
	// Reason is why there is no deviation.
	Reason Reason  `json:"reason,omitempty"`
	Spikes []Spike `json:"spikes"`
}

// Quartiles are what is usual in one hour of the local week; null where too few weeks are known.
type Quartiles struct {
	P25    *float64 `json:"p25"`
	Median *float64 `json:"median"`
	P75    *float64 `json:"p75"`
	// Weeks is in how many of the last eight the hour was known.
	Weeks int `json:"weeks"`
}

// Spike is a value that is far above what is usual, or above what the BCP has room for.
type Spike struct {
	// Measure is inside, queue_vehicles or queue_wait.
	Measure string `json:"measure"`
	// Direction is empty for both together.
	Direction string    `json:"direction"`
	Source    string    `json:"source"`
	Queue     string    `json:"queue"`
	Since     time.Time `json:"since"`
}

// The reasons why nothing is usual, or no deviation is known.
const (
	// NotLearned: no history was learned yet.
	NotLearned Reason = "not_learned"
	// FewWeeks: the hour was known in less than four of the last eight weeks.
	FewWeeks Reason = "few_weeks"
	// PlaceClosed: the BCP is closed now, and closed hours have no usual value.
	PlaceClosed Reason = "closed"
)

// UsualQuery asks what is usual at a BCP. Without a direction it is of both, without a measure of all, without hours.
type UsualQuery struct {
	ID, Direction, Measure string
}

// UsualWeek is what is usual at a BCP, beside what is.
type UsualWeek struct {
	ID        string `json:"id"`
	Direction string `json:"direction"`
	TimeZone  string `json:"time_zone"`
	// Time is now, and Learned when it was learned what is usual, of the eight weeks before that day; null before the first time.
	Time     time.Time  `json:"time"`
	Learned  *time.Time `json:"learned"`
	Measures []Compared `json:"measures" table:"rows"`
	// Windows compare the last 24 whole local hours with those of a week, a month and a year before.
	Windows []ComparedWindow `json:"windows"`
}

// Compared is a measure now, beside what is usual.
type Compared struct {
	Measure string `json:"measure"`
	Unit    string `json:"unit"`
	// Source and Queue are of readings.
	Source string `json:"source"`
	Queue  string `json:"queue"`
	// Direction is empty for both together.
	Direction string `json:"direction"`
	// Time is the instant that Value is of, or the begin of the hour that it is of: the last whole one.
	Time  time.Time `json:"time"`
	Value *float64  `json:"value"`
	Quartiles
	Deviation *float64 `json:"deviation"`
	// LastWeek is the value of the same hour a week before; null where it is not known.
	LastWeek   *float64   `json:"last_week"`
	SpikeSince *time.Time `json:"spike_since"`
	Reason     Reason     `json:"reason,omitempty"`
	// Hours are the 168 hours of the local week from Sunday midnight; only where one measure is asked for.
	Hours []Quartiles `json:"hours,omitempty"`
}

// ComparedWindow is one stretch of 24 local hours; its numbers are null where nothing is known of it.
type ComparedWindow struct {
	// Name is now, last_week, last_month or last_year.
	Name       string    `json:"name"`
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`
	Arrivals   *int64    `json:"arrivals"`
	Releases   *int64    `json:"releases"`
	Departures *int64    `json:"departures"`
	// ReleaseN are the releases with a time, of which the quantiles are.
	ReleaseN           *int64   `json:"release_n"`
	ReleaseP50Seconds  *float64 `json:"release_p50_seconds"`
	ReleaseP90Seconds  *float64 `json:"release_p90_seconds"`
	CrossingN          *int64   `json:"crossing_n"`
	CrossingP50Seconds *float64 `json:"crossing_p50_seconds"`
	CrossingP90Seconds *float64 `json:"crossing_p90_seconds"`
}
