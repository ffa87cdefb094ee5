package imports

import "context"

// Missing are the events of an earlier import of a file of the same name that the file does not say any more.
type Missing struct {
	// Number is the earlier import.
	Number uint32
	Events int64
	// In are the imports to undo so that the events are taken back: Number, and those before it of the same name that say them too.
	In []uint32
}

// FindMissing says which events of the latest standing import of a file of this name the file does not say. It is zero where less than half of them
// are in the file, as that is one of another day, and where other files say them.
func FindMissing(ctx context.Context, table Table, about *Import) (m Missing, err error) {
	if about.Of > 0 { // the file is that of an earlier import
		return m, nil
	}
	earlier, last, err := earlierOf(ctx, table, about)
	if err != nil || last == 0 {
		return m, err
	}
	said, missing, in, err := table.Missing(ctx, last, about.Number, earlier)
	if err != nil || missing == 0 || 2*said < missing+said {
		return m, err
	}
	return Missing{last, missing, in}, nil
}

// earlierOf are the standing imports of files of the same name before an import, and the last of them that was not interrupted, 0 for none.
func earlierOf(ctx context.Context, table Table, about *Import) (earlier []uint32, last uint32, err error) {
	all, err := table.Imports(ctx)
	if err != nil {
		return nil, 0, err
	}
	for i := range all {
		if all[i].Kind == about.Kind && all[i].File == about.File && all[i].Number < about.Number && !Undone(all, all[i].Number) {
			earlier = append(earlier, all[i].Number)
			if !all[i].Ended.IsZero() && !all[i].Interrupted {
				last = max(last, all[i].Number)
			}
		}
	}
	return earlier, last, nil
}
