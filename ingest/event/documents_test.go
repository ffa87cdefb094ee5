package event

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

//go:generate go test -run TestGeneratedDocumentsMatchTheTypeTable -update .

var update = flag.Bool("update", false, "write the documents that follow from the table of types")

// properties is a JSON object that keeps the order of its members.
type properties []property

type property struct {
	name  string
	value any
}

func (p properties) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	for i, m := range p {
		out.WriteByte("{,"[min(i, 1)])
		if err := encoder.Encode(m.name); err != nil {
			return nil, err
		}
		out.WriteByte(':')
		if err := encoder.Encode(m.value); err != nil {
			return nil, err
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

func described(schema properties, description string) properties {
	return append(slices.Clone(schema), property{"description", description})
}

// oneOf is the schema of a word of a list.
func oneOf(words []string) properties { return properties{{"enum", words[1:]}} }

var (
	anyName = properties{{"type", "string"}, {"minLength", 1}, {"maxLength", MaxName}, {"pattern", `^[^\x00]*$`}}
	anyTime = properties{
		{"type", "string"},
		{"format", "date-time"},
		{"pattern", `^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$`},
	}
	anyCount   = properties{{"type", "integer"}, {"minimum", 0}, {"maximum", MaxCount}}
	anEdition  = properties{{"type", "integer"}, {"minimum", 0}, {"maximum", maxEdition}}
	aDirection = described(oneOf(directionNames[:]), "Seen from the reporting country.")
	aLane      = described(anyName, "The lane's name as the post writes it.")
	subjectOf  = map[about]string{
		aVisit:  "The visit id, which is also the Kafka key. It may not be the id of the BCP.",
		aPlace:  "The id of the BCP, as in data.bcp, which is also the Kafka key.",
		aQueue:  "The id of the BCP, as in data.bcp, which is also the Kafka key.",
		anEvent: "The subject of the event that did not happen: a visit id or a BCP id. It is also the Kafka key.",
	}
)

// fieldSchemas are in the order in which documents list them. Those that are optional may be missing.
var fieldSchemas = []struct {
	with     fields
	optional bool
	schema   properties
}{
	{withChannel, false, properties{{"channel", oneOf(channelNames[:])}}},
	{withAgency, false, properties{{"agency", described(anyName, "Code of an agency of the places file, such as customs.")}}},
	{withKind, false, properties{{"kind", oneOf(kindNames[:])}}},
	{withResult, true, properties{{"result", described(oneOf(resultNames[:]), "What the inspection found; unknown if missing.")}}},
	{withRetracted, false, properties{
		{"id", described(anyName, "Id of the event that did not happen.")},
		{"source", described(anyName, "Source of the event that did not happen.")},
		{"time", described(anyTime, "Time of the event that did not happen.")},
	}},
	{withRetracted, true, properties{{"edition", described(anEdition, "Edition of the event that did not happen; 0 if missing.")}}},
	{withReading, true, properties{
		{"queue", described(anyName, "Name of the lane or class of vehicle whose queue it is. Readings of two queues at one time are two readings.")},
		{"state", described(properties{{"enum", stateNames[:]}}, "Of the queue; it neither opens nor closes the BCP. Unknown if missing.")},
		{"vehicles", described(anyCount, "Vehicles in the queue.")},
		{"wait_seconds", described(anyCount, "Expected wait in seconds.")},
		{"age_seconds", described(anyCount, "How old the reading was when it was published, in seconds.")},
		{"lanes_open", described(anyCount, "Lanes that serve the queue.")},
		{"service_rate", described(anyCount, "Vehicles that leave the queue per hour.")},
	}},
	{withHold, true, properties{{"hold", described(anyName, "Id of the hold. A lifting ends its agency's holds of the same id; without one, those without an id.")}}},
	{withLane, false, properties{{"lane", aLane}}},
	{withReason, true, properties{{"reason", properties{{"type", "string"}, {"description", "For people; not read."}}}}},
}

// dataSchema is the schema of a type's data.
func dataSchema(t Type) properties {
	all, required := properties{{"bcp", described(anyName, "Id of the BCP, such as AF-NAN-TORKHAM.")}}, []string{"bcp"}
	if t.OfVisit() {
		all, required = append(all, property{"direction", aDirection}), append(required, "direction")
	}
	for _, f := range fieldSchemas {
		if !t.has(f.with) {
			continue
		}
		all = append(all, f.schema...)
		for _, p := range f.schema {
			if !f.optional {
				required = append(required, p.name)
			}
		}
	}
	if t.OfVisit() {
		all = append(all, property{"regime", oneOf(regimeNames[:])})
	} else {
		all = append(all, property{"direction", aDirection})
	}
	if !t.has(withLane) {
		all = append(all, property{"lane", aLane})
	}
	return properties{{"type", "object"}, {"required", required}, {"properties", all}}
}

// schemaOf is the JSON Schema of a structured CloudEvent of a type.
func schemaOf(t Type) properties {
	return properties{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"$id", "urn:dwell:event:" + t.String() + ":v1"},
		{"title", t.Wire()},
		{"description", types[t].means},
		{"type", "object"},
		{"required", []string{"specversion", "id", "source", "type", "subject", "time", "data"}},
		{"properties", properties{
			{"specversion", properties{{"const", "1.0"}}},
			{"id", described(anyName, "With source and edition, identifies the event: sent twice it counts once.")},
			{"source", described(anyName, "The post or system that tells.")},
			{"type", properties{{"const", t.Wire()}}},
			{"subject", described(anyName, subjectOf[types[t].about])},
			{"time", described(anyTime, "When it happened, RFC 3339, kept to the millisecond.")},
			{"recordedtime", described(anyTime, "When the post wrote it down.")},
			{"edition", described(anEdition, "Two editions of one id are two events; 0 if missing.")},
			{"datacontenttype", properties{{"const", "application/json"}}},
			{"data", dataSchema(t)},
		}},
	}
}

// camel is the name of a type in AsyncAPI: truckArrived.
func camel(t Type) string {
	before, after, _ := strings.Cut(t.String(), ".")
	return before + strings.ToUpper(after[:1]) + after[1:]
}

// between replaces what stands between two texts of a document.
func between(t *testing.T, document, first, last, text string) string {
	t.Helper()
	before, rest, ok1 := strings.Cut(document, first)
	_, after, ok2 := strings.Cut(rest, last)
	if !ok1 || !ok2 {
		t.Fatalf("the document lacks %q or %q", first, last)
	}
	return before + first + text + last + after
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// documents are the files that follow from the table of types, by their names.
func documents(t *testing.T) map[string]string {
	all := map[string]string{}
	codes := read(t, "testdata/codes")
	var channel, messages, rows strings.Builder
	for _, typ := range Types() {
		name := camel(typ)
		_, _ = fmt.Fprintf(&channel, "      %s:\n        $ref: '#/components/messages/%s'\n", name, name)
		_, _ = fmt.Fprintf(&messages, "    %s:\n      name: %s\n      summary: %q\n      contentType: application/cloudevents+json\n"+
			"      payload:\n        schemaFormat: application/schema+json;version=draft-2020-12\n        schema:\n          $ref: ./schema/%s.json\n",
			name, typ.Wire(), types[typ].means, typ)
		_, _ = fmt.Fprintf(&rows, "| `%s` | %s | %s |\n", typ, types[typ].unece, types[typ].gs1)
		text, err := json.MarshalIndent(schemaOf(typ), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		all["schema/"+typ.String()+".json"] = string(text) + "\n"
	}
	for _, w := range codedWords() {
		if !strings.Contains("\n"+codes, "\n"+w.line()) {
			codes += w.line()
		}
	}
	api := read(t, "asyncapi.yaml")
	api = between(t, api, "    messages:\n", "  deadLetters:\n", channel.String())
	all["asyncapi.yaml"] = between(t, api, "  messages:\n    truck", "    deadLetter:\n", strings.TrimPrefix(messages.String(), "    truck"))
	all["README.md"] = between(t, read(t, "README.md"), "| --- | --- | --- |\n", "\n\n", strings.TrimSuffix(rows.String(), "\n"))
	all["testdata/codes"] = codes
	return all
}

func TestGeneratedDocumentsMatchTheTypeTable(t *testing.T) {
	all := documents(t)
	files, err := filepath.Glob("schema/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if all[file] == "" {
			t.Errorf("%s is of no type", file)
		}
	}
	for file, want := range all {
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Error(err)
			}
		} else if got, err := os.ReadFile(file); err != nil || string(got) != want {
			t.Errorf("%s is not what the table of types says: run go generate ./ingest/event (%v)", file, err)
		}
	}
}

