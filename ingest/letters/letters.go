// Package letters writes the dead letters of messages that never were in the topic of events.
//
// It promises that a letter is in the topic and in the table when Write returns, and that one of an origin which the table has is not
// written again. Letters of the topic of events are not its own: their shards write them.
package letters

import (
	"context"

	"dwell/ingest/event"
)

// Table is the table of dead letters.
type Table interface {
	// NewDeadLetters returns those of the letters whose origins the table does not have.
	NewDeadLetters(ctx context.Context, letters []event.DeadLetter) ([]event.DeadLetter, error)
	WriteDeadLetters(ctx context.Context, letters []event.DeadLetter) error
}

// Topic is the topic of dead letters; a write returns when it is acknowledged.
type Topic interface {
	DeadLetters(ctx context.Context, letters ...event.DeadLetter) error
}

// Writer writes to the topic, and then to the table.
type Writer struct {
	Topic Topic
	Table Table
}

// Write writes those of the letters that the table does not have. After an error it is safe to write them again; the topic may have some
// of them twice then.
func (w Writer) Write(ctx context.Context, letters []event.DeadLetter) error {
	if len(letters) == 0 {
		return nil
	}
	letters, err := w.Table.NewDeadLetters(ctx, letters)
	if err == nil {
		err = w.Topic.DeadLetters(ctx, letters...)
	}
	if err == nil {
		err = w.Table.WriteDeadLetters(ctx, letters)
	}
	return err
}
