package source

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"dwell/ingest/event"
)

// eventField is a field of an event that a column or a constant of the mapping gives.
type eventField int

const (
	ofType eventField = iota
	ofSubject
	ofID
	ofRecorded
	ofBCP
	ofDirection
	ofAgency
	ofChannel
	ofRegime
	ofKind
	ofResult
	ofHold
	ofLane
	eventFields
)

// eventKeys are the keys of the fields in columns, values and codes.
var eventKeys = [eventFields]string{
	"type", "subject", "id", "recorded", "bcp", "direction", "agency", "channel", "regime", "kind", "result", "hold", "lane",
}

// parsers say whether a word is one of dwell's, where that does not depend on the places file.
var parsers = map[eventField]func(word string) bool{
	ofType: func(w string) bool {
		t, ok := event.ParseType([]byte(w))
		return ok && (t.OfVisit() || t.OfPlace())
	},
	ofDirection: isWord(event.ParseDirection), ofChannel: isWord(event.ParseChannel), ofRegime: isWord(event.ParseRegime),
	ofKind: isWord(event.ParseInspectionKind), ofResult: isWord(event.ParseResult),
}

func isWord[T any](parse func([]byte) (T, bool)) func(string) bool {
	return func(w string) bool {
		_, ok := parse([]byte(w))
		return ok
	}
}

// coded are the fields whose words codes may translate. Those of places are in bcps.
var coded = []eventField{ofType, ofDirection, ofAgency, ofChannel, ofRegime, ofKind, ofResult}

// constants are the fields that values may give.
var constants = []eventField{ofType, ofBCP, ofDirection, ofAgency, ofChannel, ofRegime, ofKind, ofResult, ofLane}

// keysOf lists keys as a sentence has them.
func keysOf(fields []eventField) string {
	var keys []string
	for _, f := range fields {
		keys = append(keys, eventKeys[f])
	}
	return oneOf(keys)
}

