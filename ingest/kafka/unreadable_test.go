package kafka

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/segmentio/kafka-go/compress"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"dwell/ingest/event"
)

// logged is a batch in the log of a broker that looks into none: it covers the offsets from first to before next.
type logged struct {
	first, next int64
	raw         []byte
}

// serveLog makes a broker answer each fetch of the topic with its log, from the batch that has the offset on. Damage, where set, changes
// an answer.
func serveLog(c *kfake.Cluster, log []logged, damage func(answer []byte) []byte) {
	c.ControlKey(int16(kmsg.Fetch), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		req := r.(*kmsg.FetchRequest)
		asked := req.Topics[0].Partitions[0]
		p := kmsg.NewFetchResponseTopicPartition()
		p.Partition, p.HighWatermark = asked.Partition, log[len(log)-1].next
		for _, b := range log {
			if b.next > asked.FetchOffset {
				p.RecordBatches = append(p.RecordBatches, b.raw...)
			}
		}
		if damage != nil && len(p.RecordBatches) > 0 {
			p.RecordBatches = damage(p.RecordBatches)
		}
		res := req.ResponseKind().(*kmsg.FetchResponse)
		t := kmsg.NewFetchResponseTopic()
		t.Topic, t.Partitions = req.Topics[0].Topic, []kmsg.FetchResponseTopicPartition{p}
		res.Topics = append(res.Topics, t)
		return res, nil, true
	})
}

func texts(values ...string) (records []kmsg.Record) {
	for i, v := range values {
		records = append(records, kmsg.Record{OffsetDelta: int32(i), Value: []byte(v)})
	}
	return records
}

// sealed is a batch with its right length and CRC.
func sealed(raw []byte) []byte {
	binary.BigEndian.PutUint32(raw[batchLengthAt:], uint32(len(raw)-batchFrame))
	binary.BigEndian.PutUint32(raw[batchCRCAt:], crc32.Checksum(raw[batchAttributesAt:], castagnoli))
	return raw
}

// packed is the batch of three records at offset 2 with other bytes for its records, said to be of a codec.
func packed(codec compress.Compression, body []byte) []byte {
	raw := encode(2, int16(codec), -1, 2, texts("c", "d", "e"))
	return sealed(append(raw[:batchRecordsAt:batchRecordsAt], body...))
}

func with(change func(raw []byte)) func() []byte {
	return func() []byte {
		raw := encode(2, 0, -1, 2, texts("c", "d", "e"))
		change(raw)
		return raw
	}
}

func compressed(codec compress.Compression, body []byte) []byte {
	var out bytes.Buffer
	z := codec.Codec().NewWriter(&out)
	_, _ = z.Write(body)
	_ = z.Close()
	return out.Bytes()
}

