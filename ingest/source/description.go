package source

import (
	"encoding/json"
	"net/url"
	"strings"
)

// Description is the YAML of a source: which column of a file, or of the messages of a topic, means what. In JSON and XML a column is the path of a value below a
// record, such as lanes.standard.delay; lanes[].delay is that of each element of a list, each of which is a reading; /updated is a value
// outside of the records and before them, and in XML /report.@issued an attribute of an element around them.
type Description struct {
	// Source is required: the source of the events, such as /dpsu.gov.ua/truck-queues. With place, direction, queue and time it identifies a reading.
	Source string `yaml:"source,omitempty"`
	// Topic is the Kafka topic of the source, whose messages dwell serve and dwell normalize make events of: objects of JSON, or lines of CSV without a header.
	Topic string `yaml:"topic,omitempty"`
	// URL is the address of a document of the source that dwell serve reads at an interval, such as https://example.org/queues.json; instead of a topic.
	URL string `yaml:"url,omitempty" json:",omitempty"`
	// Every is that interval, 5m by default and at least 1s.
	Every string `yaml:"every,omitempty" json:",omitempty"`
	// Encoding is that of the text, such as windows-1251 or koi8-u; UTF-8, or UTF-16 with a byte order mark, by default.
	Encoding string `yaml:"encoding,omitempty"`
	// Separator is the character between columns, a comma by default. A first line such as sep=; has precedence.
	Separator string `yaml:"separator,omitempty"`
	// Comment is the character that begins a comment line; none by default.
	Comment string `yaml:"comment,omitempty"`
	// Header is false for a file without names of columns; then columns are named by their numbers, from 1.
	Header *bool `yaml:"header,omitempty"`
	// Skip is the number of lines or rows above the header, such as a title.
	Skip int `yaml:"skip,omitempty"`
	// Path leads to the records of a JSON or XML document, such as data.ports; none for JSON lines, or a document that is a list.
	Path string `yaml:"path,omitempty"`
	// Sheet is the name of the sheet of an XLSX file, the first one that is shown by default.
	Sheet string `yaml:"sheet,omitempty"`
	// Columns are the columns by their names. In files and in messages, case, blanks around a name, and which of several signs that look alike it has, such as ţ for ț, do not count, and one that is there twice but for these is an error.
	Columns Columns `yaml:"columns,omitempty"`
	// Readings are the readings of a record that has several, such as a column for each class of vehicle. What one of them does not name is that of all.
	Readings []Reading `yaml:"readings,omitempty"`
	// Events are the events of a record, instead of readings: one whose type is in a column, or one for each column that has a time, such as arrived and released.
	Events []MappedEvent `yaml:"events,omitempty"`
	// Codes are the words of events by those of the file, by the key of their column, such as {type: {GATE IN: truck.arrived}, channel: {G: green}}; case does not count.
	Codes map[string]map[string]string `yaml:"codes,omitempty"`
	// TimeLayout is as Go writes it (2006-01-02 15:04), as strftime does (%d.%m.%Y %H:%M), epoch_s, epoch_ms, or excel for cells that have a date, or a date and in further columns a time of day; RFC 3339 by default. Digits may be Persian or Arabic, as in every number; other calendars than the Gregorian one are refused.
	TimeLayout string `yaml:"time_layout,omitempty"`
	// TimeZone is that of times without one, such as Europe/Kyiv, or place for that of each place. It is never guessed.
	TimeZone string `yaml:"time_zone,omitempty"`
	// InOrder says that the lines of a file of events are in the order of time, the oldest first, as in the log of a machine. In the hour that is there twice, as clocks are set back, the one step back in the order tells its two passes apart then. Without it, in messages, and for a time that the order leaves open, such a time is refused: whoever enters a truck late makes such a step, too, and a guess would be wrong by an hour. Times with their offset, or in UTC, need no order.
	InOrder bool `yaml:"in_order,omitempty" json:",omitempty"`
	// Decimal are the signs before a fraction, such as a comma or both ",."; a point by default. With both, 1.250 and 1,250 have two meanings and are refused, and so is a count such as 1.250 where the mapping does not say decimal.
	Decimal string `yaml:"decimal,omitempty"`
	// Thousands is the sign between groups of three digits; none by default. A blank is any blank.
	Thousands string `yaml:"thousands,omitempty"`
	// Words are those of the file for unknown figures, flags, states and directions; case does not count.
	Words words `yaml:"words,omitempty"`
	// WaitUnit is what a one means as a wait, required beside columns.wait unless columns.wait_unit is named: 1s, 1m or 1h, or h:mm for texts such as 1:30. A duration of ISO 8601 such as PT1H30M, and a cell of a sheet whose format is h:mm or [h]:mm are lengths of time whatever it says.
	WaitUnit string `yaml:"wait_unit,omitempty"`
	// WaitUnits are what the words of columns.wait_unit mean, as wait_unit has it, such as {min: 1m, h: 1h}; case does not count. A word that is not there is refused.
	WaitUnits map[string]string `yaml:"wait_units,omitempty" json:",omitempty"`
	// AgeUnit is what a one means as an age, required beside columns.age.
	AgeUnit string `yaml:"age_unit,omitempty"`
	// RateUnit is the time to which a service rate refers, required beside columns.service_rate: 1h for vehicles per hour.
	RateUnit string `yaml:"rate_unit,omitempty"`
	// Slack is how far below zero an age may be and still count as zero, because the clocks of the file are coarse.
	Slack string `yaml:"slack,omitempty"`
	// BCP is the id of the place of the whole file, instead of columns.bcp.
	BCP string `yaml:"bcp,omitempty"`
	// BCPs are the ids of places by their names in the file, in any case; without it the file has the ids.
	BCPs map[string]string `yaml:"bcps,omitempty"`
	// Places is the places file that has the ids, or the name of one that is part of the program.
	Places string `yaml:"places,omitempty"`
	// Direction is inbound or outbound, that of all readings; none by default.
	Direction string `yaml:"direction,omitempty"`
	// Queue is the name of the lane or class of vehicle of all readings, instead of columns.queue; none by default.
	Queue string `yaml:"queue,omitempty"`
	// Only takes the records alone that have one of these values in the column; case does not count. In the column of columns.type, a word that neither codes.type nor only and except name is refused as unknown_type, and not passed over.
	Only map[string]names `yaml:"only,omitempty"`
	// Except passes over the records that have one of these values in the column; case does not count. "" is a value, too: that of a record without one.
	Except map[string]names `yaml:"except,omitempty"`
}

