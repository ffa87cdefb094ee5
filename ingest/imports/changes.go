package imports

import (
	"context"
	"slices"
	"strings"

	"dwell/ingest/event"
	"dwell/ingest/source"
)

// changes adds the closings and openings that follow from the readings of all standing imports, and retracts those that do not follow any
// more, of the places where the import changed something.
func (im *Importer) changes(ctx context.Context, about *Import) error {
	var places []place
	for p := range im.touched {
		places = append(places, p)
	}
	slices.SortFunc(places, func(a, b place) int { return strings.Compare(a.source+"\x00"+a.bcp, b.source+"\x00"+b.bcp) })
	for _, p := range places {
		turns, err := im.Table.Turns(ctx, p.source, p.bcp)
		if err != nil {
			return err
		}
		before, err := im.Table.Changes(ctx, p.source, p.bcp)
		if err != nil {
			return err
		}
		said, err := im.changed(p, turns, before)
		if err != nil {
			return err
		}
		for i := range said {
			said[i].entry.Number, said[i].entry.First, said[i].entry.Derived = about.Number, about.Number, true
		}
		about.Changes += int64(len(said))
		for some := range slices.Chunk(said, batchLines) {
			if err := im.write(ctx, some); err != nil {
				return err
			}
		}
	}
	return nil
}

// changed is what the log must get so that it has the closings and openings of these turns.
func (im *Importer) changed(p place, turns []Turn, before []Entry) (said []statement, err error) {
	var b batch
	d := im.decoder()
	bcp, known := im.Vocabulary.BCP([]byte(p.bcp))
	if !known {
		return nil, nil // its events are dead letters
	}
	last := map[Key]*Entry{}
	for i := range before {
		last[before[i].Key] = &before[i]
	}
	follows := map[Key]bool{}
	for _, turn := range turns {
		id := source.ChangeID(turn.ID, turn.Closed)
		s := b.state(im.Vocabulary, &source.Line{Recorded: turn.Time, Event: &event.Event{
			Type: source.ChangeType(turn.Closed), ID: []byte(id), Source: []byte(p.source), Subject: []byte(p.bcp), BCP: bcp, Time: turn.Time, Recorded: turn.Time,
			Observation: event.NoObservation(),
		}})
		s.entry.ID, s.entry.Appended, s.entry.Standing = id, true, true
		follows[s.entry.Key] = true
		was := last[s.entry.Key]
		if was != nil && was.Standing {
			continue
		}
		if was != nil {
			s.entry.Edition = was.Edition + 1
		}
		said = append(said, s)
	}
	for i := range before {
		was := before[i]
		if !was.Standing || follows[was.Key] {
			continue
		}
		s, err := d.restate(was)
		if err != nil {
			return nil, err
		}
		if s.entry.Retraction, err = d.retraction(im.Vocabulary, &was); err != nil {
			return nil, err
		}
		s.entry.Appended, s.entry.Standing = false, false
		said = append(said, s)
	}
	return said, nil
}