// unreadable are the batches that cannot be read, each of the offsets 2 to 4.
var unreadable = []struct {
	name string
	raw  func() []byte
	why  string
}{
	{"no gzip", func() []byte { return packed(compress.Gzip, []byte("no gzip")) }, "gzip: "},
	{"gzip that is cut", func() []byte {
		z := compressed(compress.Gzip, encode(2, 0, -1, 2, texts("c", "d", "e"))[batchRecordsAt:])
		return packed(compress.Gzip, z[:len(z)-12])
	}, "gzip: unexpected EOF"},
	{"a bomb", func() []byte { return packed(compress.Zstd, compressed(compress.Zstd, make([]byte, maxPlain+1))) }, "more than 128 MiB"},
	{"no snappy", func() []byte { return packed(compress.Snappy, []byte("\x05no")) }, "snappy: "},
	{"a snappy bomb", func() []byte { return packed(compress.Snappy, binary.AppendUvarint(nil, 1<<32-1)) }, "more than 128 MiB"},
	{"a snappy frame of 4 GiB", func() []byte {
		return packed(compress.Snappy, append(append([]byte{}, xerial...), 0, 0, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff))
	}, "cut short"},
	{"no lz4", func() []byte { return packed(compress.Lz4, []byte("no lz4 at all")) }, "lz4: "},
	{"no zstd", func() []byte { return packed(compress.Zstd, []byte("no zstd at all")) }, "zstd: "},
	{"an unknown codec", func() []byte { return packed(7, nil) }, "codec 7 is not supported"},
	{"a count too high", func() []byte {
		raw := encode(2, 0, -1, 2, texts("c", "d", "eeeeeeeeeeee"))
		raw[batchCountAt+3] = 4
		return sealed(raw)
	}, "cut short"},
	{"a count too low", with(func(b []byte) { binary.BigEndian.PutUint32(b[batchCountAt:], 2); sealed(b) }), "its 2 records are followed by"},
	{"a count of millions", with(func(b []byte) { binary.BigEndian.PutUint32(b[batchCountAt:], 1<<30); sealed(b) }), "records in"},
	{"a negative count", with(func(b []byte) { binary.BigEndian.PutUint32(b[batchCountAt:], 1<<31); sealed(b) }), "records in"},
	{"a record that is cut", func() []byte {
		raw := encode(2, 0, -1, 2, texts("c", "d", "e"))
		return sealed(raw[:len(raw)-3])
	}, "cut short"},
	{"a record of a length too high", with(func(b []byte) { b[batchRecordsAt]++; b[batchRecordsAt]++; sealed(b) }), "followed by 1 bytes"},
	{"records of one offset", func() []byte {
		records := texts("c", "d", "e")
		records[2].OffsetDelta = 1
		return encode(2, 0, -1, 2, records)
	}, "a record has offset 3 after 3"},
	{"a record behind the end", func() []byte {
		records := texts("c", "d", "e")
		records[2].OffsetDelta = 9
		return encode(2, 0, -1, 2, records)
	}, "a record has offset 11 after 3"},
	{"a flipped bit", with(func(b []byte) { b[len(b)-3] ^= 4 }), "crc "},
	{"an old format", with(func(b []byte) { b[batchMagicAt] = 1 }), "message format 1"},
	{"a last offset that is too high", with(func(b []byte) { binary.BigEndian.PutUint32(b[batchLastOffsetDeltaAt:], 1<<31-1); sealed(b) }), "it has the offsets from 2 to 2147483649"},
	{"a last offset before the first", with(func(b []byte) { binary.BigEndian.PutUint32(b[batchLastOffsetDeltaAt:], 1<<31); sealed(b) }), "it has the offsets from 2 to"},
	{"a length of nothing", with(func(b []byte) { binary.BigEndian.PutUint32(b[batchLengthAt:], 0) }), "it says it has 12 bytes"},
	{"a negative length", with(func(b []byte) { binary.BigEndian.PutUint32(b[batchLengthAt:], 1<<31) }), "it says it has"},
	{"a length of a gigabyte", with(func(b []byte) { binary.BigEndian.PutUint32(b[batchLengthAt:], 1<<30) }), "it is not whole in"},
	{"a place behind the end", with(func(b []byte) { binary.BigEndian.PutUint64(b, 1<<40) }), "it begins at offset"},
	{"a negative place", with(func(b []byte) { b[0] = 0xff }), "it has the offsets from"},
}

// TestUnreadableBatchIsOneDeadLetter has a batch that cannot be read between others, and at the end of the log.
func TestUnreadableBatchIsOneDeadLetter(t *testing.T) {
	embeddedOnly(t)
	before := logged{0, 2, encode(0, 0, -1, 1, texts("a", "b"))}
	behind := logged{5, 6, encode(5, 0, -1, 0, texts("f"))}
	for _, bad := range unreadable {
		for _, last := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, last %v", bad.name, last), func(t *testing.T) {
				c, cfg := embedded(t, 1, 1)
				log, values, end := []logged{before, {2, 5, bad.raw()}, behind}, 4, int64(6)
				if last {
					log, values, end = log[:2], 3, 5
				}
				serveLog(c, log, nil)
				l := newLedger()
				_, stop := consume(t, cfg, l)
				l.until(t, "the end is reached", func() bool { return l.stored[0] == end })
				if err := stop(); err != nil {
					t.Fatal(err)
				}
				l.check(t)
				got := l.values[0]
				if len(got) != values || got[0] != "a" || got[1] != "b" || values == 4 && got[3] != "f" ||
					!strings.HasPrefix(got[2], "unreadable offsets 2 to ") || !strings.Contains(got[2], bad.why) {
					t.Errorf("read %q, want one letter with %q", got, bad.why)
				}
			})
		}
	}
}

