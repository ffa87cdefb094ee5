package imports

import (
	"context"
	"slices"

	"dwell/ingest/event"
	"dwell/ingest/source"
)

// batchLines is how many lines are looked up and written at once.
const batchLines = 10_000

// batch is lines that are looked up and written together, with the memory of what they say.
type batch struct {
	said  []statement
	text  []byte
	key   []byte
	names map[string]string
}

// name is a string that all statements share.
func (b *batch) name(s []byte) string {
	if known, ok := b.names[string(s)]; ok {
		return known
	}
	if b.names == nil {
		b.names = map[string]string{}
	}
	n := string(s)
	b.names[n] = n
	return n
}

func (b *batch) reset() {
	b.said, b.text = b.said[:0], b.text[:0]
}

// history is all entries of an event, by their numbers.
type history []Entry

// last is the state after all of them.
func (h history) last() *Entry {
	if len(h) == 0 {
		return nil
	}
	return &h[len(h)-1]
}

// live is the entry whose message the log has in the last edition.
func (h history) live() *Entry {
	for i := range slices.Backward(h) {
		if h[i].Appended && h[i].Edition == h.last().Edition {
			return &h[i]
		}
	}
	return nil
}

// said is the entry of a standing import that says this.
func (h history) said(content uint64, standing func(uint32) bool) *Entry {
	for i := range h {
		if h[i].Content == content && !h[i].Derived && standing(h[i].Number) {
			return &h[i]
		}
	}
	return nil
}

// latest is the entry of what the standing imports say last.
func (h history) latest(standing func(uint32) bool) (found *Entry) {
	for i := range h {
		if !h[i].Derived && standing(h[i].Number) && (found == nil || h[i].First > found.First) {
			found = &h[i]
		}
	}
	return found
}

// histories reads the entries of keys, with their messages or without.
func histories(ctx context.Context, table Table, keys []Key, messages bool) (map[Key]history, error) {
	entries, err := table.Entries(ctx, keys, messages)
	if err != nil {
		return nil, err
	}
	of := make(map[Key]history, len(keys))
	for i := range entries {
		of[entries[i].Key] = append(of[entries[i].Key], entries[i])
	}
	for _, h := range of {
		slices.SortFunc(h, func(a, b Entry) int { return int(a.Number) - int(b.Number) })
	}
	return of, nil
}

// write writes the statements to the table, and then to the log what it gets of them.
func (im *Importer) write(ctx context.Context, said []statement) error {
	if len(said) == 0 {
		return nil
	}
	entries := make([]Entry, len(said))
	for i := range said {
		entries[i] = said[i].entry
	}
	if err := im.Table.WriteEntries(ctx, entries); err != nil {
		return err
	}
	return im.send(ctx, said)
}

// send writes to the log what it gets of the statements.
func (im *Importer) send(ctx context.Context, said []statement) error {
	var records []event.Record
	for i := range said {
		before := len(records)
		records = said[i].records(records)
		if im.Sent != nil && len(records) > before && !said[i].ofPlace {
			im.Sent(said[i].subject, said[i].entry.Time)
		}
	}
	return im.Log.Write(ctx, records...)
}

// place is where openings follow from readings.
type place struct{ source, bcp string }

func (im *Importer) touch(e *Entry) {
	if e.Closed != source.NotSaid && !e.Derived {
		im.touched[place{e.Source, e.BCP}] = true
	}
}