// Reading is one of several readings of a record.
type Reading struct {
	// Columns are those of this reading, besides the ones of all.
	Columns Columns `yaml:"columns,omitempty"`
	// BCP is the id of the place of this reading.
	BCP string `yaml:"bcp,omitempty"`
	// Queue is the name of its lane or class of vehicle.
	Queue string `yaml:"queue,omitempty"`
	// Direction is inbound or outbound.
	Direction string `yaml:"direction,omitempty"`
	// WaitUnit is what a one means as a wait of this reading, instead of columns.wait_unit of all.
	WaitUnit string `yaml:"wait_unit,omitempty" json:",omitempty"`
	// Only takes the reading where the column has one of these values.
	Only map[string]names `yaml:"only,omitempty"`
	// Except passes over the reading where the column has one of these values.
	Except map[string]names `yaml:"except,omitempty"`
}

// MappedEvent is one of the events of a record.
type MappedEvent struct {
	// Columns are those of this event, besides the ones of all.
	Columns Columns `yaml:"columns,omitempty"`
	// Values are what no column has, by its key, such as {type: inspection.started, agency: customs, kind: scan}. A kind, result, channel or regime is one of those that columns have.
	Values map[string]string `yaml:"values,omitempty"`
	// Only takes the event where the column has one of these values.
	Only map[string]names `yaml:"only,omitempty"`
	// Except passes over the event where the column has one of these values.
	Except map[string]names `yaml:"except,omitempty"`
}

