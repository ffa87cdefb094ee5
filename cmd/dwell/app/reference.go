package app

import (
	_ "embed"
	"fmt"
	"maps"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"

	"dwell/ingest/source"
)

// Key is a key of the configuration file.
type Key struct {
	// Path is the key's with its sections: kafka.sasl.user.
	Path string
	// Text says what it is. Of a section it is all there is.
	Text    string
	Section bool
	// Variable is the environment variable that sets it.
	Variable string
	// Value is its value, as YAML; Example is one where the default is empty.
	Value, Example string
}

// texts are the comments on the fields of the configuration's structs, by path. The test of this file writes it.
//
//go:embed reference.yaml
var texts []byte

// Keys are all sections, each with its own keys after it, with the values that they have. Passwords are not shown.
func (c *Config) Keys() ([]Key, error) {
	said := map[string]string{}
	if err := yaml.Unmarshal(texts, &said); err != nil {
		return nil, fmt.Errorf("reference.yaml: %w", err)
	}
	var sections []string
	leaves, heads := map[string][]Key{}, map[string]Key{}
	err := eachKey(reflect.ValueOf(c).Elem(), "", func(path string, field reflect.StructField, v reflect.Value) error {
		k := Key{Path: path, Text: said[path]}
		if v.Kind() == reflect.Struct {
			k.Section = true
			sections, heads[path] = append(sections, path), k
			return nil
		}
		value, err := shown(path, v)
		k.Value, k.Variable, k.Example = value, variable(path), field.Tag.Get("example")
		section := path[:max(0, strings.LastIndex(path, "."))]
		leaves[section] = append(leaves[section], k)
		return err
	})
	all := leaves[""]
	for _, s := range sections {
		all = append(append(all, heads[s]), leaves[s]...)
	}
	return all, err
}

// shown is a value as YAML. A password is not.
func shown(path string, v reflect.Value) (string, error) {
	if strings.HasSuffix(path, "password") {
		if v.IsZero() {
			return `""`, nil
		}
		return `"***"`, nil
	}
	shown := v.Interface()
	if sources, ok := shown.(map[string]source.Description); ok {
		sources = maps.Clone(sources)
		for name, s := range sources {
			s.URL = source.WithoutPassword(s.URL)
			sources[name] = s
		}
		shown = sources
	}
	value, err := yaml.MarshalWithOptions(shown, yaml.Flow(true))
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return strings.TrimSpace(string(value)), nil
}

// YAML is the configuration as a file that says what each key is.
func (c *Config) YAML() (string, error) {
	keys, err := c.Keys()
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, k := range keys {
		depth := strings.Count(k.Path, ".")
		indent := strings.Repeat("  ", depth)
		name := k.Path[strings.LastIndex(k.Path, ".")+1:]
		if k.Section {
			fmt.Fprintf(&out, "\n%s%s%s:\n", comment(indent, k.Text), indent, name)
			continue
		}
		text := k.Text
		if k.Example != "" {
			text += " For example: " + k.Example
		}
		fmt.Fprintf(&out, "%s%s%s: %s\n", comment(indent, text), indent, name, k.Value)
	}
	return out.String(), nil
}

// lineLength is that of the comments of the file.
const lineLength = 118

// comment breaks a text into lines.
func comment(indent, text string) string {
	var out strings.Builder
	line := indent + "#"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > lineLength {
			out.WriteString(line + "\n")
			line = indent + "#"
		}
		line += " " + word
	}
	return out.String() + line + "\n"
}
