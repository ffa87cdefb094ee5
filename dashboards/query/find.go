package query

import (
	"context"
	"fmt"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/dashboards/overview"
	"dwell/metrics/window"
)

// A list of visits is read in two steps, and neither merges rows (FINAL), which reads all that lies beside a row in the order of ids, of
// whichever year. The first finds the keys of rows that fit, be they the latest or not, by the indexes of times. The second reads the latest
// row of each key, and only where that is the row that was found does the visit belong to the list. So the latest row of each visit that
// fits is found, and no other one: it is one of those rows itself.
//
// The latest row of a key is looked for in the month of the row that was found. A visit is in another month only if it begins anew after the
// retention, and then its former row is absent (Source.present).

// looks bounds the rounds of one page: where more rows that fit are outdated, or of another holder, the page is short and has a next one.
const (
	looks = 8
	// fewest is how many keys a look asks for at least, heldLook that of a look for a holder, most of whose keys may be of others.
	fewest, heldLook = 100, 1000
)

// key is a row that fits. Its cursor has BCP and visit, and the instant by which the list is ordered.
type key struct {
	month  uint32
	shard  uint16
	asOf   uint64
	cursor overview.Cursor
}

// identity is the key of a visit in the table.
type identity struct {
	bcp   string
	shard uint16
	visit string
}

func (k key) identity() identity { return identity{k.cursor.Place, k.shard, k.cursor.Visit} }

