package app

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/goccy/go-yaml"

	"dwell/ingest/strictyaml"
)

// removed are keys of earlier versions, and what to do about each.
var removed = map[string]string{
	"hosts":                   "is web.hosts now",
	"dashboards.live.origins": "is web.allowed_origins now",
	"dashboards.hub.timeout":  "the overview asks no database any more; remove this key",
	"clickhouse.protocol":     "dwell uses HTTP alone; remove this key, and set clickhouse.addresses to the HTTP port of ClickHouse, 8123, or 8443 with TLS",
}

// removedKey names a key of an earlier version in a file that was refused for an unknown key. It returns nil if the file has no such key.
func removedKey(text []byte, refused error) error {
	var unknown *yaml.UnknownFieldError
	if !errors.As(refused, &unknown) {
		return nil
	}
	file, err := strictyaml.Parse(text)
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(removed)) {
		path, err := yaml.PathString("$." + key)
		if err != nil {
			return err
		}
		if _, err := path.FilterFile(file); err == nil {
			return fmt.Errorf("%s: %s", key, removed[key])
		}
	}
	return nil
}
