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
	// Latest says that what a file says is what holds now, also if it was said before and replaced since: as of a document that is read
	// again and again. Otherwise an import that repeats what another one said adds nothing.
	Latest bool
	// Waiting is called while another import is at work, with what it is.
	Waiting func(other *Import)
	// Sent is called with each event of a visit that goes into the log or is retracted there, with its subject and its time in Unix milliseconds,
	// from one goroutine at a time. Nil is nobody.
	Sent func(subject []byte, at int64)

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
	err = im.take(ctx, about, lines, tally, refused)
	return end(err)
}

func (im *Importer) take(ctx context.Context, about *Import, lines iter.Seq2[source.Line, error], tally *source.Tally, refused func(*source.LineError) error) (err error) {
	// One batch is written while the lines of the next are read.
	var b, other batch
	var writing chan outcome
	written := func() error {
		if writing == nil {
			return nil
		}
		o := <-writing
		writing = nil
		tally.Know(o.replaced, o.duplicates)
		for i := range o.conflicts {
			if err := refused(tally.Conflict(o.conflicts[i].line, o.conflicts[i].entry.Event)); err != nil {
				return errors.Join(o.err, err)
			}
		}
		return o.err
	}
	flush := func() error {
		if err := written(); err != nil {
			return err
		}
		b, other = other, b
		b.reset()
		to := make(chan outcome, 1)
		writing = to
		full := &other
		go func() { to <- im.flush(ctx, about.Number, about.Of > 0, full) }()
		return nil
	}
	defer func() { err = errors.Join(err, written()) }()
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
	if err := errors.Join(flush(), written()); err != nil {
		return err
	}
	about.Lines, about.Added, about.Replaced, about.Duplicates, about.Refused = tally.Lines, tally.Taken-tally.Replaced, tally.Replaced, tally.Duplicates, tally.Refused
	if about.Of > 0 && tally.Taken == 0 {
		about.Kind = Repeating
	}
	if err := im.changes(ctx, about); err != nil {
		return err
	}
	tally.Changes = about.Changes
	return nil
}

// outcome is what became of a batch, besides what was added.
type outcome struct {
	replaced, duplicates int64
	conflicts            []statement
	err                  error
}

// flush decides what becomes of a batch of an import, and writes it. Repeats says that the file is that of another import.
func (im *Importer) flush(ctx context.Context, number uint32, repeats bool, b *batch) (o outcome) {
	if len(b.said) == 0 {
		return o
	}
	keys := make([]Key, len(b.said))
	for i := range b.said {
		keys[i] = b.said[i].entry.Key
	}
	before, err := histories(ctx, im.Table, keys, false)
	if err != nil {
		return outcome{err: err}
	}
	said := b.said[:0]
	var replaces []Key
	for i := range b.said {
		s := b.said[i]
		e := &s.entry
		h := before[e.Key]
		last := h.last()
		if last != nil && last.Number == number {
			if last.Content == e.Content {
				o.duplicates++
			} else {
				o.conflicts = append(o.conflicts, s)
			}
			continue
		}
		e.Number, e.First = number, number
		if known := h.said(e.Content, im.standing); known != nil && !(im.Latest && last.Standing && h.live() != nil && h.live().Content != e.Content) {
			o.duplicates++
			if repeats { // the other import has the line
				continue
			}
			e.First, e.Edition, e.Standing, e.Event = known.First, last.Edition, last.Standing, nil
		} else {
			e.Appended, e.Standing, e.Edition = true, true, s.own
			if last != nil {
				e.Edition = last.Edition + 1
			}
			if last != nil && last.Standing {
				replaces = append(replaces, e.Key)
				o.replaced++
			}
			im.touch(e)
		}
		before[e.Key] = append(h, *e)
		said = append(said, s)
	}
	if o.err = im.retract(ctx, said, replaces); o.err == nil {
		o.err = im.write(ctx, said)
	}
	return o
}

// retract adds to the statements the retractions of what they replace.
func (im *Importer) retract(ctx context.Context, said []statement, replaces []Key) error {
	if len(replaces) == 0 {
		return nil
	}
	before, err := histories(ctx, im.Table, replaces, true)
	if err != nil {
		return err
	}
	d := im.decoder()
	for i := range said {
		h, replaced := before[said[i].entry.Key]
		if !replaced {
			continue
		}
		if said[i].entry.Retraction, err = d.retraction(im.Vocabulary, h.live()); err != nil {
			return err
		}
	}
	return nil
}

func (im *Importer) standing(number uint32) bool { return !im.undone[number] }

func (im *Importer) decoder() *decoder {
	return &decoder{of: event.NewDecoder(im.Vocabulary, source.MaxSkew)}
}
