package app

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"dwell/ingest/strictyaml"
)

// badDuration names a key of a refused file whose value is not a duration but should be one. The YAML library names neither key nor
// value.
// It returns nil if there is no such key.
func (c *Config) badDuration(text []byte) error {
	file, err := strictyaml.Parse(text)
	if err != nil {
		return nil // which is the error that is known
	}
	return eachKey(reflect.ValueOf(c).Elem(), "", func(key string, _ reflect.StructField, v reflect.Value) error {
		if v.Type() != reflect.TypeFor[time.Duration]() {
			return nil
		}
		path, err := yaml.PathString("$." + key)
		if err != nil {
			return err
		}
		node, err := path.FilterFile(file)
		if err != nil {
			return nil // the key is absent
		}
		if value := node.GetToken(); yaml.NodeToValue(node, new(time.Duration)) != nil {
			return fmt.Errorf("%s: %q is not a duration; write it as hours, minutes and seconds with their units, such as 720h, 1h30m or 0s", key, strings.TrimSpace(value.Value))
		}
		return nil
	})
}
