package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"dwell/ingest/imports"
	"dwell/ingest/source"
)

type importReadingsCommand struct {
	importFlags `embed:""`
	Map         string `type:"existingfile" help:"Mapping of columns to fields (YAML); without it, the one of the configuration's sources or of the program whose columns the file has."`
}

func (c *importReadingsCommand) Run(ctx context.Context, e *env) error {
	named, err := readMapping(c.Map)
	if err != nil {
		return err
	}
	if named != nil && named[0].OfEvents() {
		return fmt.Errorf("--map %s is of events: use dwell import events", c.Map)
	}
	return c.run(ctx, e, imports.OfReadings, func(im *importing) (input, error) {
		mappings, err := named, error(nil)
		if mappings == nil {
			mappings, err = im.Config.Mappings()
		}
		if err != nil {
			return nil, err
		}
		return im.mapped(slices.DeleteFunc(mappings, func(m source.Mapping) bool { return m.OfEvents() }))
	})
}

// readMapping reads the mapping of --map; none without it.
func readMapping(file string) ([]source.Mapping, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--map: %w", err)
	}
	m, err := source.ParseMapping(file, text)
	return []source.Mapping{m}, err
}
