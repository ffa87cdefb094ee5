package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/source"
)

type importReadingsCommand struct {
	importFlags `embed:""`
	Map         string `type:"existingfile" help:"Which column is what (YAML); without it, the shipped mapping whose columns the file has."`
}

func (c *importReadingsCommand) Run(ctx context.Context, e *env) error {
	mappings, err := c.mappings()
	if err != nil {
		return err
	}
	return c.run(ctx, e, func(ctx context.Context, im *importer, in io.Reader) error {
		return importReadings(ctx, im, in, mappings)
	})
}

func (c *importReadingsCommand) mappings() ([]source.Mapping, error) {
	if c.Map == "" {
		return source.Shipped()
	}
	text, err := os.ReadFile(c.Map)
	if err != nil {
		return nil, fmt.Errorf("--map: %w", err)
	}
	m, err := source.ParseMapping(c.Map, text)
	return []source.Mapping{m}, err
}

func importReadings(ctx context.Context, im *importer, in io.Reader, mappings []source.Mapping) error {
	r, err := source.NewReader(in, mappings, im.Vocabulary, time.Now().Add(maxSkew))
	if err != nil {
		return err
	}
	im.Say("mapping", "%s", r.Mapping().Name)
	for reading, err := range r.Events() {
		var bad *source.LineError
		switch {
		case errors.As(err, &bad):
			im.badLine(bad.Line, errors.New(bad.Reason))
		case err != nil:
			return err
		default:
			if err := im.add(ctx, event.NewRecord(im.Vocabulary, reading, reading.Recorded)); err != nil {
				return err
			}
		}
	}
	return nil
}
