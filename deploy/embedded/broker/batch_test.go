package broker_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/compress"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"dwell/deploy/embedded/broker/brokertest"
)

// crafted is a batch that a test makes by hand.
type crafted struct {
	records    []byte
	count      int32
	attributes int16
}

// record is the bytes of one record.
func record(delta int32, value string) []byte {
	r := kmsg.NewRecord()
	r.OffsetDelta, r.Value = delta, []byte(value)
	r.Length = int32(len(r.AppendTo(nil)) - 1)
	return r.AppendTo(nil)
}

func records(values ...string) (all []byte) {
	for i, v := range values {
		all = append(all, record(int32(i), v)...)
	}
	return all
}

// bytes is the batch with a length and a CRC that are right.
func (c crafted) bytes() []byte {
	b := kmsg.NewRecordBatch()
	b.Magic, b.PartitionLeaderEpoch = 2, -1
	b.Attributes, b.Records, b.NumRecords, b.LastOffsetDelta = c.attributes, c.records, c.count, c.count-1
	b.ProducerID, b.ProducerEpoch, b.FirstSequence = -1, -1, -1
	b.FirstTimestamp, b.MaxTimestamp = 1_000_000, 1_000_000
	return sealed(b.AppendTo(nil))
}

func sealed(b []byte) []byte {
	binary.BigEndian.PutUint32(b[8:], uint32(len(b)-12))
	binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

func compressed(t *testing.T, codec compress.Compression, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := codec.Codec().NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// appendBatch produces one batch to partition 0 with a version of the request, and returns the response.
func appendBatch(t *testing.T, c *kgo.Client, version int16, data []byte) kmsg.ProduceResponseTopicPartition {
	t.Helper()
	req := kmsg.NewPtrProduceRequest()
	req.Version, req.Acks, req.TimeoutMillis = version, -1, 1000
	rt, rp := kmsg.NewProduceRequestTopic(), kmsg.NewProduceRequestTopicPartition()
	rt.Topic, rp.Records = topic, data
	rt.Partitions = append(rt.Partitions, rp)
	req.Topics = append(req.Topics, rt)
	resp, err := c.Broker(0).Request(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return resp.(*kmsg.ProduceResponse).Topics[0].Partitions[0]
}

func client(t *testing.T, addr string) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.RequestTimeoutOverhead(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// TestUnreadableBatchesAreRefused sends batches that a consumer could not read, each in one way.
func TestUnreadableBatchesAreRefused(t *testing.T) {
	addr := brokertest.Start(t, brokertest.Topic(topic, 1))
	c := client(t, addr)
	two := records("1", "2")
	good := crafted{records: two, count: 2}
	change := func(at int, to ...byte) []byte {
		b := good.bytes()
		copy(b[at:], to)
		return b
	}
	// A bomb of 33 MB, for which each codec takes less than what a topic takes.
	bomb := slices.Concat(record(0, "1"), make([]byte, 33<<20))
	corrupt, invalid := kerr.CorruptMessage, kerr.InvalidRecord
	type story struct {
		want *kerr.Error
		data []byte
	}
	stories := map[string]story{
		"a wrong CRC":                  {corrupt, change(17, 0, 0, 0, 0)},
		"another format":               {corrupt, change(16, 1)},
		"a length below zero":          {corrupt, change(8, 0xff, 0xff, 0xff, 0xff)},
		"a length that is too large":   {corrupt, change(8, 0x7f, 0xff, 0xff, 0xff)},
		"half a header":                {corrupt, good.bytes()[:40]},
		"nothing":                      {corrupt, []byte{}},
		"an unknown codec":             {invalid, crafted{records: two, count: 2, attributes: 5}.bytes()},
		"attributes that are none":     {invalid, crafted{records: two, count: 2, attributes: 1 << 14}.bytes()},
		"a control batch":              {invalid, crafted{records: two, count: 2, attributes: 1 << 5}.bytes()},
		"no records":                   {invalid, crafted{count: 0}.bytes()},
		"fewer records than it says":   {invalid, crafted{records: two, count: 3}.bytes()},
		"more records than it says":    {invalid, crafted{records: two, count: 1}.bytes()},
		"a billion records":            {invalid, crafted{records: two, count: 1 << 30}.bytes()},
		"a record that is cut":         {invalid, crafted{records: two[:len(two)-1], count: 2}.bytes()},
		"a record of four billion":     {invalid, crafted{records: slices.Concat([]byte{0xfe, 0xff, 0xff, 0xff, 0x1f}, two), count: 2}.bytes()},
		"a record of less than zero":   {invalid, crafted{records: slices.Concat([]byte{1}, two), count: 2}.bytes()},
		"a key that is too long":       {invalid, crafted{records: []byte{10, 0, 0, 0, 100, 0}, count: 1}.bytes()},
		"headers that are not there":   {invalid, crafted{records: []byte{12, 0, 0, 0, 1, 1, 100}, count: 1}.bytes()},
		"a byte behind the headers":    {invalid, crafted{records: []byte{14, 0, 0, 0, 1, 1, 0, 0}, count: 1}.bytes()},
		"the same offset twice":        {invalid, crafted{records: slices.Concat(record(0, "1"), record(0, "2")), count: 2}.bytes()},
		"the timestamps of the broker": {kerr.InvalidTimestamp, crafted{records: two, count: 2, attributes: 1 << 3}.bytes()},
		"snappy that claims 4 GB":      {invalid, crafted{records: []byte{0xff, 0xff, 0xff, 0xff, 0x0f, 0}, count: 2, attributes: 2}.bytes()},
	}
	for codec := compress.Gzip; codec <= compress.Zstd; codec++ {
		whole := compressed(t, codec, two)
		cut, broken := whole[:len(whole)-5], slices.Clone(whole)
		broken[len(broken)/2] ^= 0xff
		broken[0] ^= 0xff
		stories["cut "+codec.String()] = story{invalid, crafted{records: cut, count: 2, attributes: int16(codec)}.bytes()}
		stories["broken "+codec.String()] = story{invalid, crafted{records: broken, count: 2, attributes: int16(codec)}.bytes()}
		stories["no "+codec.String()] = story{invalid, crafted{records: two, count: 2, attributes: int16(codec)}.bytes()}
		if small := compressed(t, codec, bomb); len(small) < 1<<20 {
			stories["a bomb of "+codec.String()] = story{invalid, crafted{records: small, count: 2, attributes: int16(codec)}.bytes()}
		}
	}
	for name, s := range stories {
		for _, version := range []int16{3, 8} {
			if got := appendBatch(t, c, version, s.data); got.ErrorCode != s.want.Code {
				t.Errorf("%s: answered with %v at offset %d, want %v", name, kerr.ErrorForCode(got.ErrorCode), got.BaseOffset, s.want)
			}
		}
	}
	for codec := compress.None; codec <= compress.Zstd; codec++ {
		data := records("0", "1")
		if codec != compress.None {
			data = compressed(t, codec, data)
		}
		got := appendBatch(t, c, 8, crafted{records: data, count: 2, attributes: int16(codec)}.bytes())
		if want := int64(2 * codec); got.ErrorCode != 0 || got.BaseOffset != want || got.LogAppendTime != -1 {
			t.Errorf("%v: answered with %+v, want offset %d", codec, got, want)
		}
	}
}

// TestLogAppendTimeIsTheBrokersTime is a topic whose records get the broker's time, and the same topic after it was changed.
func TestLogAppendTimeIsTheBrokersTime(t *testing.T) {
	addr := brokertest.Start(t)
	c := client(t, addr)
	appendTime := "LogAppendTime"
	create := kmsg.NewPtrCreateTopicsRequest()
	ct := kmsg.NewCreateTopicsRequestTopic()
	ct.Topic, ct.NumPartitions, ct.ReplicationFactor = topic, 1, 1
	config := kmsg.NewCreateTopicsRequestTopicConfig()
	config.Name, config.Value = "message.timestamp.type", &appendTime
	ct.Configs = append(ct.Configs, config)
	create.Topics, create.TimeoutMillis = append(create.Topics, ct), 1000
	if _, err := create.RequestWith(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	before := time.Now().UnixMilli()
	for _, codec := range []compress.Compression{compress.None, compress.Zstd} {
		data := records("1", "2")
		if codec != compress.None {
			data = compressed(t, codec, data)
		}
		got := appendBatch(t, c, 8, crafted{records: data, count: 2, attributes: int16(codec)}.bytes())
		if now := time.Now().UnixMilli(); got.ErrorCode != 0 || got.LogAppendTime < before || got.LogAppendTime > now {
			t.Errorf("%v: answered with %+v, want a time between %d and %d", codec, got, before, now)
		}
	}
	alter := kmsg.NewPtrAlterConfigsRequest()
	resource := kmsg.NewAlterConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeTopic, topic
	alter.Resources = append(alter.Resources, resource) // which has no configuration of its own any more
	if _, err := alter.RequestWith(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if got := appendBatch(t, c, 8, crafted{records: records("3"), count: 1}.bytes()); got.ErrorCode != 0 || got.LogAppendTime != -1 {
		t.Errorf("answered with %+v after the change", got)
	}

	reader, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var read []*kgo.Record
	for len(read) < 5 {
		fetches := reader.PollFetches(t.Context())
		if err := fetches.Err(); err != nil { // a wrong CRC
			t.Fatal(err)
		}
		read = append(read, fetches.Records()...)
	}
	for i, r := range read {
		stamped, at := r.Attrs.TimestampType() == 1, r.Timestamp.UnixMilli()
		if ofBroker := i < 4; stamped != ofBroker || ofBroker && at < before || !ofBroker && at != 1_000_000 {
			t.Errorf("record %d: type %d, time %d", i, r.Attrs.TimestampType(), at)
		}
	}
}

// BenchmarkProduce appends batches of 500 records of 300 bytes.
func BenchmarkProduce(b *testing.B) {
	addr := brokertest.Start(b, brokertest.Topic(topic, 1))
	values := make([]string, 500)
	for i := range values {
		values[i] = string(bytes.Repeat([]byte("0123456789"), 30))
	}
	plain := records(values...)
	for _, codec := range []compress.Compression{compress.None, compress.Snappy, compress.Zstd} {
		b.Run(codec.String(), func(b *testing.B) {
			c, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.WithLogger(kgo.BasicLogger(io.Discard, kgo.LogLevelNone, nil)))
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			data := plain
			if codec != compress.None {
				var z bytes.Buffer
				w := codec.Codec().NewWriter(&z)
				_, err := w.Write(plain)
				if err := errors.Join(err, w.Close()); err != nil {
					b.Fatal(err)
				}
				data = z.Bytes()
			}
			one := crafted{records: data, count: 500, attributes: int16(codec)}.bytes()
			for b.Loop() {
				req := kmsg.NewPtrProduceRequest()
				req.Version, req.Acks, req.TimeoutMillis = 8, -1, 1000
				rt, rp := kmsg.NewProduceRequestTopic(), kmsg.NewProduceRequestTopicPartition()
				rt.Topic, rp.Records = topic, one
				rt.Partitions = append(rt.Partitions, rp)
				req.Topics = append(req.Topics, rt)
				if _, err := c.Broker(0).Request(b.Context(), req); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*500/b.Elapsed().Seconds(), "records/s")
		})
	}
}
