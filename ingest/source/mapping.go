package source

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml"

	"dwell/ingest/event"
	"dwell/ingest/strictyaml"
)

// Mapping says which column of a CSV file means what.
type Mapping struct {
	// Name is the file's name, as errors show it.
	Name string
	// Source is the CloudEvents source of the events; together with place and time it identifies a reading.
	Source string
	// Separator is between columns; a comma by default.
	Separator rune
	Columns   Columns
	// TimeLayout is Go's (package time), by default RFC 3339. TimeZone is that of times without one.
	TimeLayout string
	TimeZone   *time.Location
	// WaitUnit and AgeUnit are what a one in that column means; a second by default.
	WaitUnit, AgeUnit time.Duration
	// Slack is how far below zero an age may be and still count as zero, because the file's clocks are coarse.
	Slack time.Duration
	// BCPs are the ids of the BCPs by their names in the file; an empty one says that the file has the ids.
	BCPs map[string]string
	// Places is the places file that has the ids of BCPs; empty is unknown.
	Places string
	// Direction is that of all readings; none by default.
	Direction event.Direction
}

// Columns are the names of columns in the header. BCP and Time are required, and Vehicles or Wait.
type Columns struct {
	BCP  string `yaml:"bcp"`
	Time string `yaml:"time"`
	// Vehicles is the length of the queue; empty is unknown.
	Vehicles string `yaml:"vehicles"`
	// Wait is the waiting time; empty is unknown.
	Wait string `yaml:"wait"`
	// Age is how old the reading was at Time.
	Age string `yaml:"age"`
	// Missing is a flag: the source had no figure, so whatever the line gives is unknown.
	Missing string `yaml:"missing"`
	// Closed is a flag: the BCP was closed.
	Closed string `yaml:"closed"`
}

type rawMapping struct {
	Source     string            `yaml:"source"`
	Separator  string            `yaml:"separator"`
	Columns    Columns           `yaml:"columns"`
	TimeLayout string            `yaml:"time_layout"`
	TimeZone   string            `yaml:"time_zone"`
	WaitUnit   string            `yaml:"wait_unit"`
	AgeUnit    string            `yaml:"age_unit"`
	Slack      string            `yaml:"slack"`
	BCPs       map[string]string `yaml:"bcps"`
	Places     string            `yaml:"places"`
	Direction  string            `yaml:"direction"`
}

// ParseMapping reads a mapping from strict YAML. An error names the file, the key and the value.
func ParseMapping(name string, data []byte) (Mapping, error) {
	var raw rawMapping
	if err := strictyaml.Unmarshal(data, &raw); err != nil {
		var at yaml.Error
		if errors.As(err, &at) && at.GetToken() != nil {
			return Mapping{}, fmt.Errorf("%s:%d: %s (at %q)", name, at.GetToken().Position.Line, at.GetMessage(), at.GetToken().Value)
		}
		return Mapping{}, fmt.Errorf("%s: %w", name, err)
	}
	m := Mapping{
		Name: name, Source: raw.Source, Separator: ',', Columns: raw.Columns,
		TimeLayout: cmp.Or(raw.TimeLayout, time.RFC3339), BCPs: raw.BCPs, Places: raw.Places, WaitUnit: time.Second, AgeUnit: time.Second,
	}
	var faults []error
	fault := func(key, value, wants string) {
		faults = append(faults, fmt.Errorf("%s: %s: %q %s", name, key, value, wants))
	}
	for key, value := range map[string]string{"source": m.Source, "columns.bcp": m.Columns.BCP, "columns.time": m.Columns.Time} {
		if value == "" {
			fault(key, value, "is empty")
		}
	}
	if !isName(m.Source) {
		fault("source", m.Source, badName)
	}
	for name := range m.BCPs {
		if !isName(name) {
			fault("bcps", name, badName)
		}
	}
	if m.Columns.Vehicles == "" && m.Columns.Wait == "" {
		fault("columns.vehicles", "", "is empty, and so is columns.wait")
	}
	if raw.Separator != "" {
		var size int
		if m.Separator, size = utf8.DecodeRuneInString(raw.Separator); size != len(raw.Separator) {
			fault("separator", raw.Separator, "is not one character")
		}
	}
	var err error
	if m.TimeZone, err = time.LoadLocation(raw.TimeZone); err != nil {
		fault("time_zone", raw.TimeZone, "is not a time zone such as \"Asia/Kabul\"")
	}
	for key, d := range map[string]struct {
		value string
		into  *time.Duration
	}{"wait_unit": {raw.WaitUnit, &m.WaitUnit}, "age_unit": {raw.AgeUnit, &m.AgeUnit}, "slack": {raw.Slack, &m.Slack}} {
		if d.value == "" {
			continue
		}
		if *d.into, err = time.ParseDuration(d.value); err != nil || *d.into <= 0 {
			fault(key, d.value, "is not a positive duration such as \"1m\"")
		}
	}
	if raw.Direction != "" {
		var ok bool
		if m.Direction, ok = event.ParseDirection([]byte(raw.Direction)); !ok {
			fault("direction", raw.Direction, "is not supported; use inbound or outbound")
		}
	}
	slices.SortFunc(faults, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return m, errors.Join(faults...)
}

// maxName leaves room in the id of an event for the time and the kind of change behind the name of the place.
const maxName = event.MaxName / 2

var badName = fmt.Sprintf("has a zero byte or more than %d bytes; no event may have such a source or id", maxName)

func isName(s string) bool { return len(s) <= maxName && strings.IndexByte(s, 0) < 0 }

// named lists the columns that the mapping names.
func (m *Mapping) named() []string {
	c := m.Columns
	return slices.DeleteFunc([]string{c.BCP, c.Time, c.Vehicles, c.Wait, c.Age, c.Missing, c.Closed},
		func(name string) bool { return name == "" })
}

// fits reports whether the header has every column that the mapping names.
func (m *Mapping) fits(header []string) bool {
	for _, name := range m.named() {
		if !slices.Contains(header, name) {
			return false
		}
	}
	return true
}

// checkPlaces fails where the vocabulary has none of the mapping's BCPs: then each line would be refused for the same reason.
// With some of them it passes: an installation may watch a part of the file's BCPs.
func (m *Mapping) checkPlaces(voc *event.Vocabulary) error {
	if len(m.BCPs) == 0 {
		return nil
	}
	ids := slices.Sorted(maps.Values(m.BCPs))
	for _, id := range ids {
		if _, known := voc.BCP([]byte(id)); known {
			return nil
		}
	}
	if m.Places == "" {
		return fmt.Errorf("mapping %q: none of its bcps, such as %q, is in the configured places; use the places that have them (--places)", m.Name, ids[0])
	}
	return fmt.Errorf("mapping %q belongs to the places %q, not to the configured ones; use --places %s", m.Name, m.Places, m.Places)
}

//go:embed shipped/*.yaml
var shipped embed.FS

// Shipped returns the mappings that are part of the program.
func Shipped() ([]Mapping, error) {
	entries, err := shipped.ReadDir("shipped")
	if err != nil {
		return nil, err
	}
	var all []Mapping
	for _, e := range entries {
		data, err := shipped.ReadFile("shipped/" + e.Name())
		if err != nil {
			return nil, err
		}
		m, err := ParseMapping(e.Name(), data)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}
