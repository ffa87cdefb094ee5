package query

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// readInside reads the occupancy of shards.
func (s *Source) readInside(ctx context.Context, ids []uint16, yield func(int, event.BCP, event.Direction, engine.Occupancy)) error {
	sql := `
SELECT shard, bcp, toString(direction), last_event, last_truck_event, trucks, class_trucks,
    arrayMap(t -> toInt32(intDiv(toUnixTimestamp(t), 3600)), class_arrived), arrayMap(t -> ifNull(toInt32(intDiv(toUnixTimestamp(t), 900)), -1), class_since),
    class_phase, class_holder, class_channel, class_type, class_agency, class_kind, class_result, class_done
FROM ` + s.table("inside_now") + ` FINAL
WHERE shard IN ({shards:Array(UInt16)}) AND bcp IN ({ids:Array(String)})`
	args := []any{clickhouse.Named("shards", ids), clickhouse.Named("ids", s.ids)}
	return s.each(ctx, "inside_now", sql, args, func(rows driver.Rows) error {
		var (
			shard           uint16
			bcp, direction  string
			last, lastTruck *time.Time
			trucks          uint32
			classes         storedClasses
		)
		if err := rows.Scan(append([]any{&shard, &bcp, &direction, &last, &lastTruck, &trucks}, classes.columns()...)...); err != nil {
			return err
		}
		in := engine.Occupancy{LastEvent: orNever(last), LastTruckEvent: orNever(lastTruck), Trucks: int(trucks), Classes: map[engine.Class]int{}}
		if err := classes.addTo(in.Classes, s.voc); err != nil {
			return err
		}
		b, d, err := s.codes(bcp, direction)
		if err != nil {
			return err
		}
		yield(int(shard), b, d, in)
		return nil
	})
}

// storedClasses are the columns of classes of a row, which have an item for each class.
type storedClasses struct {
	trucks                                             []uint32
	arrived, since                                     []int32
	phase, holder, channel, last, agency, kind, result []string
	done                                               [][]string
}

func (c *storedClasses) columns() []any {
	return []any{&c.trucks, &c.arrived, &c.since, &c.phase, &c.holder, &c.channel, &c.last, &c.agency, &c.kind, &c.result, &c.done}
}

func (c *storedClasses) addTo(all map[engine.Class]int, voc *event.Vocabulary) error {
	for _, n := range []int{
		len(c.arrived), len(c.since), len(c.phase), len(c.holder), len(c.channel), len(c.last), len(c.agency), len(c.kind), len(c.result), len(c.done),
	} {
		if n != len(c.trucks) {
			return fmt.Errorf("a row has %d classes of trucks, and columns with %d", len(c.trucks), n)
		}
	}
	w := words{voc: voc}
	for i, n := range c.trucks {
		class := engine.Class{
			Held: window.OfSegment(parse(&w, "phase", c.phase[i], visit.ParsePhase), w.holder(c.holder[i])),
			Last: parse(&w, "type", c.last[i], bytes(event.ParseType)), Agency: w.holder(c.agency[i]),
			Kind: parse(&w, "kind", c.kind[i], bytes(event.ParseInspectionKind)), Result: parse(&w, "result", c.result[i], bytes(event.ParseResult)),
			Channel: parse(&w, "channel", c.channel[i], bytes(event.ParseChannel)), Arrived: c.arrived[i], Since: c.since[i],
		}
		var done []event.Agency
		for _, a := range c.done[i] {
			done = append(done, w.holder(a))
		}
		class.Done = engine.AgenciesOf(done...)
		if w.err != nil {
			return w.err
		}
		all[class] += int(n)
	}
	return nil
}

// words reads words of the tables; err is the first error.
type words struct {
	voc *event.Vocabulary
	err error
}

func (w *words) holder(word string) event.Agency {
	return parse(w, "holder", word, bytes(w.voc.Holder))
}

// parse reads a word; the empty word means that there is no value.
func parse[T any](w *words, of, word string, parse func(string) (T, bool)) (v T) {
	if word == "" {
		return v
	}
	v, known := parse(word)
	if !known && w.err == nil {
		w.err = fmt.Errorf("%s %q of a truck inside is not known", of, word)
	}
	return v
}

// bytes is a parser of text that reads bytes.
func bytes[T any](parse func([]byte) (T, bool)) func(string) (T, bool) {
	return func(word string) (T, bool) { return parse([]byte(word)) }
}
