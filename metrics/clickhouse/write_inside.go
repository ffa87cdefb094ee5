package clickhouse

import (
	"context"
	"encoding/binary"
	"slices"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/visit"
)

// WriteInside writes rows.
func (s *Store) WriteInside(ctx context.Context, id int, rows []engine.Inside) error {
	return insertRows(ctx, s, "inside_now", rows, func(e *encoder, rows []engine.Inside) {
		e.block.reset("inside_now", len(rows), 0)
		b, d := &e.block, &e.dictionary
		b.same("shard", uint16(id))
		eachCode(d, b, "bcp", rows, func(r *engine.Inside) event.BCP { return r.BCP }, s.voc.BCPName)
		eachCode(d, b, "direction", rows, func(r *engine.Inside) event.Direction { return r.Direction }, event.Direction.String)
		each64(b, "as_of", "UInt64", rows, func(r *engine.Inside) int64 { return r.AsOf })
		eachNullable64(b, "last_event", nullableTimeType, rows, func(r *engine.Inside) (int64, bool) { return r.LastEvent, engine.Seen(r.LastEvent) })
		eachNullable64(b, "last_truck_event", nullableTimeType, rows, func(r *engine.Inside) (int64, bool) { return r.LastTruckEvent, engine.Seen(r.LastTruckEvent) })
		each32(b, "trucks", "UInt32", rows, func(r *engine.Inside) uint32 { return uint32(r.Trucks) })
		writeClasses(e, rows, s.voc)
	})
}

// counted is the number of trucks of a class.
type counted struct {
	engine.Class
	trucks int
}

// writeClasses writes the columns of classes, which have an item for each class of a row. The classes are in order, so that equal
// rows are stored as equal bytes.
func writeClasses(e *encoder, rows []engine.Inside, voc *event.Vocabulary) {
	b := &e.block
	var all []counted
	for i := range rows {
		first := len(all)
		for c, n := range rows[i].Classes {
			all = append(all, counted{c, n})
		}
		slices.SortFunc(all[first:], func(a, b counted) int { return a.Compare(b.Class) })
	}
	lengths := func() { eachList(b, rows, func(r *engine.Inside) int { return len(r.Classes) }) }
	phase := func(c *counted) visit.Phase {
		p, _, _ := c.Held.Segment()
		return p
	}
	holder := func(c *counted) event.Agency {
		_, h, _ := c.Held.Segment()
		return h
	}
	b.begin("class_trucks", "Array(UInt32)")
	lengths()
	items32(b, all, func(c *counted) uint32 { return uint32(c.trucks) })
	b.begin("class_arrived", "Array(DateTime('UTC'))")
	lengths()
	items32(b, all, func(c *counted) uint32 { return uint32(c.Arrived) * 3600 })
	b.begin("class_since", "Array(Nullable(DateTime('UTC')))")
	lengths()
	for i := range all {
		unknown := byte(0)
		if all[i].Since == engine.NoQuarter {
			unknown = 1
		}
		b.buf = append(b.buf, unknown)
	}
	items32(b, all, func(c *counted) uint32 {
		if c.Since == engine.NoQuarter {
			return 0
		}
		return uint32(c.Since) * 900
	})
	classCodes(e, "class_phase", lengths, all, phase, visit.Phase.String)
	classCodes(e, "class_holder", lengths, all, holder, voc.HolderName)
	classCodes(e, "class_channel", lengths, all, func(c *counted) event.Channel { return c.Channel }, event.Channel.String)
	classCodes(e, "class_type", lengths, all, func(c *counted) event.Type { return c.Last }, event.Type.String)
	classCodes(e, "class_agency", lengths, all, func(c *counted) event.Agency { return c.Agency }, voc.HolderName)
	classCodes(e, "class_kind", lengths, all, func(c *counted) event.InspectionKind { return c.Kind }, event.InspectionKind.String)
	classCodes(e, "class_result", lengths, all, func(c *counted) event.Result { return c.Result }, event.Result.String)

	d := &e.dictionary
	d.reset()
	for i := range all {
		for a := range all[i].Done.All() {
			d.add(uint16(a))
		}
	}
	b.begin("class_done", "Array(Array("+lowCardinality+"))")
	d.prefix(b)
	lengths()
	eachList(b, all, func(c *counted) int { return c.Done.Len() })
	d.body(b, func(c uint16) string { return voc.HolderName(event.Agency(c)) })
}

func items32(b *block, all []counted, value func(*counted) uint32) {
	b.buf = slices.Grow(b.buf, 4*len(all))
	for i := range all {
		b.buf = binary.LittleEndian.AppendUint32(b.buf, value(&all[i]))
	}
}

// classCodes is a column of arrays of words.
func classCodes[C ~uint8 | ~uint16](e *encoder, column string, lengths func(), all []counted, code func(*counted) C, name func(C) string) {
	b, d := &e.block, &e.dictionary
	d.reset()
	for i := range all {
		d.add(uint16(code(&all[i])))
	}
	b.begin(column, "Array("+lowCardinality+")")
	d.prefix(b)
	lengths()
	d.body(b, func(c uint16) string { return name(C(c)) })
}

// WriteProgress writes the shard's progress.
func (s *Store) WriteProgress(ctx context.Context, id int, f *engine.Flush) error {
	return s.insert(ctx, "progress", func(e *encoder, send func(*block) bool) {
		e.block.reset("progress", 1, 0)
		b := &e.block
		one := []*engine.Flush{f}
		b.same("shard", uint16(id))
		each64(b, "offset", "UInt64", one, func(f **engine.Flush) int64 { return (*f).AsOf })
		each64(b, "as_of", "UInt64", one, func(f **engine.Flush) int64 { return (*f).AsOf })
		eachNullable64(b, "latest", nullableTimeType, one, func(f **engine.Flush) (int64, bool) { return (*f).Latest, (*f).HasLatest })
		eachNullable64(b, "watermark", nullableTimeType, one, func(f **engine.Flush) (int64, bool) { return (*f).Watermark, (*f).HasLatest })
		each64(b, "records", "UInt64", one, func(f **engine.Flush) int64 { return (*f).Records })
		writeSources(b, &f.Sources)
		send(&e.block)
	})
}

// writeSources writes the column of the sources that lead, the two of the later block first.
func writeSources(b *block, s *engine.Sources) {
	var blocks, names, times []uint64
	for i, l := range s.Leading {
		if l.Latest != 0 {
			blocks, names, times = append(blocks, uint64(s.BlockOf(i))), append(names, l.Source), append(times, uint64(l.Latest))
		}
	}
	b.begin("sources", "Array(Tuple(block UInt64, source UInt64, latest "+timeType+"))")
	b.uint64(uint64(len(blocks)))
	for _, column := range [][]uint64{blocks, names, times} {
		for _, v := range column {
			b.uint64(v)
		}
	}
}
