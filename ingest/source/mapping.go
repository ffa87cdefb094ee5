package source

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/json"
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
	"dwell/ingest/place"
	"dwell/ingest/strictyaml"
)

// Mapping is a description that was checked.
type Mapping struct {
	// Name is the file's name, as errors show it.
	Name string
	// Source is the CloudEvents source of the events; together with place, direction, queue and time it identifies a reading.
	Source string
	// Separator is between columns, a comma by default. Comment begins lines that are skipped; none by default.
	Separator, Comment rune
	// Encoding is that of the text; nil is UTF-8, or UTF-16 with a byte order mark.
	Encoding encoding.Encoding
	// TimeZone is that of times without one; nil is that of the place.
	TimeZone *time.Location
	// Slack is how far below zero an age may be and still count as zero, because the file's clocks are coarse.
	Slack time.Duration
	// BCPs are the ids of the BCPs by their names in the file; an empty one says that the file has the ids.
	BCPs map[string]string
	// Topic is that of the source; empty if it has files alone.
	Topic string
	// URL is the address of its document, not checked here; empty if it has none. It is read at the interval Every.
	URL   string
	Every time.Duration
	// Places is the places file that has the ids of BCPs; empty is unknown.
	Places string

	// Hash is the SHA-256 of what it says, in hexadecimal.
	Hash string

	sheet     string   // of XLSX; empty is the first
	skip      int      // lines or rows above the header
	headless  bool     // columns are named by their numbers
	path      []string // to the records of JSON or XML
	shapes    []shape
	inOrder   bool                           // lines of events are in the order of time
	codes     [eventFields]map[string]string // words of events by those of the file, folded
	wait, age lengths
	waitUnits map[string]lengths // by the words of columns.wait_unit, folded
	rate      time.Duration      // to which a service rate refers
	bcpNamed  map[string]string  // a name of BCPs by the same, folded
	shipped   bool
	moments   moments
	layout    string // as it was written
	numbers   numbers
	words     words
}

// OfEvents reports whether records are events, and not readings.
func (m *Mapping) OfEvents() bool { return len(m.shapes) > 0 && m.shapes[0].ofEvent }

// minEvery spares those whose document is read.
const minEvery = time.Second

// zoneOfPlace is the time_zone of times that are local at their place.
const zoneOfPlace = "place"

// ParseMapping reads a mapping from strict YAML. An error names the file, the key and the value.
func ParseMapping(name string, data []byte) (Mapping, error) {
	var raw Description
	if err := strictyaml.Unmarshal(data, &raw); err != nil {
		var at yaml.Error
		if errors.As(err, &at) && at.GetToken() != nil {
			return Mapping{}, fmt.Errorf("%s:%d: %s (at %q)", name, at.GetToken().Position.Line, at.GetMessage(), at.GetToken().Value)
		}
		return Mapping{}, fmt.Errorf("%s: %w", name, err)
	}
	return raw.Check(name)
}

