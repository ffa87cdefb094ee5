package overview

import "time"

// VisitsQuery selects visits; an empty field selects all.
type VisitsQuery struct {
	// Place is the id of one place.
	Place string
	// Prefix is what the id of a visit begins with.
	Prefix string
	Filter
	Status string
	// Holder has the open segment, by what facts say or presumably.
	Holder string
	// Inside selects the trucks inside. OlderThan and YoungerThan are of the time since they arrived.
	Inside                 bool
	OlderThan, YoungerThan time.Duration
	// By is the instant by which visits are selected and ordered, within [From, To). Without it all are selected, by their arrival.
	By       Moment
	From, To time.Time
	// OldestFirst turns the order, which is the latest first.
	OldestFirst bool

	// Pages is what a cursor belongs to: the question as the caller asked it, whichever page it asks for.
	Pages string
	After *Cursor
	// Limit is how many visits a page may have.
	Limit int
}

// Moment is one of the instants of a visit.
type Moment string

// The moments, as a visit names them.
const (
	ByArrival   Moment = "arrived"
	ByRelease   Moment = "released"
	ByDeparture Moment = "departed"
)

// Found is a page of the visits that were asked for, the latest first.
type Found struct {
	Time time.Time `json:"time" table:"column"`
	// By says which instant of the visits is within [From, To); null where visits of any time were asked for.
	By     *Moment    `json:"by"`
	From   *time.Time `json:"from"`
	To     *time.Time `json:"to"`
	Visits []Visit    `json:"visits" table:"rows"`
	// Next is the cursor of the next page, null on the last one. A page may have fewer visits than its limit, and another one after it.
	Next *string `json:"next"`
}
