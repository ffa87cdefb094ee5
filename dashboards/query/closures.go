package query

import (
	"context"
	"slices"
	"sort"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/metrics/hours"
)

// closures are when a place was closed: by its openings, or because its lanes were.
type closures struct {
	openings *hours.Hours // of its own: it is not for concurrent use
	lanes    []span       // in order, without overlap
}

// span is a stretch of time, [from, to).
type span struct{ from, to time.Time }

// during says that the place was closed at some time of (from, to], for either direction.
func (c *closures) during(from, to time.Time) bool {
	ends := sort.Search(len(c.lanes), func(i int) bool { return c.lanes[i].to.After(from) })
	if ends < len(c.lanes) && !c.lanes[ends].from.After(to) {
		return true
	}
	return closedDuring(c.openings, from.UnixMilli()+1, to.UnixMilli()+1)
}

// lane is an event about one, by key.
type lane struct {
	key    uint64
	name   string
	at     time.Time
	logged time.Time // of its Kafka record
	closed bool
}

var endless = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// shut are the spans in which all lanes were closed, of those that are followed and had events. Events are ordered by time.
func shut(lanes []lane) (all []span) {
	opened := map[string]bool{}
	open := 0           // of them
	var since time.Time // zero while one is open
	for _, l := range lanes {
		if opened[l.name] {
			open--
		}
		if opened[l.name] = !l.closed; !l.closed {
			open++
		}
		switch {
		case open == 0 && since.IsZero():
			since = l.at
		case open > 0 && !since.IsZero():
			all = append(all, span{since, l.at})
			since = time.Time{}
		}
	}
	if !since.IsZero() {
		all = append(all, span{since, endless})
	}
	return all
}

// readClosures reads what closed and opened since from. An event about a place is in every shard; a copy changes nothing.
func (s *Source) readClosures(ctx context.Context, p *place.Place, from time.Time) (*closures, error) {
	sql := `
SELECT type, id, source, edition, time, logged, lane, retracted_id, retracted_source, retracted_edition
FROM ` + s.table("events") + `
WHERE bcp = {bcp:String} AND subject = bcp AND time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
    AND type IN ('lane.opened', 'lane.closed', 'event.retracted')
ORDER BY time, offset`
	var lanes []lane
	gone := map[uint64]bool{}
	args := []any{named("bcp", p.ID), named("from", from.UnixMilli())}
	err := s.each(ctx, "closures", sql, args, func(rows driver.Rows) error {
		var typ, id, source, name, retracted, retractedSource string
		var edition, retractedEdition uint32
		var at, logged time.Time
		if err := rows.Scan(&typ, &id, &source, &edition, &at, &logged, &name, &retracted, &retractedSource, &retractedEdition); err != nil {
			return err
		}
		if typ == event.EventRetracted.String() {
			gone[event.KeyOf([]byte(retractedSource), []byte(retracted), retractedEdition)] = true
		} else {
			lanes = append(lanes, lane{event.KeyOf([]byte(source), []byte(id), edition), name, at, logged, typ == event.LaneClosed.String()})
		}
		return nil
	})
	return &closures{s.openings(p), shut(followed(slices.DeleteFunc(lanes, func(l lane) bool { return gone[l.key] })))}, err
}
