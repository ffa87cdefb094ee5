package overview

import "time"

// Restatements are the final windows of one BCP that changed, the latest change first.
type Restatements struct {
	ID string `json:"id" table:"column"`
	// From and To are when the changes were written.
	From         time.Time     `json:"from"`
	To           time.Time     `json:"to"`
	Restatements []Restatement `json:"restatements" table:"rows"`
	// Truncated says that there are more than were asked for.
	Truncated bool `json:"truncated"`
}

// Restatement is what one event changed of one window that was final, over all channels and regimes.
type Restatement struct {
	Restated  time.Time `json:"restated"`
	Direction string    `json:"direction"`
	Measure   string    `json:"measure"`
	Grain     string    `json:"grain"`
	Start     time.Time `json:"start"`
	Before    Figure    `json:"before"`
	After     Figure    `json:"after"`
	Because   Because   `json:"because"`
}

// Figure is the contents of a window. A count has only N; there is no mean if N is zero.
type Figure struct {
	N           int64    `json:"n"`
	MeanSeconds *float64 `json:"mean_seconds"`
	// NetMeanSeconds is net of closed hours.
	NetMeanSeconds *float64 `json:"net_mean_seconds"`
}

// Because is the event that changed a window.
type Because struct {
	Type   string `json:"type"`
	ID     string `json:"id"`
	Source string `json:"source"`
	Visit  string `json:"visit"`
	// Time is when it happened.
	Time time.Time `json:"time"`
}
