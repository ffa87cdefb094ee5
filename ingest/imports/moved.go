package imports

import "context"

// Moved are the events of a file that earlier imports of a file of the same name, or by the same mapping, say under other ids, so that each counts twice. A file whose
// records were numbered anew, as a row was deleted or inserted, has most of its events in them.
type Moved struct {
	Events int64
	// In are the imports to undo so that each counts once.
	In []uint32
}

// FindMoved finds them among the events that an import has added.
func FindMoved(ctx context.Context, table Table, about *Import) (m Moved, err error) {
	if about.Of > 0 || about.Kind != OfEvents || about.Added == 0 {
		return m, nil
	}
	earlier, _, err := earlierOf(ctx, table, about)
	if err != nil || len(earlier) == 0 {
		return m, err
	}
	m.Events, m.In, err = table.Moved(ctx, about.Number, earlier)
	return m, err
}
