package clickhouse

import (
	"context"
	"errors"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/visit"
)

// WriteRaw writes raw events, readings and dead letters. The tables keep one row per offset.
func (s *Store) WriteRaw(ctx context.Context, shard int, raw *engine.Raw) error {
	return errors.Join(
		s.writeEvents(ctx, shard, &raw.Events),
		s.writeReadings(ctx, shard, raw.Readings),
		s.writeDeadLetters(ctx, raw.DeadLetters),
	)
}

func (s *Store) writeEvents(ctx context.Context, id int, events *engine.Events) error {
	if events.Len() == 0 {
		return nil
	}
	return s.insert(ctx, "events", func(e *encoder, send func(*block) bool) {
		for from := 0; from < events.Len(); from += s.blockRows {
			part := events.Slice(from, from+min(s.blockRows, events.Len()-from))
			if s.encodeEvents(e, id, &part); !send(&e.block) {
				return
			}
		}
	})
}

func (s *Store) encodeEvents(e *encoder, id int, events *engine.Events) {
	e.block.reset("events", events.Len(), events.Bytes())
	b, d := &e.block, &e.dictionary
	text := func(name string, column int) {
		e.text = events.Text(e.text[:0], column)
		b.strings(name, e.text)
	}
	b.same("shard", uint16(id))
	b.int64s("offset", "UInt64", events.Offsets)
	b.int64s("logged", timeType, events.Logged)
	each8(b, "append_time", "UInt8", events.AppendTimes, func(is *bool) uint8 { return truth(*is) })
	b.int64s("time", timeType, events.Times)
	b.int64s("recorded", timeType, events.Recorded)
	codes(d, b, "type", events.Types, event.Type.String)
	text("id", engine.TextID)
	text("source", engine.TextSource)
	number := func(n *uint32) uint32 { return *n }
	each32(b, "edition", "UInt32", events.Editions, number)
	text("subject", engine.TextSubject)
	codes(d, b, "bcp", events.BCPs, s.voc.BCPName)
	codes(d, b, "direction", events.Directions, event.Direction.String)
	codes(d, b, "channel", events.Channels, event.Channel.String)
	codes(d, b, "regime", events.Regimes, event.Regime.String)
	codes(d, b, "agency", events.Agencies, s.voc.HolderName)
	codes(d, b, "kind", events.Kinds, event.InspectionKind.String)
	codes(d, b, "result", events.Results, event.Result.String)
	text("lane", engine.TextLane)
	text("hold", engine.TextHold)
	text("retracted_id", engine.TextRetractedID)
	text("retracted_source", engine.TextRetractedSource)
	each32(b, "retracted_edition", "UInt32", events.RetractedEditions, number)
	b.begin("retracted_time", nullableTimeType)
	for _, t := range events.Types {
		if t == event.EventRetracted {
			b.buf = append(b.buf, 0)
		} else {
			b.buf = append(b.buf, 1)
		}
	}
	for i, t := range events.Types {
		if t == event.EventRetracted {
			b.uint64(uint64(events.RetractedTimes[i]))
		} else {
			b.uint64(0)
		}
	}
	text("forwarded", engine.TextForwarded)
	text("data", engine.TextData)
}