// codedWord is a word with a code in stored facts.
type codedWord struct {
	list string
	name string
	code uint8
	// read is the name of the word that a code is read as.
	read func(code uint64) string
}

func (w codedWord) line() string { return fmt.Sprintf("%s %d %s\n", w.list, w.code, w.name) }

// codedWords lists every word that has a code.
func codedWords() []codedWord {
	var all []codedWord
	for _, t := range Types() {
		all = append(all, codedWord{"type", t.String(), t.Code(), readBy(TypeOfCode)})
	}
	for i, name := range directionNames[1:] {
		all = append(all, codedWord{"direction", name, Direction(i + 1).Code(), readBy(DirectionOfCode)})
	}
	for i, name := range channelNames[1:] {
		all = append(all, codedWord{"channel", name, Channel(i + 1).Code(), readBy(ChannelOfCode)})
	}
	for i, name := range regimeNames[1:] {
		all = append(all, codedWord{"regime", name, Regime(i + 1).Code(), readBy(RegimeOfCode)})
	}
	for i, name := range kindNames[1:] {
		all = append(all, codedWord{"kind", name, InspectionKind(i + 1).Code(), readBy(InspectionKindOfCode)})
	}
	for i, name := range resultNames[1:] {
		all = append(all, codedWord{"result", name, Result(i + 1).Code(), readBy(ResultOfCode)})
	}
	return all
}

