package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"dwell/ingest/event"
	"dwell/ingest/source"
)

const (
	mappingDocument = root + "/ingest/README.md"
	mappingSchema   = root + "/ingest/source/mapping.schema.json"
)

// property is a key of a mapping in JSON Schema, in the order of the struct.
type property struct {
	name   string
	schema any
}

// properties keep their order.
type properties []property

func (p properties) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, one := range p {
		value, err := json.Marshal(one.schema)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, "%q:%s", one.name, value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// TestReferenceIsWhatMappingsHave compares the table of keys and the JSON Schema with the comments on the fields.
func TestReferenceIsWhatMappingsHave(t *testing.T) {
	of := reflect.TypeFor[source.Description]()
	var table strings.Builder
	table.WriteString("| key | what it says |\n| --- | --- |\n")
	mappingKeys(t, of, "", &table)
	document, err := os.ReadFile(mappingDocument)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- keys of a mapping, by make reference -->\n", "<!-- end of keys -->"
	before, rest, found := strings.Cut(string(document), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no place for the keys", mappingDocument)
	}
	golden(t, mappingDocument, before+begin+table.String()+end+after)

	schema := schemaOf(t, of)
	schema = append(properties{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"$id", "urn:dwell:mapping"}, {"title", "Mapping of a source of queue readings or events"}}, schema...)
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, mappingSchema, string(text)+"\n")
}

// mappingKeys writes a row for each key.
func mappingKeys(t *testing.T, of reflect.Type, section string, out *strings.Builder) {
	t.Helper()
	docs := comments(t, of)
	for field := range of.Fields() {
		tag, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		text := sayingOf(of, docs, field.Name, tag)
		if text == "" {
			t.Errorf("%s%s has no comment", section, tag)
		}
		fmt.Fprintf(out, "| `%s%s` | %s |\n", section, tag, strings.ReplaceAll(text, "|", `\|`))
		switch {
		case field.Type.Kind() == reflect.Struct:
			mappingKeys(t, field.Type, section+tag+".", out)
		case field.Type.Kind() == reflect.Slice && field.Type.Elem().Kind() == reflect.Struct:
			mappingKeysOfEach(t, of, field.Type.Elem(), section+tag+"[].", out)
		}
	}
}

// sayingOf is what the comment on a field says, with the words that dwell has for a column if the comment has not all of them.
func sayingOf(of reflect.Type, docs map[string]string, name, tag string) string {
	text := asKeys(docs[name], name, tag)
	words := event.WordsOf(tag)
	if of != reflect.TypeFor[source.Columns]() || !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
		return text
	}
	return text + " The words of dwell are " + strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1] + "."
}

// mappingKeysOfEach writes the keys of one of a list: those that are as in the whole in one row.
func mappingKeysOfEach(t *testing.T, whole, of reflect.Type, section string, out *strings.Builder) {
	t.Helper()
	known := map[string]bool{}
	for field := range whole.Fields() {
		known[field.Tag.Get("yaml")] = true
	}
	docs := comments(t, of)
	var alike []string
	var own strings.Builder
	for field := range of.Fields() {
		tag, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if known[field.Tag.Get("yaml")] {
			alike = append(alike, "`"+section+tag+"`")
		} else {
			fmt.Fprintf(&own, "| `%s%s` | %s |\n", section, tag, asKeys(docs[field.Name], field.Name, tag))
		}
	}
	fmt.Fprintf(out, "| %s | as for all, for this one alone |\n%s", strings.Join(alike, ", "), own.String())
}

// schemaOf is the JSON Schema of a struct.
func schemaOf(t *testing.T, of reflect.Type) properties {
	t.Helper()
	docs := comments(t, of)
	var all properties
	for field := range of.Fields() {
		tag, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		schema := append(properties{{"description", sayingOf(of, docs, field.Name, tag)}}, schemaOfValue(t, field.Type)...)
		all = append(all, property{tag, schema})
	}
	return properties{{"type", "object"}, {"additionalProperties", false}, {"properties", all}}
}

func schemaOfValue(t *testing.T, of reflect.Type) properties {
	t.Helper()
	text := []string{"string", "integer"} // YAML has a column's number, or a word such as 0, as an integer
	switch {
	case of.Kind() == reflect.Struct:
		return schemaOf(t, of)
	case of.Kind() == reflect.Map:
		return properties{{"type", "object"}, {"additionalProperties", schemaOfValue(t, of.Elem())}}
	case of.Kind() == reflect.Slice && of.Elem().Kind() == reflect.Struct:
		return properties{{"type", "array"}, {"items", schemaOf(t, of.Elem())}}
	case of.Kind() == reflect.Slice && of.Name() != "": // one name or a list
		return properties{{"type", append(text, "array")}, {"items", properties{{"type", text}}}}
	case of.Kind() == reflect.Slice:
		return properties{{"type", "array"}, {"items", properties{{"type", text}}}}
	case of.Kind() == reflect.Pointer:
		return schemaOfValue(t, of.Elem())
	case of.Kind() == reflect.Bool:
		return properties{{"type", "boolean"}}
	case of.Kind() == reflect.Int:
		return properties{{"type", "integer"}, {"minimum", 0}}
	}
	return properties{{"type", text}}
}

// TestShippedMappingsFitTheirSchema keeps the schema from refusing what the program reads.
func TestShippedMappingsFitTheirSchema(t *testing.T) {
	file, err := os.Open(mappingSchema)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	document, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("mapping", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("mapping")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(root + "/ingest/source/shipped/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var mapping any
		if err := yaml.Unmarshal(text, &mapping); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(mapping); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if schema.Validate(map[string]any{"colums": map[string]any{}}) == nil {
		t.Error("a key that is misspelt fits the schema")
	}
}
