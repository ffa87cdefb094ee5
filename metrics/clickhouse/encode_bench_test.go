package clickhouse

import (
	"fmt"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"dwell/ingest/event"
	"dwell/metrics/engine"
)

// BenchmarkEncode encodes a block of 16,384 events, as block does and with ch-go's columns.
func BenchmarkEncode(b *testing.B) {
	voc := vocabulary(b)
	var raw engine.Raw
	for i := range 1 << 14 {
		raw.Events.Append(&event.Record{Offset: int64(i), Time: int64(i) * 1000}, &event.Event{
			Type: event.Types()[i%8], ID: fmt.Appendf(nil, "torkham/%d", i), Source: []byte("/torkham/gate"), Subject: fmt.Appendf(nil, "TK-%d", i/8),
			Time: int64(i) * 1000, Recorded: int64(i) * 1000, BCP: event.BCP(1 + i%3), Direction: event.Direction(1 + i%2), Agency: event.Agency(i % 3),
			Data: []byte(`{"bcp":"AF-NAN-TORKHAM","direction":"inbound","lane":"L3","channel":"yellow","regime":"import"}`),
		})
	}
	events := &raw.Events
	b.Run("block", func(b *testing.B) {
		s, e := &Store{voc: voc}, &encoder{}
		for b.Loop() {
			s.encodeEvents(e, 1, events)
			clear(e.text)
		}
		b.SetBytes(int64(len(e.buf)))
	})
	b.Run("ch-go", func(b *testing.B) {
		utc := func() *proto.ColDateTime64 {
			return new(proto.ColDateTime64).WithPrecision(proto.PrecisionMilli).WithLocation(time.UTC)
		}
		var (
			shard                                                               proto.ColUInt16
			offset                                                              proto.ColUInt64
			logged, at, recorded                                                = utc(), utc(), utc()
			id, source, subject, lane, hold, retractedID, retractedSource, data proto.ColStr
			typ, bcp, direction, channel, regime, agency, kind, result          = words(), words(), words(), words(), words(), words(), words(), words()
			edition, retractedEdition                                           proto.ColUInt32
			retractedTime                                                       = proto.NewColNullable[time.Time](utc())
			out                                                                 proto.Buffer
			text                                                                []string
		)
		columns := proto.Input{
			{Name: "shard", Data: &shard},
			{Name: "offset", Data: &offset},
			{Name: "logged", Data: logged},
			{Name: "time", Data: at},
			{Name: "recorded", Data: recorded},
			{Name: "type", Data: typ},
			{Name: "id", Data: &id},
			{Name: "source", Data: &source},
			{Name: "edition", Data: &edition},
			{Name: "subject", Data: &subject},
			{Name: "bcp", Data: bcp},
			{Name: "direction", Data: direction},
			{Name: "channel", Data: channel},
			{Name: "regime", Data: regime},
			{Name: "agency", Data: agency},
			{Name: "kind", Data: kind},
			{Name: "result", Data: result},
			{Name: "lane", Data: &lane},
			{Name: "hold", Data: &hold},
			{Name: "retracted_id", Data: &retractedID},
			{Name: "retracted_source", Data: &retractedSource},
			{Name: "retracted_edition", Data: &retractedEdition},
			{Name: "retracted_time", Data: retractedTime},
			{Name: "data", Data: &data},
		}
		texts := []*proto.ColStr{engine.TextID: &id, engine.TextSource: &source, engine.TextSubject: &subject, engine.TextLane: &lane, engine.TextHold: &hold, engine.TextRetractedID: &retractedID, engine.TextRetractedSource: &retractedSource, engine.TextData: &data}
		for b.Loop() {
			columns.Reset()
			out.Reset()
			for i, o := range events.Offsets {
				shard.Append(1)
				offset.Append(uint64(o))
				logged.AppendRaw(proto.DateTime64(events.Logged[i]))
				at.AppendRaw(proto.DateTime64(events.Times[i]))
				edition.Append(events.Editions[i])
				retractedEdition.Append(events.RetractedEditions[i])
				recorded.AppendRaw(proto.DateTime64(events.Recorded[i]))
				typ.Append(events.Types[i].String())
				bcp.Append(voc.BCPName(events.BCPs[i]))
				direction.Append(events.Directions[i].String())
				channel.Append(events.Channels[i].String())
				regime.Append(events.Regimes[i].String())
				agency.Append(voc.HolderName(events.Agencies[i]))
				kind.Append(events.Kinds[i].String())
				result.Append(events.Results[i].String())
				retractedTime.Append(proto.Null[time.Time]())
			}
			for column, into := range texts {
				text = events.Text(text[:0], column)
				for _, v := range text {
					into.Append(v)
				}
			}
			for _, c := range columns {
				if p, ok := c.Data.(proto.Preparable); ok {
					if err := p.Prepare(); err != nil {
						b.Fatal(err)
					}
				}
			}
			block := proto.Block{Columns: len(columns), Rows: events.Len()}
			if err := block.EncodeRawBlock(&out, 54451, columns); err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(int64(len(out.Buf)))
	})
}

func words() *proto.ColLowCardinality[string] {
	return proto.NewLowCardinality[string](new(proto.ColStr))
}
