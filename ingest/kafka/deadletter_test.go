package kafka

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"dwell/ingest/event"
)

func TestDeadLetterIsWrittenWithAClockAhead(t *testing.T) {
	embeddedOnly(t)
	c, cfg := embedded(t, 1, 1)
	recorded := time.Now().Add(-time.Hour)
	c.Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Produce}, Topic: letters, Err: kerr.InvalidTimestamp, Count: -1,
		When: func(r kmsg.Request) bool {
			var batch kmsg.RecordBatch
			err := batch.ReadFrom(r.(*kmsg.ProduceRequest).Topics[0].Partitions[0].Records)
			return err == nil && batch.MaxTimestamp > recorded.UnixMilli()
		},
	})
	letter := event.DeadLetter{Reason: event.NotJSON, Record: event.Record{Time: recorded.UnixMilli(), Value: []byte("x")}}
	if err := producer(t, cfg).DeadLetters(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
	r := franz(t, cfg, kgo.ConsumeTopics(letters)).PollFetches(t.Context()).Records()
	if len(r) != 1 || r[0].Timestamp.UnixMilli() != letter.Time {
		t.Errorf("the topic holds %v, want one dead letter of %v", r, recorded)
	}
}
