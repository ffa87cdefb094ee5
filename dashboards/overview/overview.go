// Package overview is what the API, the websocket and the page say of the border crossing points (BCPs) now.
//
// It promises that unknown is never zero: what is not known is null and has a reason beside it. Every duration is in
// seconds, every instant in RFC 3339, and a number that has a population carries its n. It refuses to compute: package
// query fills it.
package overview

import "time"

// Overview is all BCPs at one time, in the order of the places file.
type Overview struct {
	// Time is when the overview was read, by the clock of the program.
	Time time.Time `json:"time" table:"column"`
	// AsOf is the time of the latest event that is in the numbers, or of the second latest source where producers date records
	// (metrics/engine, sources.go); null before the first.
	AsOf *time.Time `json:"as_of" table:"column"`
	// FinalUntil is the least watermark of all shards: windows that ended before it are final unless late data restates
	// them.
	FinalUntil *time.Time `json:"final_until"`
	// WindowSeconds is how far back release time, holders and flow look.
	WindowSeconds int64 `json:"window_seconds"`
	// TrendHours is the number of hours of each trend.
	TrendHours int `json:"trend_hours"`
	// Simulation says that all data are made up; null where they are of a real border.
	Simulation *Simulation `json:"simulation"`
	Health
	Total  Total   `json:"total"`
	Places []Place `json:"places" table:"rows"`
}

// Simulation says that all events are made up. It does not change while the program runs, so that the hub sends it in snapshots
// alone.
type Simulation struct {
	// From is when the simulated history begins.
	From time.Time `json:"from"`
	// HistoryUntil is when the simulation was started: events before it are history, and the overview is behind until AsOf
	// reaches it.
	HistoryUntil time.Time `json:"history_until"`
}

// Total is of all BCPs together. Numbers of BCPs that are unknown are not in it, and it says how many those are.
type Total struct {
	Places        int         `json:"places"`
	UnknownPlaces int         `json:"unknown_places"`
	Inside        Known       `json:"inside"`
	ByAge         Ages        `json:"inside_by_age"`
	ReleaseTime   ReleaseTime `json:"release_time"`
	Holders       []Holding   `json:"holders"`
	Flow          Flow        `json:"flow"`
}

// Place is one border crossing point (BCP). Its exported fields are the sections that a change names.
type Place struct {
	PlaceDocument
	// UTCOffsetSeconds is that of the time zone at the time of the overview.
	UTCOffsetSeconds int    `json:"utc_offset_seconds"`
	Target           Target `json:"target"`
	// SilentAfterSeconds is the silence that makes the BCP unknown, at the time of the overview: its own baseline at this hour
	// of the week, or as configured.
	SilentAfterSeconds int64           `json:"silent_after_seconds"`
	SilentAfterLearned bool            `json:"silent_after_learned"`
	Status             Status          `json:"status"`
	Open               bool            `json:"open"`
	LastEvent          *time.Time      `json:"last_event"`
	Inside             Inside          `json:"inside"`
	Usual              Usual           `json:"usual"`
	Presumption        Presumption     `json:"presumption"`
	ReleaseTime        ReleaseTime     `json:"release_time"`
	Holders            []Holding       `json:"holders"`
	Flow               Flow            `json:"flow"`
	Trend              []Hour          `json:"trend"`
	Readings           []LatestReading `json:"readings"`
	// QueuesLeftOut is how many queues, each of a source, have readings that are not among Readings: those of the 64 seen first are.
	QueuesLeftOut int `json:"queues_left_out"`
}

// Target is what the authority promised of the release time, and whether the window keeps it. There is one verdict, for page, boards and alerts.
type Target struct {
	// ReleaseTimeSeconds is what the statistic shall be at most; null where nothing is promised.
	ReleaseTimeSeconds *int64 `json:"release_time_seconds"`
	// Statistic is what the target is of, such as p90; empty without one.
	Statistic string `json:"statistic"`
	// Assumed says that the target is not a published one.
	Assumed bool `json:"assumed"`
	// ValueSeconds is the statistic of the N release times of the window, and Met whether it is within the target; null as they are.
	ValueSeconds *float64 `json:"value_seconds"`
	Met          *bool    `json:"met"`
}

// Status is how a BCP stands.
type Status string

// The statuses. Unknown goes before Closed: a place that has been silent for too long may not even be closed.
const (
	OK      Status = "ok"
	Unknown Status = "unknown"
	// Partial is a period of which some days are unknown; its numbers are of the others.
	Partial Status = "partial"
	Closed  Status = "closed"
)

