package kafka

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"

	"dwell/ingest/event"
)

// encode writes a batch with franz-go's message types, which share nothing with the reader here.
func encode(base int64, attributes int16, producer int64, lastDelta int32, records []kmsg.Record) []byte {
	var body []byte
	for _, r := range records {
		one := r.AppendTo(nil)
		r.Length = int32(len(one) - 1) // the length was written as one byte of zero
		body = r.AppendTo(body)
	}
	b := kmsg.RecordBatch{
		FirstOffset: base, Magic: 2, Attributes: attributes, LastOffsetDelta: lastDelta, FirstTimestamp: 1000,
		MaxTimestamp: 5000, ProducerID: producer, NumRecords: int32(len(records)), Records: body,
	}
	raw := b.AppendTo(nil)
	binary.BigEndian.PutUint32(raw[batchLengthAt:], uint32(len(raw)-batchFrame))
	binary.BigEndian.PutUint32(raw[batchCRCAt:], crc32.Checksum(raw[batchAttributesAt:], castagnoli))
	return raw
}

func bytesOrNil(t *rapid.T, label string) []byte {
	b := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, label)
	if len(b) == 0 && rapid.Bool().Draw(t, label+" is nil") {
		return nil
	}
	return b
}

func TestRecordsOfAnotherClientAreRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.Int64Range(0, 1<<40).Draw(t, "base")
		var records []kmsg.Record
		var want []string
		delta := int32(0)
		from := base + rapid.Int64Range(-5, 20).Draw(t, "from")
		for range rapid.IntRange(0, 8).Draw(t, "records") {
			r := kmsg.Record{
				TimestampDelta64: rapid.Int64Range(-1e12, 1e12).Draw(t, "time"),
				OffsetDelta:      delta, Key: bytesOrNil(t, "key"), Value: bytesOrNil(t, "value"),
			}
			mine := event.Record{Offset: base + int64(delta), Time: 1000 + r.TimestampDelta64, Key: r.Key, Value: r.Value}
			for range rapid.IntRange(0, 3).Draw(t, "headers") {
				h := kmsg.Header{Key: rapid.StringN(0, 9, 9).Draw(t, "header"), Value: bytesOrNil(t, "header value")}
				r.Headers = append(r.Headers, h)
				mine.Headers = append(mine.Headers, event.Header{Key: []byte(h.Key), Value: h.Value})
			}
			records = append(records, r)
			if mine.Offset >= from {
				want = append(want, fmt.Sprint(mine.Offset, line(mine)))
			}
			delta += rapid.Int32Range(1, 3).Draw(t, "gap")
		}
		raw := encode(base, 0, -1, delta+5, records)
		b, rest, ok, err := cutBatch(append(slices.Clone(raw), raw[:len(raw)-1]...))
		if err != nil || !ok || b.next() != base+int64(delta)+6 {
			t.Fatal(err, ok, b.next())
		}
		if _, _, ok, err := cutBatch(rest); ok || err != nil {
			t.Fatal("a batch that is cut short was taken", err)
		}
		var r recordReader
		if err := r.read(b, from); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, rec := range r.records {
			if rec.AppendTime {
				t.Fatalf("record %d of a batch with CreateTime has the time of the broker", rec.Offset)
			}
			got = append(got, fmt.Sprint(rec.Offset, line(rec)))
		}
		if !slices.Equal(got, want) {
			t.Fatalf("read %q\nwant %q", got, want)
		}
	})
}

func TestFlippedBitFailsTheCRC(t *testing.T) {
	raw := encode(7, 0, -1, 1, []kmsg.Record{{Key: []byte("T1"), Value: []byte("arrived")}, {OffsetDelta: 1}})
	for i := batchCRCAt; i < len(raw); i++ {
		bad := slices.Clone(raw)
		bad[i] ^= 4
		if err := rawBatch(bad).crc(); err == nil || !strings.Contains(err.Error(), "crc") {
			t.Fatalf("byte %d: error %v", i, err)
		}
	}
}

func TestOldMessageFormatIsRefusedByName(t *testing.T) {
	raw := encode(7, 0, -1, 0, nil)
	raw[batchMagicAt] = 1
	if _, _, _, err := cutBatch(raw); err == nil || err.Error() != "message format 1: only format 2 is read" {
		t.Error(err)
	}
}

func TestLogAppendTimeIsTheTimeOfEveryRecord(t *testing.T) {
	raw := encode(0, attributeLogAppendTime, -1, 1, []kmsg.Record{{}, {OffsetDelta: 1, TimestampDelta64: 9}})
	var r recordReader
	if err := r.read(raw, 0); err != nil {
		t.Fatal(err)
	}
	for _, rec := range r.records {
		if rec.Time != 5000 || !rec.AppendTime {
			t.Errorf("record %d: time %d, of the broker %v, want 5000, of the broker", rec.Offset, rec.Time, rec.AppendTime)
		}
	}
}

// FuzzBatch: whatever a broker sends, reading it ends with records or with an error.
func FuzzBatch(f *testing.F) {
	f.Add(encode(7, 0, -1, 1, []kmsg.Record{{Key: []byte("T1"), Value: []byte("arrived")}, {OffsetDelta: 1}}), int8(0))
	f.Add(encode(7, attributeControl, 3, 0, []kmsg.Record{{Key: []byte{0, 0, 0, 1}}}), int8(4))
	f.Fuzz(func(t *testing.T, data []byte, codec int8) {
		b, _, ok, err := cutBatch(data)
		if err != nil || !ok {
			return
		}
		b[batchAttributesAt+1] = byte(codec) & attributeCodec
		binary.BigEndian.PutUint32(b[batchCRCAt:], crc32.Checksum(b[batchAttributesAt:], castagnoli))
		transactions := newTransactions([]abortedTransaction{{producer: b.producerID()}})
		transactions.visible(b, b.next())
		var r recordReader
		if r.read(b, 0) == nil {
			for _, rec := range r.records {
				_ = line(rec)
			}
		}
	})
}
