package overview

// ReliabilityQuery asks how far one can rely on a time at a BCP. Without a direction it is of both.
type ReliabilityQuery struct {
	ID, Direction, Measure string
}

// Reliability says how far one can rely on the release or crossing time of a BCP: of the whole local days before today.
type Reliability struct {
	ID        string `json:"id" table:"column"`
	Measure   string `json:"measure" table:"column"`
	Direction string `json:"direction"`
	TimeZone  string `json:"time_zone"`
	// Statistic is that of the daily values: what the target names, else p50.
	Statistic string `json:"statistic" table:"column"`
	// TargetSeconds is what it shall be at most; null where nothing is promised.
	TargetSeconds *int64 `json:"target_seconds"`
	// From and Until are the local dates of the last 30 days, of which the next four are; Until itself does not count.
	From  string `json:"from"`
	Until string `json:"until"`
	// KnownDays are those on which any truck was released, or left.
	KnownDays    int    `json:"known_days"`
	WithinTarget *Share `json:"within_target"`
	Allow        Allow  `json:"time_to_allow"`
	// Variation is better, worse or common, by the latest known day, and Assurance will meet, will miss or hit and miss; null where not known.
	Variation *string `json:"variation"`
	Assurance *string `json:"assurance"`
	// Limits are those that the next day will be judged by; null before two weeks are known.
	Limits *NaturalLimits `json:"limits"`
	// FalseSignals is how many signals to expect in 90 days in which nothing happens.
	FalseSignals *float64   `json:"false_signals_in_90_days"`
	Days         []DayValue `json:"days" table:"rows"`
}

// Share is how many of N trucks are within a target, with the bounds of a 95 % interval (Wilson); null of fewer than 20 trucks.
type Share struct {
	N     int64    `json:"n"`
	Share *float64 `json:"share"`
	Low   *float64 `json:"low"`
	High  *float64 `json:"high"`
}

// Allow is the time to allow: the P95 of the N times of the 30 days. Null of fewer than 20 trucks.
type Allow struct {
	N           int64    `json:"n"`
	P95Seconds  *float64 `json:"p95_seconds"`
	MeanSeconds *float64 `json:"mean_seconds"`
	// Buffer is how much more than the mean that is, as a share of the mean.
	Buffer *float64 `json:"buffer"`
	// Enough is for how many of these trucks the P95 of the 30 days before their arrival was enough.
	Enough Share `json:"enough"`
}

// NaturalLimits are those of an XmR chart, in seconds. Provisional says that they are of fewer than 28 days, and will change.
type NaturalLimits struct {
	LowerSeconds  float64 `json:"lower_seconds"`
	CentreSeconds float64 `json:"centre_seconds"`
	UpperSeconds  float64 `json:"upper_seconds"`
	Days          int     `json:"days"`
	Provisional   bool    `json:"provisional"`
}

// DayValue is the statistic of one local day, in the XmR chart. A day of fewer than 20 trucks is not judged.
type DayValue struct {
	Date         string   `json:"date"`
	N            int64    `json:"n"`
	ValueSeconds *float64 `json:"value_seconds"`
	LowerSeconds *float64 `json:"lower_seconds"`
	UpperSeconds *float64 `json:"upper_seconds"`
	// Rules are those that the day breaks: beyond, eight, six, two_of_three. Signal says that it is the first day that does.
	Rules  []string `json:"rules"`
	Signal bool     `json:"signal"`
}
