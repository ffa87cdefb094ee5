package clickhouse

import (
	"context"
	"iter"

	"dwell/ingest/event"
	"dwell/metrics/visit"
)

var statuses = visit.Statuses()

func statusCode(r *visit.Row) uint8 {
	word := r.Status()
	for i, s := range statuses {
		if s == word {
			return uint8(i)
		}
	}
	panic("visit status " + word)
}

// WriteVisits writes rows with their State, which chunks yields at most that many at a time, valid until the next chunk.
func (s *Store) WriteVisits(ctx context.Context, shard int, chunks func(most int) iter.Seq[[]visit.Row]) error {
	return s.insert(ctx, "visits", s.visitBlocks(shard, chunks))
}

// EncodeVisits encodes rows as WriteVisits does. Write writes them, once or again, and bytes is the memory that they take until then.
func (s *Store) EncodeVisits(shard int, chunks func(most int) iter.Seq[[]visit.Row]) (write func(context.Context) error, bytes int) {
	return s.encoded("visits", s.visitBlocks(shard, chunks))
}

func (s *Store) visitBlocks(shard int, chunks func(most int) iter.Seq[[]visit.Row]) encode {
	return inChunks(chunks(s.blockRows), func(e *encoder, rows []visit.Row) { s.encodeVisits(e, shard, rows) })
}

func (s *Store) encodeVisits(e *encoder, shard int, rows []visit.Row) {
	e.block.reset("visits", len(rows), 600*len(rows))
	b, d := &e.block, &e.dictionary
	eachCode(d, b, "bcp", rows, func(r *visit.Row) event.BCP { return r.BCP }, s.voc.BCPName)
	b.same("shard", uint16(shard))
	eachString(b, "visit", rows, func(r *visit.Row) string { return r.ID })
	each32(b, "month", "UInt32", rows, func(r *visit.Row) uint32 { return uint32(r.Month) })
	each64(b, "as_of", "UInt64", rows, func(r *visit.Row) int64 { return r.AsOf })
	eachCode(d, b, "direction", rows, func(r *visit.Row) event.Direction { return r.State.Direction }, event.Direction.String)
	eachCode(d, b, "channel", rows, func(r *visit.Row) event.Channel { return r.State.Channel }, event.Channel.String)
	eachCode(d, b, "regime", rows, func(r *visit.Row) event.Regime { return r.State.Regime }, event.Regime.String)
	eachCode(d, b, "status", rows, statusCode, func(code uint8) string { return statuses[code] })
	eachCode(d, b, "fault", rows, func(r *visit.Row) visit.Fault { return r.State.Fault }, visit.Fault.String)
	each8(b, "over", "UInt8", rows, func(r *visit.Row) uint8 { return truth(r.Over) })
	at := func(name string, t func(*visit.State) visit.Time) {
		eachNullable64(b, name, nullableTimeType, rows, func(r *visit.Row) (int64, bool) { return instant(t(&r.State)) })
	}
	at("first_fact", func(st *visit.State) visit.Time { return st.First })
	at("last_fact", func(st *visit.State) visit.Time { return st.Last })
	at("arrived", func(st *visit.State) visit.Time { return st.Arrived })
	at("released", func(st *visit.State) visit.Time { return st.Released })
	at("refused", func(st *visit.State) visit.Time { return st.Refused })
	at("departed", func(st *visit.State) visit.Time { return st.Departed })
	eachNullable64(b, "lapsed", nullableTimeType, rows, func(r *visit.Row) (int64, bool) { return instant(r.Lapsed) })
	since := func(name string, end func(*visit.State) (at visit.Time, closed int64)) {
		eachNullable64(b, name, "Nullable(UInt64)", rows, func(r *visit.Row) (int64, bool) {
			st := &r.State
			at, closed := end(st)
			return at - st.Arrived - closed, at != visit.None && !st.Empty && st.Fault == visit.Sound
		})
	}
	since("release_ms", func(st *visit.State) (visit.Time, int64) { return st.Released, 0 })
	since("crossing_ms", func(st *visit.State) (visit.Time, int64) { return st.Departed, 0 })
	since("release_net_ms", func(st *visit.State) (visit.Time, int64) { return st.Released, st.ReleaseClosed })
	since("crossing_net_ms", func(st *visit.State) (visit.Time, int64) { return st.Departed, st.CrossingClosed })
	s.segments(e, rows)
	eachCode(d, b, "phase", rows, func(r *visit.Row) visit.Phase { return r.State.Phase }, visit.Phase.String)
	eachCode(d, b, "holder", rows, func(r *visit.Row) event.Agency { return r.State.Holder }, s.voc.HolderName)
	at("since", func(st *visit.State) visit.Time { return st.Since })
	b.begin("facts", "String")
	for i := range rows {
		b.bytes(rows[i].Facts)
	}
}

// segments writes the five arrays.
func (s *Store) segments(e *encoder, rows []visit.Row) {
	b, d := &e.block, &e.dictionary
	length := func(r *visit.Row) int { return len(r.State.Segments) }
	words := func(column string, code func(*visit.Segment) uint16, name func(uint16) string) {
		b.begin(column, "Array("+lowCardinality+")")
		d.prefix(b)
		eachList(b, rows, length)
		d.reset()
		for i := range rows {
			for j := range rows[i].State.Segments {
				d.add(code(&rows[i].State.Segments[j]))
			}
		}
		d.body(b, name)
	}
	words("segment_phase", func(g *visit.Segment) uint16 { return uint16(g.Phase) },
		func(c uint16) string { return visit.Phase(c).String() })
	words("segment_holder", func(g *visit.Segment) uint16 { return uint16(g.Holder) },
		func(c uint16) string { return s.voc.HolderName(event.Agency(c)) })
	numbers := func(column, typ string, number func(*visit.Segment) int64) {
		b.begin(column, "Array("+typ+")")
		eachList(b, rows, length)
		for i := range rows {
			for j := range rows[i].State.Segments {
				b.uint64(uint64(number(&rows[i].State.Segments[j])))
			}
		}
	}
	numbers("segment_start", timeType, func(g *visit.Segment) int64 { return g.Start })
	numbers("segment_ms", "UInt64", func(g *visit.Segment) int64 { return g.End - g.Start })
	numbers("segment_net_ms", "UInt64", func(g *visit.Segment) int64 { return g.End - g.Start - g.Closed })
}
