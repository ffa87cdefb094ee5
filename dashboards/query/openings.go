package query

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/ingest/event"
	"dwell/ingest/place"
	opening "dwell/metrics/hours"
)

// openings are when the places were open, by their calendars and by their events. Events are read once,
// and then only what has come since.
type openings struct {
	mu sync.Mutex
	of map[string]*opening.Hours
	// next is the offset to read from, by shard. An event about a place is in every shard; a copy changes nothing.
	next map[uint16]uint64
}

func newOpenings(places []place.Place) *openings {
	o := &openings{of: map[string]*opening.Hours{}, next: map[uint16]uint64{}}
	for i := range places {
		o.of[places[i].ID] = opening.New(places[i].Calendar, places[i].Zone)
	}
	return o
}

// openAt reports whether a place was open at an instant, for either direction.
func (o *openings) openAt(id string, t time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	h, ms := o.of[id], t.UnixMilli()
	return h.Open(event.Inbound, ms) || h.Open(event.Outbound, ms)
}

// closedDuring reports whether a place was closed at some time of [from, to), for either direction.
func (o *openings) closedDuring(id string, from, to int64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	h := o.of[id]
	return h.Closed(event.Inbound, from, to) > 0 || h.Closed(event.Outbound, from, to) > 0
}

// readOpenings reads the events since the last time.
func (s *Source) readOpenings(ctx context.Context) error {
	o := s.openings
	o.mu.Lock()
	defer o.mu.Unlock()
	var unread strings.Builder
	for shard, next := range o.next {
		fmt.Fprintf(&unread, " AND (shard != %d OR offset >= %d)", shard, next)
	}
	sql := `
SELECT shard, offset, type, id, source, edition, time, bcp, direction, retracted_id, retracted_source, retracted_edition
FROM ` + s.table("openings") + `
WHERE bcp IN ({ids:Array(String)})` + unread.String()
	read := maps.Clone(o.next)
	err := s.each(ctx, "openings", sql, []any{clickhouse.Named("ids", s.ids)}, func(rows driver.Rows) error {
		var shard uint16
		var offset uint64
		var typ, id, source, bcp, direction, retracted, retractedSource string
		var edition, retractedEdition uint32
		var at time.Time
		if err := rows.Scan(&shard, &offset, &typ, &id, &source, &edition, &at, &bcp, &direction, &retracted, &retractedSource, &retractedEdition); err != nil {
			return err
		}
		e := event.Event{
			ID: []byte(id), Source: []byte(source), Edition: edition, Time: at.UnixMilli(),
			RetractedID: []byte(retracted), RetractedSource: []byte(retractedSource), RetractedEdition: retractedEdition,
		}
		e.Type, _ = event.ParseType([]byte(typ))
		e.Direction, _ = event.ParseDirection([]byte(direction))
		e.AboutPlace = e.Type == event.EventRetracted
		o.of[bcp].Apply(&e)
		read[shard] = max(read[shard], offset+1)
		return nil
	})
	if err == nil { // else some are not read that come before others; reading those again is harmless
		o.next = read
	}
	return err
}
