package imports

import (
	"bytes"
	"context"
	"fmt"

	"dwell/ingest/event"
)

// Undo takes back what an import added and no other standing import contains. Of what it replaced, that comes again which the standing
// imports say last. It is an undoing of its own, with the number of events that it retracted.
func (im *Importer) Undo(ctx context.Context, number uint32) (*Import, error) {
	all, err := im.Table.Imports(ctx)
	if err != nil {
		return nil, err
	}
	killed := false
	for i := range all {
		if all[i].Kind == Undoing && all[i].Of == number {
			if !all[i].Ended.IsZero() {
				return nil, fmt.Errorf("import %d is undone already", number)
			}
			killed = true // or at work: begin waits for it, and completes it
		}
	}
	about := &Import{Kind: Undoing, Of: number}
	found := false
	for i := range all {
		if all[i].Number == number && (all[i].Kind == OfEvents || all[i].Kind == OfReadings) {
			found = true
			about.File, about.FileHash, about.Mapping, about.MappingHash = all[i].File, all[i].FileHash, all[i].Mapping, all[i].MappingHash
		}
	}
	if !found {
		return nil, fmt.Errorf("there is no import %d; \"dwell imports list\" has all", number)
	}
	if err := im.undoable(ctx, number); err != nil && !killed {
		return nil, err
	}
	ctx, end, err := im.begin(ctx, about)
	if err != nil {
		return nil, err
	}
	err = im.takeBack(ctx, about)
	if err == nil && killed {
		err = im.addCompleted(ctx, about)
	}
	return about, end(err)
}

// addCompleted adds what an earlier undoing of the same import took back, which begin has completed.
func (im *Importer) addCompleted(ctx context.Context, about *Import) error {
	all, err := im.Table.Imports(ctx)
	for i := range all {
		if all[i].Kind == Undoing && all[i].Of == about.Of && all[i].Number != about.Number {
			about.Retracted, about.Changes = about.Retracted+all[i].Retracted, about.Changes+all[i].Changes
		}
	}
	return err
}

// undoable refuses an import with retractions, which are final: the events that they took back would not come again.
func (im *Importer) undoable(ctx context.Context, number uint32) error {
	d := im.decoder()
	final := 0
	for after := (*Key)(nil); ; {
		page, err := im.Table.EntriesOf(ctx, number, after)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		after = &page[len(page)-1].Key
		for i := range page {
			if !page[i].Appended || !bytes.Contains(page[i].Event, []byte("event.retracted")) {
				continue
			}
			e, _, err := d.read(page[i].Event)
			if err != nil {
				return err
			}
			if e.Type == event.EventRetracted {
				final++
			}
		}
	}
	if final == 0 {
		return nil
	}
	return fmt.Errorf("import %d has %d retractions, which are final, so that it cannot be undone: send the events that they took back again, "+
		"each with the next edition (\"edition\": 1 where it had none)", number, final)
}

func (im *Importer) takeBack(ctx context.Context, about *Import) error {
	im.undone[about.Of] = true
	d := im.decoder()
	for after := (*Key)(nil); ; {
		page, err := im.Table.EntriesOf(ctx, about.Of, after)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return im.changes(ctx, about)
		}
		after = &page[len(page)-1].Key
		var keys []Key
		for i := range page {
			im.touch(&page[i])
			if !page[i].Derived {
				keys = append(keys, page[i].Key)
			}
		}
		before, err := histories(ctx, im.Table, keys, true)
		if err != nil {
			return err
		}
		var said []statement
		for _, key := range keys {
			s, changes, err := im.withdrawn(d, before[key])
			if err != nil {
				return err
			}
			if changes {
				s.entry.Number = about.Number
				said = append(said, s)
				about.Retracted++
			}
		}
		if err := im.write(ctx, said); err != nil {
			return err
		}
	}
}

// withdrawn is what the log must get of an event so that it has what the standing imports say last.
func (im *Importer) withdrawn(d *decoder, h history) (s statement, changes bool, err error) {
	last, live, says := h.last(), h.live(), h.latest(im.standing)
	if last == nil || !last.Standing || live == nil || says != nil && says.Content == live.Content {
		return s, false, nil
	}
	retraction, err := d.retraction(im.Vocabulary, &Entry{Key: last.Key, Edition: last.Edition, Event: live.Event})
	if err != nil {
		return s, false, err
	}
	if says == nil {
		if s, err = d.restate(*live); err != nil {
			return s, false, err
		}
		s.entry.Edition, s.entry.Appended, s.entry.Standing = last.Edition, false, false
		s.entry.Event, s.entry.Retraction = live.Event, retraction
		return s, true, nil
	}
	with := *says
	for i := range h { // the import that said it first has the message
		if h[i].Content == says.Content && len(h[i].Event) > 0 {
			with.Event = h[i].Event
		}
	}
	if s, err = d.restate(with); err != nil {
		return s, false, err
	}
	s.entry.Edition, s.entry.Appended, s.entry.Standing, s.entry.Retraction = last.Edition+1, true, true, retraction
	return s, true, nil
}
