package receiver

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"

	"github.com/cespare/xxhash/v2"

	"dwell/ingest/event"
	"dwell/ingest/receiver/token"
)

const (
	// MaxEvent is the largest event that is taken, in bytes: with its record around it a broker takes it, whose own default is a little
	// more than a megabyte.
	MaxEvent = 1_000_000
	// keptBytes is how much is kept of one that is larger.
	keptBytes = 64 << 10
)

// batch is what became of the messages of a request.
type batch struct {
	request    string
	messages   int
	records    []event.Record
	letters    []event.DeadLetter
	refusals   []Unusable
	duplicates int

	seen     map[string]uint64 // a hash of what an event says, by its identity
	key, say []byte
}

// sort decides about each message.
func (h *Receiver) sort(by *token.Token, form form, body []byte, messages [][]byte) *batch {
	sum := sha256.New()
	sum.Write(append([]byte(form), '\n'))
	sum.Write(body)
	b := &batch{
		// The same request again has the same name, and so the same letters. The same body in another form has other messages under the
		// same indexes.
		request: fmt.Sprintf("%s@%016x", by.Name, binary.BigEndian.Uint64(sum.Sum(nil))), messages: len(messages), seen: make(map[string]uint64, len(messages)),
	}
	d := h.Decoder()
	now := h.Now().UnixMilli()
	var e event.Event
	for i, message := range messages {
		r := event.StructuredRecord(nil, message, now)
		why := tooLarge(message)
		if why == nil {
			// The decoder is not reset: keys of records may alias its memory.
			why = d.DecodeMessage(&r, func(*event.Event) int64 { return now }, &e)
		}
		if why == nil {
			why = by.Permits(h.Vocabulary, &e)
		}
		again := false
		if why == nil {
			again, why = b.meet(h.Vocabulary, &e)
		}
		switch {
		case why != nil:
			b.reject(i, message, now, why)
		case again:
			b.duplicates++
		default:
			r.SetAllPartitions(e.OfPlace())
			b.records = append(b.records, r)
		}
	}
	return b
}

func tooLarge(message []byte) *event.Rejection {
	if len(message) > MaxEvent {
		return &event.Rejection{Reason: event.TooLarge, Field: "message"}
	}
	return nil
}

// meet reports whether an event came before in the request, and rejects one that came with other data.
func (b *batch) meet(v *event.Vocabulary, e *event.Event) (again bool, _ *event.Rejection) {
	// BCP names, ids and sources have no zero byte.
	k := append(append(b.key[:0], v.BCPName(e.BCP)...), 0)
	k = append(append(k, e.Subject...), 0)
	k = append(append(k, e.Source...), 0)
	k = append(append(k, e.ID...), 0)
	b.key = strconv.AppendUint(k, uint64(e.Edition), 10)
	said := *e
	said.Recorded = said.Time // when it was written down is not what it says
	b.say = event.AppendStructured(b.say[:0], v, &said)
	says := xxhash.Sum64(b.say)
	before, again := b.seen[string(b.key)]
	if again && before != says {
		return false, &event.Rejection{Reason: event.ConflictingEvent, Field: "id", Value: string(e.ID)}
	}
	b.seen[string(b.key)] = says
	return again, nil
}

func (b *batch) reject(index int, message []byte, now int64, why *event.Rejection) {
	b.refusals = append(b.refusals, Unusable{Index: index, Reason: why.Reason, Detail: why.Error()})
	kept, detail := message, why.Error()
	if len(message) > MaxEvent {
		kept, detail = message[:keptBytes], fmt.Sprintf("%s; the first %d of %d bytes are kept", detail, keptBytes, len(message))
	}
	b.letters = append(b.letters, event.DeadLetter{
		Origin: event.Origin{Kind: event.FromRequest, Name: b.request, Number: int64(index)}, Reason: why.Reason, Detail: detail,
		Record: event.Record{Time: now, Key: []byte{}, Value: kept},
	})
}

// lettersAtOnce is how many letters are written at once.
const lettersAtOnce = 1000

func (b *batch) refuse(ctx context.Context, to Refused) error {
	for some := range slices.Chunk(b.letters, lettersAtOnce) {
		if err := to.Write(ctx, some); err != nil {
			return err
		}
	}
	return nil
}
