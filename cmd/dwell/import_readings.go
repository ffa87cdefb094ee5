package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"dwell/ingest/imports"
	"dwell/ingest/source"
)

type importReadingsCommand struct {
	importFlags `embed:""`
	Map         string `type:"existingfile" help:"Mapping of columns to fields (YAML); without it, the shipped mapping whose columns the file has."`
}

func (c *importReadingsCommand) Run(ctx context.Context, e *env) error {
	mappings, err := readMappings(c.Map)
	if err != nil {
		return err
	}
	return c.run(ctx, e, imports.OfReadings, func(im *importing) (input, error) {
		r, err := source.NewReader(im, mappings, im.Vocabulary, im.zone, time.Now().Add(source.MaxSkew))
		if err != nil {
			return nil, err
		}
		m := r.Mapping()
		im.about.Mapping, im.about.MappingHash = filepath.Base(m.Name), m.Hash
		im.Say("mapping", "%s", m.Name)
		return r, nil
	})
}

// readMappings reads the mapping of --map, or without it those that are part of the program.
func readMappings(file string) ([]source.Mapping, error) {
	if file == "" {
		return source.Shipped()
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--map: %w", err)
	}
	m, err := source.ParseMapping(file, text)
	return []source.Mapping{m}, err
}