// Reason is why a number is null, or not to be taken at its word.
type Reason string

// The reasons.
const (
	// NoDataYet: no event of the BCP has ever come.
	NoDataYet Reason = "no_data_yet"
	// Stale: the last event is older than a silence of the BCP may be.
	Stale Reason = "stale"
	// NotMeasured: events of the BCP have come, and none was ever about its trucks, as where queues alone are read.
	NotMeasured Reason = "not_measured"
	// NoTruckEvents: events of the BCP come, but none about its trucks any more.
	NoTruckEvents Reason = "no_truck_events"
	// NoReleases: no truck was released in the window, so there is no release time.
	NoReleases Reason = "no_releases"
	// NoValues: no measured interval ended in the window.
	NoValues Reason = "no_values"
	// NotReported: the reading does not have this number.
	NotReported Reason = "not_reported"
	// ZeroAfterClosure and ZeroAfterOutage: the reading is zero, and one of the first after the BCP was closed or after an
	// outage of the source. The third zero in a row counts as an empty queue.
	ZeroAfterClosure Reason = "zero_after_closure"
	ZeroAfterOutage  Reason = "zero_after_outage"
	// ZeroWithVehicles: the reading says that nobody waits, and how many vehicles do.
	ZeroWithVehicles Reason = "zero_with_vehicles"
	// Future: the window has not begun.
	Future Reason = "future"
)

// Known is a number of trucks, or the reason why there is none.
type Known struct {
	Trucks *int64 `json:"trucks"`
	Reason Reason `json:"reason,omitempty"`
}

// Inside is the number of trucks inside a BCP now, with what it splits into.
type Inside struct {
	Known
	// LastKnown is the number that was true at the last event; it stands beside an unknown number.
	LastKnown *int64 `json:"last_known"`
	// ByDirection, ByHolder and ByAge split Trucks; they are null when it is.
	ByDirection *Directions `json:"by_direction"`
	ByHolder    []Held      `json:"by_holder"`
	ByAge       *Ages       `json:"by_age"`
}

// Directions splits a number of trucks.
type Directions struct {
	Inbound  int64 `json:"inbound"`
	Outbound int64 `json:"outbound"`
}

// Held is the number of trucks that one holder has in one phase.
type Held struct {
	Phase  string `json:"phase"`
	Holder string `json:"holder"`
	Trucks int64  `json:"trucks"`
	// Presumed is null where facts say who has the trucks, or nobody is presumed.
	Presumed *Presumed `json:"presumed"`
}

// Presumed says what a presumed holder rests on. A share is the part of the waiting time that was charged to the holder, among trucks at the same point of
// the procedure that had waited as long, net of closed hours. It is null where only the usual procedure names the holder.
type Presumed struct {
	Share *float64 `json:"share"`
	// Waits is how many such waits that was learned from, the least of these trucks; null as Share.
	Waits *int64 `json:"waits"`
	// Second is the holder with the next largest share, empty if no other one had any.
	Second      string   `json:"second"`
	SecondShare *float64 `json:"second_share"`
}

// Presumption says how often the presumed holder of a BCP was the right one: how much of the waiting time was charged to it when the waits ended.
// It is of the latest visits that departed in the 30 days before Learned.
type Presumption struct {
	// Learned is when the presumptions were learned that hold now; null before the first time, when the procedure alone says who has the trucks.
	Learned *time.Time `json:"learned"`
	// Visits are those that were compared, and Seconds is how long they waited.
	Visits  int64   `json:"visits"`
	Seconds float64 `json:"seconds"`
	// Right is the share of the time that was charged to the presumed holder, and FirstTwo that of the presumed one or the second; null without visits.
	Right    *float64 `json:"right"`
	FirstTwo *float64 `json:"first_two"`
	// Calibration are the tenths of what was said that have any time, in order.
	Calibration []Calibration `json:"calibration"`
}

// Calibration is the time for which a share within one tenth was said, such as 60 to 70 %.
type Calibration struct {
	From    float64 `json:"from"`
	Seconds float64 `json:"seconds"`
	// Said is the mean of the shares that were said, Right the share of the time that was charged to the presumed holder.
	Said  float64 `json:"said"`
	Right float64 `json:"right"`
}

