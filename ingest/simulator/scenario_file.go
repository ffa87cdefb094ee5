package simulator

import (
	"fmt"
	"strings"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/ingest/strictyaml"
)

// scenarioFile is a scenario as it is written.
type scenarioFile struct {
	Interventions []struct {
		Place     string    `yaml:"place"`
		Stage     Stage     `yaml:"stage"`
		Agency    string    `yaml:"agency"`
		Direction string    `yaml:"direction"`
		Stretch   stretched `yaml:",inline"`
		Service   float64   `yaml:"service_factor"`
		Arrival   float64   `yaml:"arrival_factor"`
		Lanes     float64   `yaml:"lanes_factor"`
	} `yaml:"interventions"`
	Outages []struct {
		Place   string    `yaml:"place"`
		Agency  string    `yaml:"agency"`
		Types   []string  `yaml:"types"`
		Stretch stretched `yaml:",inline"`
		Late    bool      `yaml:"late"`
	} `yaml:"outages"`
	Holidays []struct {
		Name   string `yaml:"name"`
		Place  string `yaml:"place"`
		Date   string `yaml:"date"`
		Days   int    `yaml:"days"`
		Closed bool   `yaml:"closed"`
	} `yaml:"holidays"`
	Variations []struct {
		Place         string  `yaml:"place"`
		ArrivalSpread float64 `yaml:"arrival_spread"`
		ServiceSpread float64 `yaml:"service_spread"`
		Persistence   float64 `yaml:"persistence"`
		Trend         float64 `yaml:"trend"`
		NoBlocks      bool    `yaml:"no_blocks"`
	} `yaml:"variations"`
}

// stretched is when something begins and ends: a day, at whose local midnight it is, an instant, or a time after the
// beginning of the simulation.
type stretched struct {
	From  string `yaml:"from"`
	Until string `yaml:"until"`
	For   string `yaml:"for"`
}

// ParseScenario reads a scenario in YAML, whose times may be relative to the beginning of the simulation. The error names the
// key and the value.
func ParseScenario(text []byte, begins time.Time, places *place.Book) (Scenario, error) {
	var file scenarioFile
	if err := strictyaml.Unmarshal(text, &file); err != nil {
		return Scenario{}, err
	}
	var sc Scenario
	for n, r := range file.Interventions {
		i := Intervention{
			Place: r.Place, Stage: r.Stage, Agency: r.Agency,
			ServiceFactor: r.Service, ArrivalFactor: r.Arrival, LanesFactor: r.Lanes,
		}
		var err error
		if i.From, i.Until, err = r.Stretch.times(begins, places, r.Place); err != nil {
			return Scenario{}, fmt.Errorf("interventions[%d]: %w", n, err)
		}
		var ok bool
		if i.Direction, ok = event.ParseDirection([]byte(r.Direction)); r.Direction != "" && !ok {
			return Scenario{}, fmt.Errorf("interventions[%d]: direction: %q is not supported; use inbound or outbound", n, r.Direction)
		}
		sc.Interventions = append(sc.Interventions, i)
	}
	for n, r := range file.Outages {
		o := Outage{Place: r.Place, Agency: r.Agency, Late: r.Late}
		var err error
		if o.From, o.Until, err = r.Stretch.times(begins, places, r.Place); err != nil {
			return Scenario{}, fmt.Errorf("outages[%d]: %w", n, err)
		}
		for _, name := range r.Types {
			t, ok := event.ParseType([]byte(name))
			if !ok {
				return Scenario{}, fmt.Errorf("outages[%d]: types: %q is not a type of events; use %s", n, name, typeNames())
			}
			o.Types = append(o.Types, t)
		}
		sc.Outages = append(sc.Outages, o)
	}
	for _, r := range file.Holidays {
		sc.Holidays = append(sc.Holidays, Holiday(r))
	}
	for _, r := range file.Variations {
		sc.Variations = append(sc.Variations, Variation(r))
	}
	return sc, sc.Check(places)
}

func (s stretched) times(begins time.Time, places *place.Book, id string) (from, until time.Time, err error) {
	if from, err = moment("from", s.From, begins, places, id); err != nil {
		return from, until, err
	}
	if s.For == "" {
		until, err = moment("until", s.Until, begins, places, id)
		return from, until, err
	}
	if s.Until != "" {
		return from, until, fmt.Errorf("for: %q and until: %q cannot be used together", s.For, s.Until)
	}
	lasts, err := time.ParseDuration(s.For)
	if err != nil || lasts <= 0 {
		return from, until, fmt.Errorf("for: %q is not a positive duration such as 6h", s.For)
	}
	if from.IsZero() {
		from = begins
	}
	return from, from.Add(lasts), nil
}

// moment reads a time; the zero time of an empty text.
func moment(key, text string, begins time.Time, places *place.Book, id string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	if after, err := time.ParseDuration(text); err == nil && after >= 0 {
		return begins.Add(after), nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %q is not a day (2026-02-04), an instant (RFC 3339) or a time after the beginning (720h)", key, text)
	}
	p := places.Place(id)
	if p == nil {
		return time.Time{}, fmt.Errorf("%s: %q begins at another time in each time zone; give place, too, or an instant (RFC 3339)", key, text)
	}
	return time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, p.Zone), nil
}

func typeNames() string {
	var names []string
	for _, t := range event.Types() {
		names = append(names, t.String())
	}
	return strings.Join(names, ", ")
}
