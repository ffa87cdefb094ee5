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
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"golang.org/x/text/encoding"

	"dwell/ingest/event"
	"dwell/ingest/strictyaml"
)

// Mapping says which column of a CSV file means what.
type Mapping struct {
	// Name is the file's name, as errors show it.
	Name string
	// Source is the CloudEvents source of the events; together with place and time it identifies a reading.
	Source string
	// Separator is between columns, a comma by default. Comment begins lines that are skipped; none by default.
	Separator, Comment rune
	// Encoding is that of the text; nil is UTF-8, or UTF-16 with a byte order mark.
	Encoding encoding.Encoding
	Columns  Columns
	// TimeZone is that of times without one; nil is that of the place.
	TimeZone *time.Location
	// WaitUnit and AgeUnit are what a one in that column means.
	WaitUnit, AgeUnit time.Duration
	// Slack is how far below zero an age may be and still count as zero, because the file's clocks are coarse.
	Slack time.Duration
	// BCP is the id of the BCP of every line of a file that has no column of it.
	BCP string
	// BCPs are the ids of the BCPs by their names in the file; an empty one says that the file has the ids.
	BCPs map[string]string
	// Places is the places file that has the ids of BCPs; empty is unknown.
	Places string
	// Direction is that of all readings; none by default.
	Direction event.Direction

	shipped bool
	moments moments
	layout  string // as it was written
	numbers numbers
	words   words
}

