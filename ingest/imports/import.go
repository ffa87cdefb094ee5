package imports

import (
	"context"
	"errors"
	"iter"

	"dwell/ingest/event"
	"dwell/ingest/source"
)

// Importer brings files into the log, one at a time.
type Importer struct {
	Table      Table
	Log        Log
	Vocabulary *event.Vocabulary
	// Waiting is called while another import is at work, with what it is.
	Waiting func(other *Import)

	touched map[place]bool
	undone  map[uint32]bool // and all numbers that are no imports
}

// Import takes the lines of a file, of which about has the kind, names and hashes, and counts in it what they became. It corrects the
// tally by what earlier imports said. Refused is called with each line that is refused.
func (im *Importer) Import(ctx context.Context, about *Import, lines iter.Seq2[source.Line, error], tally *source.Tally, refused func(*source.LineError) error) error {
	ctx, end, err := im.begin(ctx, about)
	if err != nil {
		return err
	}
	return end(im.take(ctx, about, lines, tally, refused))
}

func (im *Importer) take(ctx context.Context, about *Import, lines iter.Seq2[source.Line, error], tally *source.Tally, refused func(*source.LineError) error) error {
	var b batch
	flush := func() error {
		err := im.flush(ctx, about, &b, tally, refused)
		b.reset()
		return err
	}
	for l, err := range lines {
		var bad *source.LineError
		switch {
		case errors.As(err, &bad):
			err = refused(bad)
		case err != nil:
			return errors.Join(err, flush())
		default:
			if b.said = append(b.said, b.state(im.Vocabulary, &l)); len(b.said) == batchLines {
				err = flush()
			}
		}
		if err != nil {
			return err
		}
	}
	if err := flush(); err != nil {
		return err
	}
	about.Lines, about.Added, about.Replaced, about.Duplicates, about.Refused = tally.Lines, tally.Taken-tally.Replaced, tally.Replaced, tally.Duplicates, tally.Refused
	if about.Repeats(tally) {
		about.Kind = Repeating
	}
	if err := im.changes(ctx, about); err != nil {
		return err
	}
	tally.Changes = about.Changes
	return nil
}

// flush decides what becomes of a batch, and writes it.
func (im *Importer) flush(ctx context.Context, about *Import, b *batch, tally *source.Tally, refused func(*source.LineError) error) error {
	if len(b.said) == 0 {
		return nil
	}
	keys := make([]Key, len(b.said))
	for i := range b.said {
		keys[i] = b.said[i].entry.Key
	}
	before, err := histories(ctx, im.Table, keys)
	if err != nil {
		return err
	}
	d := im.decoder()
	said := b.said[:0]
	for i := range b.said {
		s := b.said[i]
		e := &s.entry
		h := before[e.Key]
		last := h.last()
		if last != nil && last.Number == about.Number {
			if last.Content == e.Content {
				tally.Duplicate()
			} else if err := refused(tally.Conflict(s.line, s.entry.Event)); err != nil {
				return err
			}
			continue
		}
		e.Number, e.First = about.Number, about.Number
		if known := h.said(e.Content, im.standing); known != nil {
			tally.Duplicate()
			if about.Of > 0 { // the file is that of another import, which has the line
				continue
			}
			e.First, e.Edition, e.Standing, e.Event = known.First, last.Edition, last.Standing, nil
		} else {
			e.Appended, e.Standing, e.Edition = true, true, s.own
			if last != nil {
				e.Edition = last.Edition + 1
			}
			if last != nil && last.Standing {
				live, err := d.retraction(im.Vocabulary, h.live())
				if err != nil {
					return err
				}
				e.Retraction = live
				tally.Replaced++
			}
			im.touch(e)
		}
		before[e.Key] = append(h, *e)
		said = append(said, s)
	}
	return im.write(ctx, said)
}

// Repeats reports whether an import of a file that another import had has added nothing.
func (i *Import) Repeats(tally *source.Tally) bool { return i.Of > 0 && tally.Taken == 0 }

func (im *Importer) standing(number uint32) bool { return !im.undone[number] }

func (im *Importer) decoder() *decoder {
	return &decoder{of: event.NewDecoder(im.Vocabulary, source.MaxSkew)}
}
