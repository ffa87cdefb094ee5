package imports

import (
	"context"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/source"
)

// Table keeps what imports have said.
type Table interface {
	// Imports returns all imports and undoings by their numbers.
	Imports(ctx context.Context) ([]Import, error)
	// WriteImport writes or replaces one. It returns an error if another process has the number.
	WriteImport(ctx context.Context, i *Import) error
	// Entries returns all entries of these keys; Event and Retraction are empty without messages.
	Entries(ctx context.Context, keys []Key, messages bool) ([]Entry, error)
	// EntriesOf returns entries of one number in the order of keys, behind a key, nil for the first, as many as Page.
	EntriesOf(ctx context.Context, number uint32, after *Key) ([]Entry, error)
	WriteEntries(ctx context.Context, entries []Entry) error
	// Missing counts the events of an import that another one says, and those that neither it nor any other standing import says but those
	// of earlier, of which in are the ones that do, by their numbers.
	Missing(ctx context.Context, number, by uint32, earlier []uint32) (said, missing int64, in []uint32, err error)
	// Moved counts the events of an import that earlier ones say under other ids, and returns those that do by their numbers.
	Moved(ctx context.Context, number uint32, earlier []uint32) (events int64, in []uint32, err error)
	// Turns returns where the state of a place turns, from open at first, by the readings of a source that the standing imports say last,
	// in the order of time.
	Turns(ctx context.Context, source, bcp string) ([]Turn, error)
	// Changes returns the last entry of each closing and opening that followed from readings of a source at a place.
	Changes(ctx context.Context, source, bcp string) ([]Entry, error)
}

// Log writes records to Kafka; a write returns when they are acknowledged.
type Log interface {
	Write(ctx context.Context, records ...event.Record) error
}

// Page is how many entries are read at once.
const Page = 10_000

// Kind is what an Import is.
type Kind string

// The kinds.
const (
	OfEvents   Kind = "events"
	OfReadings Kind = "readings"
	// Undoing takes back the import Of.
	Undoing Kind = "undo"
	// Repeating added nothing to the import Of, which is of the same file and mapping.
	Repeating Kind = "repeat"
)

// Import is one import, or the undoing of one.
type Import struct {
	// Number counts from 1. Token is random, and distinguishes processes that take one number at the same time.
	Number uint32
	Token  uint64
	Kind   Kind
	Of     uint32
	// File is the name of the file without its folder. The hashes are SHA-256 in hexadecimal; an import without a mapping has an empty
	// MappingHash.
	File, FileHash, Mapping, MappingHash string

	Begun time.Time
	// Ended is zero while it is at work, and after it was killed or has failed until the next import completes what it had begun. It is
	// Interrupted then, and from its failure on.
	Ended       time.Time
	Interrupted bool
	// Alive says that it is at work: its row was written less than Lease ago.
	Alive bool

	// Lines are the sum of Added, Replaced, Duplicates and Refused. Changes are the closings and openings that were added or retracted.
	Lines, Added, Replaced, Duplicates, Changes int64
	Refused                                     map[event.Reason]int64
	// Retracted are the events that an undoing took back.
	Retracted int64
}

// Lease is how long after the last writing of its row an import is taken for one at work.
const Lease = 10 * time.Second

// Undone reports whether an import is taken back, or is about to be.
func Undone(all []Import, number uint32) bool {
	for i := range all {
		if all[i].Kind == Undoing && all[i].Of == number {
			return true
		}
	}
	return false
}

// Key names an event: Near is the start of the hour of a reading in Unix milliseconds, and 0 of other events, whose time is not part of
// their identity; Hash is the xxHash64 of BCP, subject, source, id and edition in the file.
type Key struct {
	Near int64
	Hash uint64
}

// Entry is what an import says of one event, and what the log has of the event after it.
type Entry struct {
	Key
	Number uint32
	// Derived says that it is a closing or an opening that follows from readings, and said by no line.
	Derived bool
	// Content is a hash of what is said of the event. First is the import that said so first.
	Content uint64
	First   uint32
	// Edition is the last one in the log, and Standing says that it is not retracted.
	Edition  uint32
	Standing bool
	// Time is that of the event in Unix milliseconds.
	Time        int64
	Source, BCP string
	// Closed is what a reading says of its place. ID is the reading's where that is known, and that of a closing or an opening.
	Closed source.Flag
	ID     string
	// Event is the message that is said first or appended, a structured CloudEvent in the edition of the file. Appended says
	// that the log gets it, in Edition, and Retraction, where it is not empty, is the message that the log gets before.
	Event      []byte
	Appended   bool
	Retraction []byte
}

// Turn is an instant at which a place closes, or opens.
type Turn struct {
	Time   int64
	Closed bool
	// ID is that of the reading that says so.
	ID string
}