// find reads a page of visits; next is where the next one begins, nil after the last one.
func (s *Source) find(ctx context.Context, q overview.VisitsQuery) (found []overview.Visit, next *string, err error) {
	ctx, done, err := s.question(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	found = []overview.Visit{}
	after, most := q.After, max(fewest, q.Limit+1)
	if q.Holder != "" {
		most = max(heldLook, most)
	}
	var last *overview.Cursor // of those found
	waits := s.waitsNow()
	page := func(c *overview.Cursor) *string {
		text := c.Text(q.Pages)
		return &text
	}
	for look := range looks {
		keys, err := s.keys(ctx, q, after, most, look > 0)
		if err != nil {
			return nil, nil, err
		}
		latest, err := s.latest(ctx, keys, waits)
		if err != nil {
			return nil, nil, err
		}
		for i := range keys {
			k := &keys[i]
			v, ok := latest[k.identity()]
			if !ok || v.asOf != k.asOf || q.Holder != "" && (v.Open == nil || v.Open.Holder != q.Holder) {
				continue
			}
			delete(latest, k.identity()) // a copy of the row may follow
			if len(found) == q.Limit {
				return found, page(last), nil
			}
			found, last = append(found, v.Visit), &k.cursor
		}
		if len(keys) < most {
			return found, nil, nil
		}
		after = &keys[len(keys)-1].cursor
	}
	return found, page(after), nil
}

// keys finds the next rows that fit, in the order of the list. Where too many of them were outdated, it looks at the latest rows of all keys
// that have one that fits: that reads what lies beside each of them, and takes longer unless most are outdated.
func (s *Source) keys(ctx context.Context, q overview.VisitsQuery, after *overview.Cursor, most int, outdated bool) (all []key, err error) {
	at := string(q.By)
	if q.By == "" {
		at = "coalesce(arrived, first_fact, fromUnixTimestamp64Milli(0, 'UTC'))"
	}
	where, args := s.fits(q)
	order, beyond := " DESC", "<"
	if q.OldestFirst {
		order, beyond = "", ">"
	}
	if after != nil {
		where = append(where, at+" "+beyond+"= fromUnixTimestamp64Milli({ms:Int64}, 'UTC')",
			"("+at+" "+beyond+" fromUnixTimestamp64Milli({ms:Int64}, 'UTC') OR (toString(bcp), visit) > ({place:String}, {visit:String}))")
		args = append(args, named("ms", after.AtMs), named("place", after.Place), named("visit", after.Visit))
	}
	visits, fit := s.table("visits"), strings.Join(where, "\n    AND ")
	asOf, rows := "as_of", visits+"\nWHERE "+fit
	if outdated {
		rows = fmt.Sprintf(`(
    SELECT month, bcp, shard, visit, max(as_of) AS latest, argMax(tuple(%s), as_of).1 AS at, argMax(ifNull(%s, 0), as_of) AS fits
    FROM %s WHERE (month, bcp, shard, visit) IN (SELECT month, bcp, shard, visit FROM %s)
    GROUP BY month, bcp, shard, visit
) WHERE fits`, at, fit, visits, rows)
		asOf, at = "latest", "at"
	}
	sql := fmt.Sprintf("SELECT month, shard, %[1]s, toUnixTimestamp64Milli(%[2]s) AS ms, bcp, visit FROM %[3]s\nORDER BY ms%[4]s, toString(bcp), visit, shard, %[1]s DESC LIMIT %[5]d",
		asOf, at, rows, order, most)
	err = s.each(ctx, "visits", sql, args, func(rows driver.Rows) error {
		var k key
		err := rows.Scan(&k.month, &k.shard, &k.asOf, &k.cursor.AtMs, &k.cursor.Place, &k.cursor.Visit)
		all = append(all, k)
		return err
	})
	return all, err
}

// fits is the condition on rows, as terms, with its values.
func (s *Source) fits(q overview.VisitsQuery) (terms []string, args []any) {
	add := func(term string, values ...any) { terms, args = append(terms, term), append(args, values...) }
	if q.Place != "" {
		add("bcp = {bcp:String}", named("bcp", q.Place))
	}
	if q.Prefix != "" {
		add("startsWith(visit, {prefix:String})", named("prefix", q.Prefix))
	}
	if q.Status != "" {
		add("status = {status:String}", named("status", q.Status))
	}
	if filter, values := condition(q.Filter); filter != "" {
		add(strings.TrimPrefix(filter, " AND "), values...)
	}
	if q.Inside || q.Status == "inside" {
		add("over = 0 AND arrived IS NOT NULL AND departed IS NULL")
	}
	now := s.now()
	if q.OlderThan > 0 {
		add("arrived <= fromUnixTimestamp64Milli({older:Int64}, 'UTC')", named("older", now.Add(-q.OlderThan).UnixMilli()))
	}
	if q.YoungerThan > 0 {
		add("arrived > fromUnixTimestamp64Milli({younger:Int64}, 'UTC')", named("younger", now.Add(-q.YoungerThan).UnixMilli()))
	}
	if q.Holder != "" { // of a truck that waits for nobody known, the holder is presumed once it is read
		add("phase != '' AND (holder = {holder:String} OR phase = 'wait' AND holder = 'unknown')", named("holder", q.Holder))
	}
	if q.By != "" {
		const from, to = "fromUnixTimestamp64Milli({from:Int64}, 'UTC')", "fromUnixTimestamp64Milli({to:Int64}, 'UTC')"
		// The facts of the visit are about it, and the table has indexes of those too.
		add(fmt.Sprintf("%[1]s >= %[2]s AND %[1]s < %[3]s AND %[4]s", q.By, from, to, window.SQLOfFactsDuring(from, to)),
			named("from", q.From.UnixMilli()), named("to", q.To.UnixMilli()))
	}
	add(s.present())
	return terms, args
}

// latestRow is a visit with the offset as of which its row is.
type latestRow struct {
	overview.Visit
	asOf uint64
}

// latest reads the latest rows of keys. Those of each month are asked for by themselves, since all keys would be looked up in each month.
func (s *Source) latest(ctx context.Context, keys []key, waits *waits) (map[identity]latestRow, error) {
	all := make(map[identity]latestRow, len(keys))
	for chunk := range inStatements(keys) {
		months := map[uint32][]clickhouse.GroupSet{}
		for i := range chunk {
			k := &chunk[i]
			months[k.month] = append(months[k.month], clickhouse.GroupSet{Value: []any{k.cursor.Place, k.shard, k.cursor.Visit}})
		}
		var parts []string
		var args []any
		for month, of := range months {
			parts = append(parts, "(SELECT shard, as_of, "+visitColumns+" FROM "+s.table("visits")+" WHERE month = ? AND (bcp, shard, visit) IN (?) ORDER BY as_of DESC LIMIT 1 BY bcp, shard, visit)")
			args = append(args, month, of)
		}
		err := s.each(ctx, "visits", strings.Join(parts, "\nUNION ALL\n"), args, func(rows driver.Rows) error {
			var row latestRow
			var shard uint16
			var err error
			row.Visit, err = s.scanVisit(rows, waits, &shard, &row.asOf)
			if of := (identity{row.Place, shard, row.Visit.Visit}); row.asOf >= all[of].asOf { // two months may have a key that fits
				all[of] = row
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// inStatements cuts keys into parts that each fit in one statement: ClickHouse's max_query_size is 256 KiB by default.
func inStatements(keys []key) func(yield func([]key) bool) {
	const mostBytes = 100_000
	return func(yield func([]key) bool) {
		for len(keys) > 0 {
			n, size := 0, 0
			for n < len(keys) && (n == 0 || size < mostBytes) {
				size += len(keys[n].cursor.Place) + 2*len(keys[n].cursor.Visit) + 30 // an id may need escapes
				n++
			}
			if !yield(keys[:n]) {
				return
			}
			keys = keys[n:]
		}
	}
}

// Inside reads the visits inside a place now, the oldest arrival first.
func (s *Source) Inside(ctx context.Context, q overview.VisitsQuery) (*overview.Visits, error) {
	q.Inside, q.OldestFirst = true, true
	now := s.now().UTC()
	found, next, err := s.find(ctx, q)
	return &overview.Visits{ID: q.Place, Filter: q.Filter, Time: now, Visits: found, Next: next}, err
}

// Find reads visits, the latest first.
func (s *Source) Find(ctx context.Context, q overview.VisitsQuery) (*overview.Found, error) {
	now := s.now().UTC()
	found, next, err := s.find(ctx, q)
	out := &overview.Found{Time: now, Visits: found, Next: next}
	if q.By != "" {
		from, to := q.From.UTC(), q.To.UTC()
		out.By, out.From, out.To = &q.By, &from, &to
	}
	return out, err
}
