package query

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/ingest/place"
)

// closures are when a place was closed: by its calendar, and by events.
type closures struct {
	place *place.Place
	spans []span
}

// span is a stretch of time, [from, to).
type span struct{ from, to time.Time }

// during says that the place was closed at some time of (from, to].
func (c *closures) during(from, to time.Time) bool {
	for _, s := range c.spans {
		if !s.from.After(to) && s.to.After(from) {
			return true
		}
	}
	if c.place.Calendar == nil {
		return false
	}
	for at := from.Add(time.Millisecond); !at.After(to); {
		local := at.In(c.place.Zone)
		minute := local.Hour()*60 + local.Minute()
		hour := min(60-local.Minute(), int(to.Sub(at)/time.Minute)+1)
		if c.place.Calendar.OpenMinutes(local.Weekday(), minute, minute+hour) < hour {
			return true
		}
		at = at.Truncate(time.Minute).Add(time.Duration(hour) * time.Minute)
	}
	return false
}

// change is an event about a place: it, or where lane has a name that lane, opened or closed.
type change struct {
	at     time.Time
	lane   string
	closed bool
}

// add makes spans of changes, which are ordered by time. A place is closed between bcp.closed and bcp.opened, and while
// all lanes are that anything was told of.
func (c *closures) add(changes []change) {
	closed := map[string]bool{}
	var since time.Time // zero while it is open
	for _, e := range changes {
		closed[e.lane] = e.closed
		open := !closed[""]
		if lanes := maps.Clone(closed); open {
			delete(lanes, "")
			open = len(lanes) == 0 || slices.Contains(slices.Collect(maps.Values(lanes)), false)
		}
		switch {
		case !open && since.IsZero():
			since = e.at
		case open && !since.IsZero():
			c.spans = append(c.spans, span{since, e.at})
			since = time.Time{}
		}
	}
	if !since.IsZero() {
		c.spans = append(c.spans, span{since, endless})
	}
}

var endless = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// readClosures reads what closed and opened since from. An event about a place is in every shard; a copy changes nothing.
func (s *Source) readClosures(ctx context.Context, p *place.Place, from time.Time) (*closures, error) {
	sql := `
SELECT time, lane, endsWith(type, '.closed')
FROM ` + s.table("events") + `
WHERE bcp = {bcp:String} AND type IN ('bcp.opened', 'bcp.closed', 'lane.opened', 'lane.closed')
    AND time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
    AND (id, source) NOT IN (SELECT retracted_id, retracted_source FROM ` + s.table("events") + `
        WHERE type = 'event.retracted' AND bcp = {bcp:String} AND time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC'))
ORDER BY time, offset`
	c := &closures{place: p}
	var changes []change
	args := []any{named("bcp", p.ID), named("from", from.UnixMilli())}
	err := s.each(ctx, "closures", sql, args, func(rows driver.Rows) error {
		var e change
		var closed uint8
		err := rows.Scan(&e.at, &e.lane, &closed)
		e.closed = closed != 0
		changes = append(changes, e)
		return err
	})
	c.add(changes)
	return c, err
}