func readBy[T fmt.Stringer](ofCode func(uint64) (T, bool)) func(uint64) string {
	return func(code uint64) string {
		word, ok := ofCode(code)
		if !ok {
			return ""
		}
		return word.String()
	}
}

// TestStoredCodesAreStable: the file has every code that was ever given. A word may be added to it; a line that changes
// would have stored facts read as another word.
func TestStoredCodesAreStable(t *testing.T) {
	given := map[string]string{}
	codeOf := map[string]string{}
	for line := range strings.Lines(read(t, "testdata/codes")) {
		part := strings.Fields(line)
		if len(part) != 3 || part[1] == "0" {
			t.Fatalf("%q is not a list, a code above 0 and a word", line)
		}
		code, word := part[0]+" "+part[1], part[0]+" "+part[2]
		if given[code] != "" || codeOf[word] != "" {
			t.Errorf("%q is given twice", line)
		}
		given[code], codeOf[word] = part[2], part[1]
	}
	for _, w := range codedWords() {
		if got := given[fmt.Sprintf("%s %d", w.list, w.code)]; got != w.name {
			t.Errorf("%s %q has code %d, which stored facts have for %q", w.list, w.name, w.code, got)
		}
		if back := w.read(uint64(w.code)); back != w.name {
			t.Errorf("%s code %d is read as %q, want %q", w.list, w.code, back, w.name)
		}
		for _, unknown := range []uint64{200, 256 + uint64(w.code)} {
			if back := w.read(unknown); back != "" {
				t.Errorf("%s code %d is read as %q", w.list, unknown, back)
			}
		}
	}
}