// Columns are the names of columns. An empty one is a figure that the file does not have.
type Columns struct {
	// BCP has the name or the id of the place.
	BCP string `yaml:"bcp,omitempty"`
	// Time is one column, or several whose texts are joined by a blank, such as [date, time].
	Time names `yaml:"time,omitempty"`
	// Direction has inbound or outbound, or a word for it of words.
	Direction string `yaml:"direction,omitempty"`
	// Queue has the name of the lane or class of vehicle.
	Queue string `yaml:"queue,omitempty"`
	// Vehicles has the length of the queue.
	Vehicles string `yaml:"vehicles,omitempty"`
	// Wait has the waiting time.
	Wait string `yaml:"wait,omitempty"`
	// WaitUnit has the unit of the wait, in words of wait_units.
	WaitUnit string `yaml:"wait_unit,omitempty" json:",omitempty"`
	// Age has how old the reading was at its time.
	Age string `yaml:"age,omitempty"`
	// LanesOpen has the number of lanes that serve the queue.
	LanesOpen string `yaml:"lanes_open,omitempty"`
	// ServiceRate has how many vehicles leave the queue in a time (rate_unit).
	ServiceRate string `yaml:"service_rate,omitempty"`
	// State has open, paused, closed or unknown, or a word for it of words. It is that of the queue, and does not close the place.
	State string `yaml:"state,omitempty"`
	// Missing is a flag: the source had no figure, so whatever the line gives is unknown.
	Missing string `yaml:"missing,omitempty"`
	// Closed is a flag: the place was closed.
	Closed string `yaml:"closed,omitempty"`

	// ID has the id of the event, or of the record if it has several events. Without it the subject, the type and the time are the id.
	ID string `yaml:"id,omitempty"`
	// Subject has the id of the visit that the event is about: one column, or several whose texts are joined by a blank, such as [plate, trip]. A subject is one visit: a plate that comes again needs more than the plate.
	Subject joined `yaml:"subject,omitempty"`
	// Type has the type of the event, such as truck.arrived, or a word for it of codes.
	Type string `yaml:"type,omitempty"`
	// Recorded has when the event was recorded, in the layout of the time.
	Recorded string `yaml:"recorded,omitempty"`
	// Agency has the agency that acts, or a word for it of codes.
	Agency string `yaml:"agency,omitempty"`
	// Channel has the channel, such as green, or a word for it of codes.
	Channel string `yaml:"channel,omitempty"`
	// Regime has the customs regime, such as transit, or a word for it of codes.
	Regime string `yaml:"regime,omitempty"`
	// Kind has the kind of the inspection, such as scan, or a word for it of codes.
	Kind string `yaml:"kind,omitempty"`
	// Result has the result of the inspection, conformant or non_conformant, or a word for it of codes. Where it is empty, the result is unknown.
	Result string `yaml:"result,omitempty"`
	// Hold has the id of the hold.
	Hold string `yaml:"hold,omitempty"`
	// Lane has the name of the lane.
	Lane string `yaml:"lane,omitempty"`
}

// each calls f for each column that is one text, with its key.
func (c *Columns) each(f func(key string, name *string)) {
	f("bcp", &c.BCP)
	f("direction", &c.Direction)
	f("queue", &c.Queue)
	f("vehicles", &c.Vehicles)
	f("wait", &c.Wait)
	f("wait_unit", &c.WaitUnit)
	f("age", &c.Age)
	f("lanes_open", &c.LanesOpen)
	f("service_rate", &c.ServiceRate)
	f("state", &c.State)
	f("missing", &c.Missing)
	f("closed", &c.Closed)
	f("id", &c.ID)
	f("type", &c.Type)
	f("recorded", &c.Recorded)
	f("agency", &c.Agency)
	f("channel", &c.Channel)
	f("regime", &c.Regime)
	f("kind", &c.Kind)
	f("result", &c.Result)
	f("hold", &c.Hold)
	f("lane", &c.Lane)
}

// of returns the column of a key; empty where there is none.
func (c *Columns) of(key string) (name string) {
	if key == eventKeys[ofSubject] {
		return c.Subject.String()
	}
	c.each(func(k string, n *string) {
		if k == key {
			name = *n
		}
	})
	return name
}

// over are the columns of c, and where it names none those of all.
func (c Columns) over(all *Columns) Columns {
	if len(c.Time) == 0 {
		c.Time = all.Time
	}
	if len(c.Subject) == 0 {
		c.Subject = all.Subject
	}
	var names []string
	all.each(func(_ string, name *string) { names = append(names, *name) })
	c.each(func(_ string, name *string) {
		if *name == "" {
			*name = names[0]
		}
		names = names[1:]
	})
	return c
}

// names are one name or a list of names.
type names []string

func (n *names) UnmarshalYAML(read func(any) error) error {
	var one string
	if read(&one) == nil {
		*n = names{one}
		return nil
	}
	return read((*[]string)(n))
}

func (n names) String() string { return strings.Join(n, " and ") }

// joined are names where there once was one: the hash of a mapping that has one or none is what it was.
type joined []string

func (j *joined) UnmarshalYAML(read func(any) error) error {
	err := (*names)(j).UnmarshalYAML(read)
	if len(*j) == 1 && (*j)[0] == "" {
		*j = nil
	}
	return err
}

func (j joined) MarshalJSON() ([]byte, error) {
	if len(j) > 1 {
		return json.Marshal([]string(j))
	}
	return json.Marshal(strings.Join(j, ""))
}

func (j joined) String() string { return strings.Join(j, " or ") }

// WithoutPassword is an address as it may be shown: without its password and the values of its query, one of which may be a key. A text that
// cannot be read as an address is not shown at all.
func WithoutPassword(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "***"
	}
	query := u.Query()
	for name := range query {
		query[name] = []string{"xxxxx"}
	}
	u.RawQuery = query.Encode()
	return u.Redacted()
}