// Check checks a description. An error names the description by name, the key and the value.
func (raw *Description) Check(name string) (Mapping, error) {
	said, err := json.Marshal(raw)
	if err != nil {
		return Mapping{}, err
	}
	m := Mapping{
		Hash: fmt.Sprintf("%x", sha256.Sum256(said)),
		Name: name, Source: raw.Source, Separator: ',', layout: cmp.Or(raw.TimeLayout, time.RFC3339),
		sheet: raw.Sheet, skip: raw.Skip, headless: raw.Header != nil && !*raw.Header, inOrder: raw.InOrder, BCPs: raw.BCPs, Places: raw.Places, Topic: raw.Topic, URL: raw.URL,
		numbers: numbers{cmp.Or(raw.Decimal, "."), raw.Thousands, raw.Decimal == ""}, words: raw.Words,
	}
	var faults []error
	fault := func(key, value, wants string) {
		faults = append(faults, fmt.Errorf("%s: %s: %q %s", name, key, value, wants))
	}
	if m.Source == "" {
		fault("source", "", "is empty")
	}
	if !isName(m.Source) {
		fault("source", m.Source, badName)
	}
	m.bcpNamed = map[string]string{}
	for name, id := range m.BCPs {
		if id == "" {
			fault("bcps", name, "has no id of a place")
		}
		if !isName(name) {
			fault("bcps", name, badName)
		}
		if other, twice := m.bcpNamed[folded(name)]; twice && m.BCPs[other] != id {
			fault("bcps", name, "is there twice but for its case, with two ids")
		}
		m.bcpNamed[folded(name)] = max(m.bcpNamed[folded(name)], name)
	}
	raw.shape(&m, fault)
	if m.Topic != "" && !m.OfEvents() {
		fault("topic", m.Topic, "has messages, which are events; say in events which ones a message has")
	}
	if m.Topic != "" && m.URL != "" {
		fault("url", WithoutPassword(m.URL), "is there beside topic; a source has one of them")
	}
	if m.Every, err = time.ParseDuration(cmp.Or(raw.Every, "5m")); err != nil || m.Every < minEvery {
		fault("every", raw.Every, "is not a duration of at least 1s, such as \"5m\"")
	}
	if raw.Every != "" && m.URL == "" {
		fault("every", raw.Every, "is there without url, the address that is read so often")
	}
	switch {
	case m.inOrder && !m.OfEvents():
		fault("in_order", "true", "is of events; readings have the order of their lines anyway")
	case m.inOrder && m.Topic != "":
		fault("in_order", "true", "is of files; the messages of a topic have no order")
	}
	if m.skip < 0 || m.skip > maxSkip {
		fault("skip", fmt.Sprint(m.skip), fmt.Sprintf("is not between 0 and %d", maxSkip))
	}
	if m.path, err = parsePath(raw.Path); err != nil {
		fault("path", raw.Path, err.Error())
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
	if both := strings.IndexAny(m.numbers.thousands, m.numbers.decimal); both >= 0 {
		wayOut := fmt.Sprintf(" (decimal: %q); name it in one of them alone", m.numbers.decimal)
		if raw.Decimal == "" {
			wayOut = `, as decimal is a point by default; say decimal: ","`
		}
		fault("thousands", m.numbers.thousands, "has a sign that is before fractions, too"+wayOut)
	}
	for _, sign := range m.numbers.decimal + m.numbers.thousands {
		if sign >= '0' && sign <= '9' || sign == '-' || sign == '+' || max(strings.Count(m.numbers.decimal, string(sign)), strings.Count(m.numbers.thousands, string(sign))) > 1 {
			fault("decimal", m.numbers.decimal+m.numbers.thousands, "has, with thousands, a sign twice, or one of a number")
			break
		}
	}
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
		if m.TimeZone, err = place.ParseZone(raw.TimeZone); err != nil {
			fault("time_zone", raw.TimeZone, err.Error()+", nor place")
		}
	case err == nil && !m.moments.zoned:
		fault("time_zone", "", fmt.Sprintf("is empty, and times as %q have no zone; name one such as \"Asia/Kabul\", or place for that of each place", m.layout))
	}
	uses := func(of func(s *shape) string) (column string) {
		for i := range m.shapes {
			column = cmp.Or(column, of(&m.shapes[i]))
		}
		return column
	}
	waits := func(s *shape) string {
		if s.wait != (lengths{}) || s.columns.WaitUnit != "" {
			return ""
		}
		return s.columns.Wait
	}
	for key, d := range map[string]struct {
		value  string
		into   *time.Duration
		column string
	}{
		"wait_unit": {raw.WaitUnit, &m.wait.unit, uses(waits)},
		"age_unit":  {raw.AgeUnit, &m.age.unit, uses(func(s *shape) string { return s.columns.Age })},
		"rate_unit": {raw.RateUnit, &m.rate, uses(func(s *shape) string { return s.columns.ServiceRate })},
		"slack":     {raw.Slack, &m.Slack, ""},
	} {
		switch {
		case d.value == "" && key == "rate_unit" && d.column != "":
			fault(key, "", fmt.Sprintf("is empty; say to which time column %q refers: 1h for vehicles per hour, 1m for vehicles per minute", d.column))
		case d.value == "" && d.column != "":
			fault(key, "", fmt.Sprintf("is empty; say what a one in column %q means: 1s, 1m or 1h", d.column))
		case d.value == "":
		case d.value == clockUnit && key == "wait_unit":
			m.wait.clock = true
		case d.value == clockUnit && key == "age_unit":
			m.age.clock = true
		default:
			if *d.into, err = time.ParseDuration(d.value); err != nil || *d.into <= 0 {
				fault(key, d.value, "is not a positive duration such as \"1m\"")
			}
		}
	}
	raw.readWaitUnits(&m, fault)
	for i := range m.shapes {
		m.shapes[i].wait = cmp.Or(m.shapes[i].wait, m.wait)
	}
	slices.SortFunc(faults, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return m, errors.Join(faults...)
}

// maxSkip bounds the lines above a header.
const maxSkip = 1000

// maxName leaves room in the id of an event for the time and the kind of change behind the name of the place.
const maxName = event.MaxName / 2

var badName = fmt.Sprintf("has a zero byte or more than %d bytes; no event may have such a source or id", maxName)

func isName(s string) bool { return len(s) <= maxName && strings.IndexByte(s, 0) < 0 }

// checkPlaces fails where the vocabulary has none of the mapping's BCPs: then each line would be refused for the same reason.
// With some of them it passes: an installation may watch a part of the file's BCPs.
func (m *Mapping) checkPlaces(voc *event.Vocabulary) error {
	for i := range m.shapes {
		bcp := m.shapes[i].bcp
		if _, known := voc.BCP([]byte(bcp)); bcp != "" && !known {
			return fmt.Errorf("mapping %q: bcp %q is not in the configured places, which have %s; use the places that have it (--places)", m.Name, bcp, voc.KnownBCPs())
		}
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
		return fmt.Errorf("mapping %q: none of its bcps, such as %q, is in the configured places, which have %s; use the places that have them (--places)", m.Name, ids[0], voc.KnownBCPs())
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