func oneOf(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

func fieldOf(fields []eventField, key string) (eventField, bool) {
	i := slices.IndexFunc(fields, func(f eventField) bool { return eventKeys[f] == key })
	if i < 0 {
		return 0, false
	}
	return fields[i], true
}

// readCodes checks codes, and takes them for any case.
func (raw *Description) readCodes(m *Mapping, fault func(key, value, wants string)) {
	for key, words := range raw.Codes {
		f, ok := fieldOf(coded, key)
		if !ok {
			fault("codes", key, cmp.Or(belongs(key), "is not supported; use "+keysOf(coded)))
			continue
		}
		m.codes[f] = map[string]string{}
		for theirs, ours := range words {
			if ours == "" {
				fault("codes."+key+"."+theirs, ours, "is empty; say what the word means, or leave its records out by except")
			} else if is := parsers[f]; is != nil && !is(ours) {
				fault("codes."+key+"."+theirs, ours, wordsOf(f))
			}
			if other, twice := m.codes[f][folded(theirs)]; twice && other != ours {
				fault("codes."+key+"."+theirs, ours, "is there twice but for its case, with two meanings")
			}
			m.codes[f][folded(theirs)] = ours
		}
	}
}

// wordsOf says which words a field may have.
func wordsOf(f eventField) string {
	switch f {
	case ofType:
		var types []string
		for _, t := range event.Types() {
			if parsers[ofType](t.String()) {
				types = append(types, t.String())
			}
		}
		return "is not the type of an event about a visit or a place; use " + oneOf(types)
	case ofAgency:
		return "is not the code of an agency of the places file"
	case ofBCP, ofLane:
		return "is empty"
	default:
		return fmt.Sprintf("is no %s; use %s", eventKeys[f], oneOf(event.WordsOf(eventKeys[f])))
	}
}

// belongs says where words of a key belong that codes do not have.
func belongs(key string) string {
	switch key {
	case "bcp":
		return "belongs in bcps, which has the ids of places by their names"
	case "subject", "id", "hold", "lane":
		return "is taken as the file has it"
	case "queue":
		return "is taken as the file has it; a reading with a queue of its own, and only, gives it another name"
	case "direction":
		return "belongs in words.inbound and words.outbound, as codes are of events"
	case "state":
		return "belongs in words.open, words.paused and words.closed, as codes are of events"
	case "closed", "missing":
		return "belongs in words.yes and words.no, as codes are of events"
	}
	return ""
}

// eventShapes makes the shapes of the events of a record.
func (raw *Description) eventShapes(m *Mapping, fault func(key, value, wants string)) {
	if len(raw.Readings) > 0 {
		fault("events", fmt.Sprint(len(raw.Events)), "are given beside readings; use two mappings")
	}
	if raw.Queue != "" {
		fault("queue", raw.Queue, "is of readings; an event has a lane, in columns.lane or values")
	}
	if len(raw.Events) > maxReadings {
		fault("events", fmt.Sprint(len(raw.Events)), fmt.Sprintf("is more than %d", maxReadings))
	}
	raw.readCodes(m, fault)
	for i, e := range raw.Events {
		m.shapes = append(m.shapes, e.shape(raw, fmt.Sprintf("events[%d].", i), m, fault))
	}
	raw.markTypes(m)
	m.shareDays()
}

// shape is that of an event, which takes what it does not name from all.
func (e *MappedEvent) shape(raw *Description, key string, m *Mapping, fault func(key, value, wants string)) shape {
	s := shape{
		columns: e.Columns.over(&raw.Columns), ofEvent: true,
		filters: append(filters(raw.Only, raw.Except), filters(e.Only, e.Except)...),
	}
	c := &s.columns
	for _, name := range slices.Sorted(maps.Keys(e.Values)) {
		value := e.Values[name]
		f, ok := fieldOf(constants, name)
		switch is := parsers[f]; {
		case !ok:
			fault(key+"values", name, "is not supported; use "+keysOf(constants))
			continue
		case is != nil && !is(value) || value == "":
			fault(key+"values."+name, value, wordsOf(f))
		case e.Columns.of(name) != "":
			fault(key+"values."+name, value, "is given beside columns."+name+"; one of them is enough")
		}
		s.values[f] = value
		c.each(func(k string, column *string) { // one of all is that of the other events
			if k == name {
				*column = ""
			}
		})
	}
	for f, value := range map[eventField]string{ofBCP: raw.BCP, ofDirection: raw.Direction} {
		switch is := parsers[f]; {
		case value == "" || s.values[f] != "" || e.Columns.of(eventKeys[f]) != "":
		case c.of(eventKeys[f]) != "":
			fault(eventKeys[f], value, "is given beside columns."+eventKeys[f]+"; one of them is enough")
		case is != nil && !is(value):
			fault(eventKeys[f], value, wordsOf(f))
		default:
			s.values[f] = value
		}
	}
	s.bcp = s.values[ofBCP]
	t, _ := event.ParseType([]byte(s.values[ofType]))
	switch {
	case len(c.Time) == 0 || slices.Contains(c.Time, ""):
		fault(key+"columns.time", "", "is empty")
	case c.Type == "" && s.values[ofType] == "":
		fault(key+"columns.type", "", "is empty; name the column, or the type of the event in values, such as {type: truck.arrived}")
	case (len(c.Subject) == 0 || slices.Contains(c.Subject, "")) && !t.OfPlace():
		fault(key+"columns.subject", "", "is empty; name the column that has the id of the visit")
	case c.BCP == "" && s.bcp == "":
		fault(key+"columns.bcp", "", "is empty; name the column, or for a file of one BCP its id in bcp")
	case s.bcp != "" && len(m.BCPs) > 0:
		fault(key+"bcps", s.bcp, "is given in bcp; then no names are needed")
	}
	c.each(func(name string, column *string) {
		if _, ok := slices.BinarySearch(keysOfReadings, name); ok && *column != "" {
			fault(key+"columns."+name, *column, "is of readings; an event has no such field")
		}
	})
	s.checkFilters(key, fault)
	return s
}

// keysOfReadings are the columns that readings alone have, sorted.
var keysOfReadings = []string{"age", "closed", "lanes_open", "missing", "queue", "service_rate", "state", "vehicles", "wait", "wait_unit"}
