package app

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"dwell/ingest/strictyaml"
)

// notConfiguration are environment variables that begin with DWELL_ and set no key of the configuration.
var notConfiguration = []string{"DWELL_LIBCHDB", "DWELL_TOKEN"}

// fromEnvironment sets each key whose variable is in environ, a list of "NAME=value".
func fromEnvironment(cfg *Config, environ []string) error {
	keys := map[string]reflect.Value{}
	_ = eachKey(reflect.ValueOf(cfg).Elem(), "", func(path string, _ reflect.StructField, v reflect.Value) error {
		if v.Kind() != reflect.Struct {
			keys[variable(path)] = v
		}
		return nil
	})
	for _, pair := range environ {
		name, text, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "DWELL_") || slices.Contains(notConfiguration, name) {
			continue
		}
		field, ok := keys[name]
		for key, wayOut := range removed {
			if name == variable(key) {
				return fmt.Errorf("environment variable %s: %s", name, wayOut)
			}
		}
		if !ok {
			return fmt.Errorf("environment variable %s is not a key of the configuration", name)
		}
		if err := set(field, text); err != nil {
			if strings.Contains(name, "PASSWORD") {
				text = "***"
			}
			return fmt.Errorf("environment variable %s: %q: %w", name, text, err)
		}
	}
	return nil
}

// eachKey calls do for every section and key below v, in the order of the struct's fields.
func eachKey(v reflect.Value, section string, do func(path string, field reflect.StructField, v reflect.Value) error) error {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		tag, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		path := section + tag
		if options == "inline" {
			path = section
		} else if tag == "" || tag == "-" {
			continue
		} else if err := do(path, field, v.Field(i)); err != nil {
			return err
		}
		if v.Field(i).Kind() == reflect.Struct {
			if options != "inline" {
				path += "."
			}
			if err := eachKey(v.Field(i), path, do); err != nil {
				return err
			}
		}
	}
	return nil
}

// variable returns the environment variable of a key.
func variable(path string) string {
	return "DWELL_" + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// set reads a value as YAML, except that a string needs no quotes, and a list no brackets. What is empty is an empty string or
// list. For anything else it is an error: YAML would make false or zero of it, and so switch off the TLS that a file asks for.
func set(field reflect.Value, text string) error {
	switch {
	case field.Kind() == reflect.String:
		field.SetString(text)
		return nil
	case strings.TrimSpace(text) == "" && field.Kind() == reflect.Slice:
		field.SetZero()
		return nil
	case strings.TrimSpace(text) == "":
		return errors.New("is empty; give it a value, or unset it")
	case field.Kind() == reflect.Slice && !strings.HasPrefix(text, "["):
		items := strings.Split(text, ",")
		for i := range items {
			items[i] = strings.TrimSpace(items[i])
		}
		field.Set(reflect.ValueOf(items).Convert(field.Type()))
		return nil
	}
	if err := strictyaml.Unmarshal([]byte(text), field.Addr().Interface()); err != nil {
		return errors.New(yaml.FormatError(err, false, false))
	}
	return nil
}
