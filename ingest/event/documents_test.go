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
	anyName = properties{{"type", "string"}, {"minLength", 1}, {"maxLength", maxName}}
	anyTime = properties{
		{"type", "string"},
		{"format", "date-time"},
		{"pattern", `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$`},
	}
	anyCount   = properties{{"type", "integer"}, {"minimum", 0}, {"maximum", 9_999_999_999}}
	aDirection = described(oneOf(directionNames[:]), "Seen from the reporting country.")
	aLane      = described(anyName, "The lane's name as the post writes it.")
	subjectOf  = map[about]string{
		aVisit:  "The visit id, which is also the Kafka key.",
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
	{withResult, false, properties{{"result", oneOf(resultNames[:])}}},
	{withRetracted, false, properties{
		{"id", described(anyName, "Id of the event that did not happen.")},
		{"source", described(anyName, "Source of the event that did not happen.")},
		{"time", described(anyTime, "Time of the event that did not happen.")},
	}},
	{withNumbers, true, properties{
		{"vehicles", described(anyCount, "Vehicles in the queue.")},
		{"wait_seconds", described(anyCount, "Expected wait in seconds.")},
		{"age_seconds", described(anyCount, "How old the reading was when it was published, in seconds.")},
	}},
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
			{"id", described(anyName, "With source, identifies the event: sent twice it counts once.")},
			{"source", described(anyName, "The post or system that tells.")},
			{"type", properties{{"const", t.Wire()}}},
			{"subject", described(anyName, subjectOf[types[t].about])},
			{"time", described(anyTime, "When it happened, RFC 3339, kept to the millisecond.")},
			{"recordedtime", described(anyTime, "When the post wrote it down.")},
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
		if line := fmt.Sprintf("%d %s\n", typ.Code(), typ); !strings.Contains("\n"+codes, "\n"+line) {
			codes += line
		}
		text, err := json.MarshalIndent(schemaOf(typ), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		all["schema/"+typ.String()+".json"] = string(text) + "\n"
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

// TestStoredCodesAreStable: the file has every code that was ever given. A type may be added to it; a line that changes
// would have stored facts read as another type.
func TestStoredCodesAreStable(t *testing.T) {
	given := map[uint8]string{}
	for line := range strings.Lines(read(t, "testdata/codes")) {
		var code uint8
		var name string
		if _, err := fmt.Sscanf(line, "%d %s\n", &code, &name); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if given[code] != "" || code == 0 {
			t.Errorf("code %d of %q is 0 or that of %q too", code, name, given[code])
		}
		given[code] = name
	}
	for code, name := range given {
		if typ, ok := ParseType([]byte(name)); ok && typ.Code() != code {
			t.Errorf("%s has code %d, stored facts have %d", name, typ.Code(), code)
		}
	}
	for _, typ := range Types() {
		code := typ.Code()
		if given[code] != typ.String() {
			t.Errorf("%s has code %d, which stored facts have for %q", typ, code, given[code])
		}
		if back, ok := TypeOfCode(code); !ok || back != typ {
			t.Errorf("code %d is read as %v, want %s", code, back, typ)
		}
	}
	if typ, ok := TypeOfCode(200); ok {
		t.Errorf("code 200 is read as %s", typ)
	}
}