// TestBatchDamagedOnTheWayIsFetchedAgain flips another bit in each of many answers.
func TestBatchDamagedOnTheWayIsFetchedAgain(t *testing.T) {
	embeddedOnly(t)
	c, cfg := embedded(t, 1, 1)
	log := []logged{{0, 2, encode(0, 0, -1, 1, texts("a", "b"))}, {2, 3, encode(2, 0, -1, 0, texts("c"))}}
	var mu sync.Mutex
	answers, chance := 0, rand.New(rand.NewPCG(1, 2))
	serveLog(c, log, func(answer []byte) []byte {
		mu.Lock()
		defer mu.Unlock()
		if answers++; answers > 12 {
			return answer
		}
		answer = slices.Clone(answer)
		answer[batchCRCAt+chance.IntN(len(log[0].raw)-batchCRCAt)] ^= 1 << chance.IntN(8)
		return answer
	})
	l := newLedger()
	_, stop := consume(t, cfg, l)
	l.until(t, "the end is reached", func() bool { return l.stored[0] == 3 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	l.check(t)
	if got := l.values[0]; !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("read %q", got)
	}
	if len(l.standing) < 12 || !strings.HasPrefix(l.standing[0], `the batch at offset 0 of topic "dwell.events" arrived damaged: `) {
		t.Errorf("reported %q", l.standing)
	}
}

// TestBrokerThatAnswersWithAnErrorIsReported: nothing that is asked of a broker gets behind damage of its log. An offset that it refuses is
// reported where the log neither begins behind the offset nor ends before it.
func TestBrokerThatAnswersWithAnErrorIsReported(t *testing.T) {
	embeddedOnly(t)
	for name, fault := range map[string]struct {
		err  *kerr.Error
		says string
	}{
		"its log is damaged": {kerr.CorruptMessage, `the broker cannot read its log of topic "dwell.events" at offset 0 (`},
		"the offset is refused": {
			kerr.OffsetOutOfRange, `the broker says that offset 0 of topic "dwell.events" is out of range, and that its log has the offsets 0 to 1: repair or replace its replica`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, cfg := embedded(t, 1, 1)
			c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: topic, Err: fault.err, Count: 2})
			produce(t, franz(t, cfg), "a")
			l := newLedger()
			_, stop := consume(t, cfg, l)
			l.more(t, 1)
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			if len(l.standing) != 2 || !strings.HasPrefix(l.standing[0], fault.says) || !strings.Contains(l.standing[0], "repair or replace its replica") {
				t.Errorf("reported %q", l.standing)
			}
		})
	}
}

// TestBrokerThatSendsNothingOfWhatItHasIsReported, once for each further fetch, and not before four were in vain.
func TestBrokerThatSendsNothingOfWhatItHasIsReported(t *testing.T) {
	embeddedOnly(t)
	c, cfg := embedded(t, 1, 1)
	serveLog(c, []logged{{first: 0, next: 10}}, nil)
	l := newLedger()
	_, stop := consume(t, cfg, l)
	l.until(t, "it is reported twice", func() bool { return len(l.standing) >= 2 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if want := `the broker sends nothing of topic "dwell.events" from offset 0 on, and says that it has records up to 10: repair or replace its replica`; !strings.HasPrefix(l.standing[0], want) {
		t.Errorf("reported %q", l.standing)
	}
}

func TestLetterOfALargeBatchHasItsFirstBytesAndItsHash(t *testing.T) {
	large := encode(2, 0, -1, 0, texts(strings.Repeat("x", 2*batchBytes)))
	large[len(large)-1] ^= 1
	p := &partition{source: &source{}, log: slog.New(slog.DiscardHandler)}
	all, _ := frames(large, 2, 3)
	r := p.letter(&all[0], all[0].raw.crc())
	if len(r.Value) != keptBytes || !bytes.HasPrefix(large, r.Value) || r.Offset != 2 || r.Time != 5000 {
		t.Errorf("%d bytes at offset %d, time %d", len(r.Value), r.Offset, r.Time)
	}
	if !strings.Contains(r.Unreadable, fmt.Sprintf("offsets 2 to 2, %d bytes: crc", len(large))) || !strings.Contains(r.Unreadable, "SHA-256 of all ") {
		t.Error(r.Unreadable)
	}
	if why := event.NewDecoder(nil, 0).Decode(&r, &event.Event{}); why == nil || why.Reason != event.UnreadableBatch {
		t.Errorf("decoded: %v", why)
	}
}
