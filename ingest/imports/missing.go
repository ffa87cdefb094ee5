package imports

import (
	"cmp"
	"context"
	"slices"
)

// Missing are the events of an earlier import of a file of the same name, or by the same mapping, that the file does not say any more.
type Missing struct {
	// Number is the earlier import.
	Number uint32
	Events int64
	// In are the imports to undo so that the events are taken back: Number, and those like it that say them too.
	In []uint32
}

// FindMissing says which events of the latest standing import of a file of this name the file does not say, or of one by the same mapping where none has
// this name. It is zero where less than half of them are in the file, as that is one of another day, and where other files say them.
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

// mostEarlier is how many imports a file is compared with, the latest ones.
const mostEarlier = 1000

// earlierOf are the standing imports before an import of files of the same name, or by the same mapping, in order. The last is that of the same name
// that was not interrupted, or else by the same mapping, 0 for none.
func earlierOf(ctx context.Context, table Table, about *Import) (earlier []uint32, last uint32, err error) {
	all, err := table.Imports(ctx)
	if err != nil {
		return nil, 0, err
	}
	var mapped uint32
	for i := range all {
		it := &all[i]
		named, alike := it.File == about.File, it.MappingHash != "" && it.MappingHash == about.MappingHash
		if it.Kind != about.Kind || !named && !alike || it.Number >= about.Number || Undone(all, it.Number) {
			continue
		}
		earlier = append(earlier, it.Number)
		switch whole := !it.Ended.IsZero() && !it.Interrupted; {
		case whole && named:
			last = max(last, it.Number)
		case whole:
			mapped = max(mapped, it.Number)
		}
	}
	slices.Sort(earlier)
	return earlier[max(0, len(earlier)-mostEarlier):], cmp.Or(last, mapped), nil
}
