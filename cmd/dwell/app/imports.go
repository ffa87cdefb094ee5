package app

import (
	"context"
	"errors"
	"io"
	"iter"
	"path/filepath"
	"time"

	"dwell/ingest/imports"
	"dwell/ingest/letters"
	"dwell/ingest/source"
)

// Importer brings files into the system's log. It needs to know all that was imported, and is refused where a part of that is damaged. Waiting
// is called while another import is at work.
func (s *System) Importer(ctx context.Context, waiting func(other *imports.Import)) (*imports.Importer, error) {
	if err := s.Store.WholeImports(ctx); err != nil {
		return nil, err
	}
	if err := s.OwnTopic(ctx); err != nil {
		return nil, err
	}
	return &imports.Importer{Table: s.Store, Log: s.Producer, Vocabulary: s.Vocabulary, Waiting: waiting}, nil
}

// Import imports the lines of a file that about names. Those that cannot be used become dead letters before it returns, and refused is called
// with each.
func (s *System) Import(ctx context.Context, im *imports.Importer, about *imports.Import, lines iter.Seq2[source.Line, error], tally *source.Tally, refused func(*source.LineError)) error {
	dead := imports.NewRefused(about.File, letters.Writer{Topic: s.Producer, Table: s.Store}, time.Now)
	err := im.Import(ctx, about, lines, tally, func(line *source.LineError) error {
		refused(line)
		return dead.Add(ctx, line)
	})
	return errors.Join(err, dead.Flush(context.WithoutCancel(ctx)))
}

// zone is the time zone of a BCP.
func (s *System) zone(bcp string) *time.Location { return s.Book.Place(bcp).Zone }

// Reader reads a file by the one of the mappings that fits it.
func (s *System) Reader(about *imports.Import, file io.Reader, mappings []source.Mapping) (*source.Reader, error) {
	r, err := source.NewReader(file, mappings, s.Vocabulary, s.zone, time.Now().Add(source.MaxSkew))
	if err != nil {
		return nil, err
	}
	m := r.Mapping()
	about.Mapping, about.MappingHash = filepath.Base(m.Name), m.Hash
	return r, nil
}
