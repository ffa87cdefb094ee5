package app

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// notConfiguration are the environment variables that begin with DWELL_ and are no keys.
var notConfiguration = []string{"DWELL_LIBCHDB"}

// fromEnvironment sets the keys that environ, "KEY=value" each, has variables for.
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
		if !ok {
			return fmt.Errorf("environment variable %s is no key of the configuration", name)
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

// eachKey calls do for every key and section below v, in their order.
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

// variable is the environment variable of a key.
func variable(path string) string {
	return "DWELL_" + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// set reads a value as YAML; a text is taken as it is, and a list may be written with commas alone. An empty list has no
// elements, rather than an empty one.
func set(field reflect.Value, text string) error {
	switch {
	case field.Kind() == reflect.String:
		field.SetString(text)
		return nil
	case field.Kind() == reflect.Slice && text == "":
		field.SetZero()
		return nil
	case field.Kind() == reflect.Slice && !strings.HasPrefix(text, "["):
		field.Set(reflect.ValueOf(strings.Split(text, ",")).Convert(field.Type()))
		return nil
	}
	return yaml.Unmarshal([]byte(text), field.Addr().Interface())
}
