package broker

import (
	"bytes"
	"errors"
	"testing"

	"github.com/segmentio/kafka-go/compress"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// BenchmarkWalk checks batches of 500 records of 300 bytes, as produce requests bring them.
func BenchmarkWalk(b *testing.B) {
	var plain []byte
	for i := range 500 {
		r := kmsg.NewRecord()
		r.OffsetDelta, r.Key, r.Value = int32(i), []byte("truck"), bytes.Repeat([]byte{byte(i), '0', '1', '2', '3', byte(i >> 3)}, 50)
		r.Length = int32(len(r.AppendTo(nil)) - 1)
		r.Length = int32(len(r.AppendTo(nil)) - 2) // which has two bytes by now
		plain = r.AppendTo(plain)
	}
	for codec := compress.None; codec <= compress.Zstd; codec++ {
		b.Run(codec.String(), func(b *testing.B) {
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
			one := kmsg.NewRecordBatch()
			one.Magic, one.NumRecords, one.LastOffsetDelta, one.Attributes, one.Records = 2, 500, 499, int16(codec), data
			raw := batch(one.AppendTo(nil))
			for b.Loop() {
				if r := raw.check(false); r != nil {
					b.Fatal(r)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/500, "ns/record")
		})
	}
}
