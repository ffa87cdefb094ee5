package query

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/metrics/hours"
)

// hoursOf are the hours of places without events, by event.BCP.
func hoursOf(places []place.Place) []*hours.Hours {
	all := make([]*hours.Hours, 1+len(places))
	for i := range places {
		all[1+i] = hours.New(places[i].Calendar, places[i].Zone)
	}
	return all
}

// mostOpenings is how many rows one query about openings returns. A source may have told of hundreds of thousands: those take longer than one
// answer may, which bounds each page and not all of them.
const mostOpenings = 20_000

// readOpenings reads what came since the last time about when places were open, if there are shards to be read at all. What was
// read once is not changed: overviews have it. After an error the next call goes on where this one stood.
func (s *Source) readOpenings(ctx context.Context, shards map[int]*storedShard) error {
	if len(shards) == 0 {
		return nil
	}
	fresh := map[event.BCP]*hours.Hours{}
	more, err := true, error(nil)
	for more && err == nil {
		more, err = s.readSomeOpenings(ctx, fresh)
	}
	if len(fresh) > 0 {
		s.stored.openings = slices.Clone(s.stored.openings)
		for b, h := range fresh {
			s.stored.openings[b] = h
		}
	}
	return err
}

// readSomeOpenings applies a page to fresh, which begin as copies, and reports whether there may be more. Of each shard it reads the lowest
// offsets, so that those after it are what is unread. After an error the page is read again, which is harmless.
func (s *Source) readSomeOpenings(ctx context.Context, fresh map[event.BCP]*hours.Hours) (more bool, err error) {
	var unread strings.Builder
	for shard, next := range s.stored.next {
		fmt.Fprintf(&unread, " AND (shard != %d OR offset >= %d)", shard, next)
	}
	sql := `
SELECT shard, offset, type, id, source, edition, time, bcp, direction, retracted_id, retracted_source, retracted_edition
FROM ` + s.table("openings") + `
WHERE bcp IN ({ids:Array(String)})` + unread.String() + `
ORDER BY shard, offset LIMIT ` + strconv.Itoa(mostOpenings)
	read, count := maps.Clone(s.stored.next), 0
	err = s.each(ctx, "openings", sql, []any{clickhouse.Named("ids", s.ids)}, func(rows driver.Rows) error {
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
		e.AboutPlace = e.Type == event.EventRetracted
		var err error
		if e.BCP, e.Direction, err = s.codes(bcp, direction); err != nil {
			return err
		}
		if fresh[e.BCP] == nil {
			fresh[e.BCP] = s.stored.openings[e.BCP].Clone()
		}
		fresh[e.BCP].Apply(&e)
		read[shard] = max(read[shard], offset+1)
		count++
		return nil
	})
	if err != nil {
		return false, err
	}
	s.stored.next = read
	return count == mostOpenings, nil
}
