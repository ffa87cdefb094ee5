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
	variables(reflect.ValueOf(cfg).Elem(), "DWELL", keys)
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

// variables finds the name of every key below v.
func variables(v reflect.Value, prefix string, into map[string]reflect.Value) {
	for i := range v.NumField() {
		tag, options, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		field := v.Field(i)
		switch {
		case options == "inline":
			variables(field, prefix, into)
		case tag == "" || tag == "-":
		case field.Kind() == reflect.Struct:
			variables(field, prefix+"_"+strings.ToUpper(tag), into)
		default:
			into[prefix+"_"+strings.ToUpper(tag)] = field
		}
	}
}

// set reads a value as YAML; a text is taken as it is, and a list may be written with commas alone.
func set(field reflect.Value, text string) error {
	switch {
	case field.Kind() == reflect.String:
		field.SetString(text)
		return nil
	case field.Kind() == reflect.Slice && !strings.HasPrefix(text, "["):
		field.Set(reflect.ValueOf(strings.Split(text, ",")).Convert(field.Type()))
		return nil
	}
	return yaml.Unmarshal([]byte(text), field.Addr().Interface())
}