// Columns are the names of columns in the header; case and blanks around them do not count.
type Columns struct {
	BCP string `yaml:"bcp"`
	// Time is one column, or several whose texts are joined by a blank, such as date and time.
	Time names `yaml:"time"`
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

// rawMapping is the YAML of a mapping.
type rawMapping struct {
	Source     string            `yaml:"source"`
	Encoding   string            `yaml:"encoding"`
	Separator  string            `yaml:"separator"`
	Comment    string            `yaml:"comment"`
	Columns    Columns           `yaml:"columns"`
	TimeLayout string            `yaml:"time_layout"`
	TimeZone   string            `yaml:"time_zone"`
	Decimal    string            `yaml:"decimal"`
	Thousands  string            `yaml:"thousands"`
	Words      words             `yaml:"words"`
	WaitUnit   string            `yaml:"wait_unit"`
	AgeUnit    string            `yaml:"age_unit"`
	Slack      string            `yaml:"slack"`
	BCP        string            `yaml:"bcp"`
	BCPs       map[string]string `yaml:"bcps"`
	Places     string            `yaml:"places"`
	Direction  string            `yaml:"direction"`
}

// zoneOfPlace is the time_zone of times that are local at their place.
const zoneOfPlace = "place"

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
		Name: name, Source: raw.Source, Separator: ',', Columns: raw.Columns, layout: cmp.Or(raw.TimeLayout, time.RFC3339),
		BCP: raw.BCP, BCPs: raw.BCPs, Places: raw.Places,
		numbers: numbers{cmp.Or(raw.Decimal, "."), raw.Thousands}, words: raw.Words,
	}
	var faults []error
	fault := func(key, value, wants string) {
		faults = append(faults, fmt.Errorf("%s: %s: %q %s", name, key, value, wants))
	}
	if m.Source == "" {
		fault("source", "", "is empty")
	}
	if len(m.Columns.Time) == 0 || slices.Contains(m.Columns.Time, "") {
		fault("columns.time", "", "is empty")
	}
	switch {
	case m.Columns.BCP == "" && m.BCP == "":
		fault("columns.bcp", "", "is empty; name the column, or for a file of one BCP its id in bcp")
	case m.Columns.BCP != "" && m.BCP != "":
		fault("bcp", m.BCP, "is given beside columns.bcp; one of them is enough")
	case m.BCP != "" && len(m.BCPs) > 0:
		fault("bcps", m.BCP, "is given in bcp; then no names are needed")
	}
	if !isName(m.Source) {
		fault("source", m.Source, badName)
	}
	for name, id := range m.BCPs {
		if id == "" {
			fault("bcps", name, "has no id of a place")
		}
		if !isName(name) {
			fault("bcps", name, badName)
		}
	}
	if m.Columns.Vehicles == "" && m.Columns.Wait == "" {
		fault("columns.vehicles", "", "is empty, and so is columns.wait")
	}
	for key, c := range map[string]struct {
		value string
		into  *rune
	}{"separator": {raw.Separator, &m.Separator}, "comment": {raw.Comment, &m.Comment}} {
		if c.value == "" {
			continue
		}
		sign, size := utf8.DecodeRuneInString(c.value)
		if size != len(c.value) || strings.ContainsRune("\"\r\n\uFFFD", sign) || unicode.IsLetter(sign) || unicode.IsDigit(sign) {
			fault(key, c.value, "is not one character, or has a meaning of its own")
		}
		*c.into = sign
	}
	if m.Separator == m.Comment {
		fault("comment", raw.Comment, "is the separator, too")
	}
	for _, sign := range m.numbers.decimal + m.numbers.thousands {
		if sign >= '0' && sign <= '9' || sign == '-' || sign == '+' || strings.Count(m.numbers.decimal+m.numbers.thousands, string(sign)) > 1 {
			fault("decimal", m.numbers.decimal+m.numbers.thousands, "has, with thousands, a sign twice, or one of a number")
			break
		}
	}
	var err error
	if raw.Encoding != "" {
		if m.Encoding, err = parseEncoding(raw.Encoding); err != nil {
			fault("encoding", raw.Encoding, "is not supported; use a name of the web, such as utf-8, windows-1251 or koi8-u")
		}
	}
	if m.moments, err = parseLayout(raw.TimeLayout); err != nil {
		fault("time_layout", raw.TimeLayout, err.Error())
	}
	switch {
	case raw.TimeZone == zoneOfPlace:
	case raw.TimeZone != "":
		if m.TimeZone, err = time.LoadLocation(raw.TimeZone); err != nil || raw.TimeZone == "Local" {
			fault("time_zone", raw.TimeZone, "is not a time zone such as \"Asia/Kabul\", nor place")
		}
	case !m.moments.zoned && m.moments.layout != "":
		fault("time_zone", "", fmt.Sprintf("is empty, and times as %q have no zone; name one such as \"Asia/Kabul\", or place for that of each place", m.layout))
	}
	for key, d := range map[string]struct {
		value  string
		into   *time.Duration
		column string
	}{
		"wait_unit": {raw.WaitUnit, &m.WaitUnit, m.Columns.Wait}, "age_unit": {raw.AgeUnit, &m.AgeUnit, m.Columns.Age},
		"slack": {raw.Slack, &m.Slack, ""},
	} {
		if d.value == "" {
			if d.column != "" {
				fault(key, "", fmt.Sprintf("is empty; say what a one in column %q means: 1s, 1m or 1h", d.column))
			}
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

// columns is the number of columns that the mapping names.
func (m *Mapping) columns() (n int) {
	c := &m.Columns
	for _, name := range append([]string{c.BCP, c.Vehicles, c.Wait, c.Age, c.Missing, c.Closed}, c.Time...) {
		if name != "" {
			n++
		}
	}
	return n
}

// checkPlaces fails where the vocabulary has none of the mapping's BCPs: then each line would be refused for the same reason.
// With some of them it passes: an installation may watch a part of the file's BCPs.
func (m *Mapping) checkPlaces(voc *event.Vocabulary) error {
	if m.BCP != "" {
		if _, known := voc.BCP([]byte(m.BCP)); !known {
			return fmt.Errorf("mapping %q: bcp %q is not in the configured places; use the places that have it (--places)", m.Name, m.BCP)
		}
		return nil
	}
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
		m.shipped = true
		all = append(all, m)
	}
	return all, nil
}