func (s *Store) writeReadings(ctx context.Context, id int, rows []engine.QueueReading) error {
	return insertRows(ctx, s, "readings", rows, func(e *encoder, rows []engine.QueueReading) {
		e.block.reset("readings", len(rows), 0)
		b, d := &e.block, &e.dictionary
		b.same("shard", uint16(id))
		each64(b, "offset", "UInt64", rows, func(r *engine.QueueReading) int64 { return r.Offset })
		eachCode(d, b, "bcp", rows, func(r *engine.QueueReading) event.BCP { return r.BCP }, s.voc.BCPName)
		eachCode(d, b, "direction", rows, func(r *engine.QueueReading) event.Direction { return r.Direction }, event.Direction.String)
		eachString(b, "source", rows, func(r *engine.QueueReading) string { return r.Source })
		eachString(b, "queue", rows, func(r *engine.QueueReading) string { return r.Queue })
		eachString(b, "id", rows, func(r *engine.QueueReading) string { return r.ID })
		each32(b, "edition", "UInt32", rows, func(r *engine.QueueReading) uint32 { return r.Edition })
		each64(b, "time", timeType, rows, func(r *engine.QueueReading) int64 { return r.Time })
		each64(b, "recorded", timeType, rows, func(r *engine.QueueReading) int64 { return r.Recorded })
		number := func(v int64) (int64, bool) { return v, v != event.Unknown }
		eachNullable64(b, "vehicles", "Nullable(UInt64)", rows, func(r *engine.QueueReading) (int64, bool) { return number(r.Vehicles) })
		eachNullable64(b, "wait_seconds", "Nullable(UInt64)", rows, func(r *engine.QueueReading) (int64, bool) { return number(r.WaitSeconds) })
		eachNullable64(b, "age_seconds", "Nullable(UInt64)", rows, func(r *engine.QueueReading) (int64, bool) { return number(r.AgeSeconds) })
		eachNullable64(b, "lanes_open", "Nullable(UInt64)", rows, func(r *engine.QueueReading) (int64, bool) { return number(r.LanesOpen) })
		eachNullable64(b, "service_rate", "Nullable(UInt64)", rows, func(r *engine.QueueReading) (int64, bool) { return number(r.ServiceRate) })
		eachCode(d, b, "state", rows, func(r *engine.QueueReading) event.QueueState { return r.State }, event.QueueState.String)
		each8(b, "retracted", "UInt8", rows, func(r *engine.QueueReading) uint8 { return truth(r.Retracted) })
		each64(b, "logged", timeType, rows, func(r *engine.QueueReading) int64 { return r.Logged })
		each64(b, "version", "UInt64", rows, func(r *engine.QueueReading) int64 { return int64(r.Version()) })
	})
}

// originType has the codes of event.OriginKind.
const originType = "Enum8('topic' = 1, 'import' = 2, 'request' = 3)"

func (s *Store) writeDeadLetters(ctx context.Context, rows []event.DeadLetter) error {
	return insertRows(ctx, s, "dead_letters", rows, func(e *encoder, rows []event.DeadLetter) {
		e.block.reset("dead_letters", len(rows), 0)
		b := &e.block
		each8(b, "origin", originType, rows, func(r *event.DeadLetter) uint8 { return uint8(r.Origin.Kind) })
		eachString(b, "name", rows, func(r *event.DeadLetter) string { return r.Origin.Name })
		each32(b, "part", "UInt32", rows, func(r *event.DeadLetter) uint32 { return uint32(r.Origin.Part) })
		each64(b, "number", "UInt64", rows, func(r *event.DeadLetter) int64 { return r.Origin.Number })
		each64(b, "logged", timeType, rows, func(r *event.DeadLetter) int64 { return r.Time })
		each8(b, "append_time", "UInt8", rows, func(r *event.DeadLetter) uint8 { return truth(r.AppendTime) })
		reasons := event.Reasons()
		e.dictionary.reset()
		b.begin("reason", lowCardinality)
		for i := range rows {
			code := 0
			for code < len(reasons) && reasons[code] != rows[i].Reason {
				code++
			}
			if code == len(reasons) {
				reasons = append(reasons, rows[i].Reason)
			}
			e.add(uint16(code))
		}
		e.prefix(b)
		e.body(b, func(code uint16) string { return string(reasons[code]) })
		eachString(b, "detail", rows, func(r *event.DeadLetter) string { return r.Detail })
		b.begin("key", "String")
		for i := range rows {
			b.bytes(rows[i].Key)
		}
		b.begin("value", "String")
		for i := range rows {
			b.bytes(rows[i].Value)
		}
		b.begin("headers", "Array(Tuple(name String, value String))")
		eachList(b, rows, func(r *event.DeadLetter) int { return len(r.Headers) })
		for i := range rows {
			for _, h := range rows[i].Headers {
				b.bytes(h.Key)
			}
		}
		for i := range rows {
			for _, h := range rows[i].Headers {
				b.bytes(h.Value)
			}
		}
	})
}

func truth(v bool) uint8 {
	if v {
		return 1
	}
	return 0
}

func instant(t visit.Time) (int64, bool) { return t, t != visit.None }