// Ages splits trucks inside by the time since their arrival, known to the hour.
type Ages struct {
	Under6h  int64 `json:"under_6h"`
	Under24h int64 `json:"6h_to_24h"`
	Under3d  int64 `json:"1d_to_3d"`
	Under7d  int64 `json:"3d_to_7d"`
	Over7d   int64 `json:"over_7d"`
}

// Add counts trucks of an age.
func (a *Ages) Add(age time.Duration, trucks int64) {
	const day = 24 * time.Hour
	switch {
	case age < 6*time.Hour:
		a.Under6h += trucks
	case age < day:
		a.Under24h += trucks
	case age < 3*day:
		a.Under3d += trucks
	case age < 7*day:
		a.Under7d += trucks
	default:
		a.Over7d += trucks
	}
}

// Merge adds all of b.
func (a *Ages) Merge(b Ages) {
	a.Under6h += b.Under6h
	a.Under24h += b.Under24h
	a.Under3d += b.Under3d
	a.Under7d += b.Under7d
	a.Over7d += b.Over7d
}

// ReleaseTime is arrived to released, of the N trucks released in the window that have one; the releases of Flow are all, also those whose
// facts contradict each other or lack the arrival. Quantiles are within 1.1 %; where N is zero or null there are none.
type ReleaseTime struct {
	N           *int64   `json:"n"`
	MeanSeconds *float64 `json:"mean_seconds"`
	P50Seconds  *float64 `json:"p50_seconds"`
	P90Seconds  *float64 `json:"p90_seconds"`
	// The same net of the hours in which the BCP was closed.
	NetMeanSeconds *float64 `json:"net_mean_seconds"`
	NetP50Seconds  *float64 `json:"net_p50_seconds"`
	NetP90Seconds  *float64 `json:"net_p90_seconds"`
	Reason         Reason   `json:"reason,omitempty"`
}

// Holding is the time that trucks spent with one holder in one phase, of the segments that ended in the window.
type Holding struct {
	Phase   string  `json:"phase"`
	Holder  string  `json:"holder"`
	N       int64   `json:"n"`
	Seconds float64 `json:"seconds"`
	// NetSeconds is without the hours in which the BCP was closed.
	NetSeconds float64 `json:"net_seconds"`
}

// Hour is one local hour of a trend. The last one has not ended.
type Hour struct {
	Start time.Time `json:"start"`
	// Status is Unknown for an hour after a longer silence than is tolerated in it; its numbers are null.
	Status Status `json:"status"`
	// N is the number of trucks released in the hour that have a release time.
	N          *int64   `json:"n"`
	P50Seconds *float64 `json:"p50_seconds"`
	P90Seconds *float64 `json:"p90_seconds"`
	// Inside is the number of trucks inside at the end of the hour.
	Inside *int64 `json:"inside"`
}

// Observed is what a source published of a queue. Numbers are null where it had none.
type Observed struct {
	Vehicles    *int64 `json:"vehicles"`
	WaitSeconds *int64 `json:"wait_seconds"`
	// WaitReason is why the wait does not count, while the vehicles do.
	WaitReason Reason `json:"wait_reason,omitempty"`
	LanesOpen  *int64 `json:"lanes_open"`
	// ServiceRate is in vehicles per hour.
	ServiceRate *int64 `json:"service_rate"`
	// State is open, paused, closed or unknown. It is that of the queue: a queue that is closed does not close the place.
	State string `json:"state"`
}

// LatestReading is the latest reading of one queue from one source, made elsewhere.
type LatestReading struct {
	Source string `json:"source"`
	// Queue is the lane or the class of vehicle; empty where the source does not name it.
	Queue     string    `json:"queue"`
	Direction string    `json:"direction"`
	Time      time.Time `json:"time"`
	Observed
	// AgeSeconds is how old the reading is now: the time since it was published and its age when it was.
	AgeSeconds int64 `json:"age_seconds"`
	// Stale says that it is older than no reading may come.
	Stale bool `json:"stale"`
	// Frozen says that the source repeats itself, since FrozenSince, and so knows nothing of the queue now.
	Frozen      bool       `json:"frozen"`
	FrozenSince *time.Time `json:"frozen_since"`
	// Reason is why the numbers are null, or why a zero does not count as an empty queue.
	Reason Reason `json:"reason,omitempty"`
}

// Progress is where the shards stand. Two that differ have other numbers between them.
type Progress struct {
	AsOf       *time.Time
	FinalUntil *time.Time
	// Offsets is the sum of the shards' offsets: it grows with every flush.
	Offsets uint64
}
