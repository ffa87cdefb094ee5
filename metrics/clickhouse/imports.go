package clickhouse

import (
	"context"
	"fmt"
	"slices"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/imports"
	"dwell/ingest/source"
)

// Imports returns all imports and undoings by their numbers.
func (s *Store) Imports(ctx context.Context) (all []imports.Import, err error) {
	const query = `SELECT number, token, toString(kind), of, file, file_hash, mapping, mapping_hash, toUnixTimestamp64Milli(begun), toUnixTimestamp64Milli(ended), interrupted,
	isNull(ended) AND NOT interrupted AND written_at > now64(6) - toIntervalMillisecond(?), lines, added, replaced, duplicates, refused, changes, retracted
FROM imports FINAL ORDER BY number, begun, token LIMIT 1 BY number` + consistent
	rows, err := s.conn.Query(ctx, query, imports.Lease.Milliseconds())
	if err != nil {
		return nil, fmt.Errorf("read table imports: %w", damaged(err))
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var i imports.Import
		var kind string
		var begun int64
		var ended *int64
		var interrupted, alive uint8
		var lines, added, replaced, duplicates, changes, retracted uint64
		var refused map[string]uint64
		if err := rows.Scan(&i.Number, &i.Token, &kind, &i.Of, &i.File, &i.FileHash, &i.Mapping, &i.MappingHash, &begun, &ended, &interrupted, &alive,
			&lines, &added, &replaced, &duplicates, &refused, &changes, &retracted); err != nil {
			return nil, fmt.Errorf("read table imports: %w", damaged(err))
		}
		i.Kind, i.Begun, i.Interrupted, i.Alive = imports.Kind(kind), time.UnixMilli(begun), interrupted == 1, alive == 1
		if ended != nil {
			i.Ended = time.UnixMilli(*ended)
		}
		i.Lines, i.Added, i.Replaced, i.Duplicates, i.Changes, i.Retracted = int64(lines), int64(added), int64(replaced), int64(duplicates), int64(changes), int64(retracted)
		i.Refused = map[event.Reason]int64{}
		for reason, n := range refused {
			i.Refused[event.Reason(reason)] = int64(n)
		}
		all = append(all, i)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read table imports: %w", damaged(err))
	}
	return all, nil
}

// WriteImport writes or replaces an import. It returns imports.ErrTaken if another process has its number.
func (s *Store) WriteImport(ctx context.Context, i *imports.Import) error {
	refused := map[string]uint64{}
	for reason, n := range i.Refused {
		refused[string(reason)] = uint64(n)
	}
	var ended *int64
	if !i.Ended.IsZero() {
		ms := i.Ended.UnixMilli()
		ended = &ms
	}
	const insert = `INSERT INTO imports (number, token, kind, of, file, file_hash, mapping, mapping_hash, begun, ended, interrupted, lines, added, replaced, duplicates, refused, changes, retracted)` +
		quorum + ` VALUES (?, ?, ?, ?, ?, ?, ?, ?, fromUnixTimestamp64Milli(?), fromUnixTimestamp64Milli(?), ?, ?, ?, ?, ?, ?, ?, ?)`
	if err := s.exec(ctx, insert, i.Number, i.Token, string(i.Kind), i.Of, i.File, i.FileHash, i.Mapping, i.MappingHash, i.Begun.UnixMilli(), ended, truth(i.Interrupted),
		i.Lines, i.Added, i.Replaced, i.Duplicates, refused, i.Changes, i.Retracted); err != nil {
		return fmt.Errorf("write table imports: %w", err)
	}
	var first uint64
	if err := s.conn.QueryRow(ctx, "SELECT argMin(token, (begun, token)) FROM imports WHERE number = ?"+consistent, i.Number).Scan(&first); err != nil {
		return fmt.Errorf("read table imports: %w", damaged(err))
	}
	if first != i.Token {
		return imports.ErrTaken
	}
	return nil
}

const entryColumns = `toInt64(toUnixTimestamp(near)) * 1000, key, number, derived, content, first, edition, standing, toUnixTimestamp64Milli(time),
	toString(source), toString(bcp), toInt8(closed), id, appended, `

const messageColumns = "event, retraction FROM import_entries "

// Entries returns all entries of these keys; Event and Retraction are empty without messages.
func (s *Store) Entries(ctx context.Context, keys []imports.Key, messages bool) (all []imports.Entry, err error) {
	const most = 10_000 // of numbers in a statement, which may have 256 KiB
	for some := range slices.Chunk(keys, most) {
		from, to := some[0].Near, some[0].Near
		hashes := make([]uint64, len(some))
		for i, k := range some {
			from, to = min(from, k.Near), max(to, k.Near)
			hashes[i] = k.Hash
		}
		query := "SELECT " + entryColumns + "'' AS event, '' AS retraction FROM import_entries "
		if messages {
			query = "SELECT " + entryColumns + messageColumns
		}
		query += "WHERE near BETWEEN toDateTime(?) AND toDateTime(?) AND key IN (?)" + consistent
		found, err := s.entries(ctx, query, from/1000, to/1000, hashes)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// EntriesOf returns entries of one number in the order of keys, behind a key, as many as imports.Page.
func (s *Store) EntriesOf(ctx context.Context, number uint32, after *imports.Key) ([]imports.Entry, error) {
	const query = "SELECT " + entryColumns + messageColumns + `
WHERE number = ? AND (? OR (toUnixTimestamp(near), key) > (?, ?)) ORDER BY near, key LIMIT 1 BY near, key LIMIT ?` + consistent
	var key imports.Key
	if after != nil {
		key = *after
	}
	return s.entries(ctx, query, number, after == nil, key.Near/1000, key.Hash, imports.Page)
}

// ofStanding selects the entries of what lines of standing imports say.
const ofStanding = `NOT derived AND number IN (SELECT number FROM imports FINAL WHERE kind != 'undo') AND number NOT IN (SELECT of FROM imports FINAL WHERE kind = 'undo')`

// Missing counts what another import says of the events of one, and what it does not and none but the earlier ones do.
func (s *Store) Missing(ctx context.Context, number, by uint32, earlier []uint32) (said, missing int64, in []uint32, err error) {
	const query = `SELECT toInt64(countIf(of AND again)), toInt64(countIf(of AND NOT again AND NOT others)),
	arraySort(groupUniqArrayArray(if(of AND NOT again AND NOT others, saying, [])))
FROM (
	SELECT max(number = ?) AS of, max(number = ?) AS again, max(number != ? AND number NOT IN (?)) AS others, groupUniqArrayIf(number, number IN (?)) AS saying
	FROM import_entries WHERE ` + ofStanding + ` GROUP BY near, key
)` + consistent + ", optimize_aggregation_in_order = 1" // so that the keys of a whole file are not in memory
	if err := s.conn.QueryRow(ctx, query, number, by, by, earlier, earlier).Scan(&said, &missing, &in); err != nil {
		return 0, 0, nil, fmt.Errorf("read table import_entries: %w", damaged(err))
	}
	return said, missing, in, nil
}

// Moved counts what an import says first that earlier ones say of the same subject and instant, by the type and the data, under another id.
func (s *Store) Moved(ctx context.Context, number uint32, earlier []uint32) (events int64, in []uint32, err error) {
	const query = `SELECT toInt64(sum(added)), arraySort(groupUniqArrayArray(saying))
FROM (
	SELECT countIf(number = ?) AS added, groupUniqArrayIf(number, number IN (?)) AS saying
	FROM import_entries WHERE (number = ? OR number IN (?)) AND event != '' AND ` + ofStanding + `
		AND near BETWEEN (SELECT min(near) FROM import_entries WHERE number = ?) AND (SELECT max(near) FROM import_entries WHERE number = ?)
	GROUP BY source, bcp, time, JSONExtractString(event, 'subject'), JSONExtractString(event, 'type'), JSONExtractRaw(event, 'data')
	HAVING added > 0 AND length(saying) > 0 AND uniq(key) > 1
)` + consistent + ", max_bytes_before_external_group_by = 100000000" // so that the events of a whole file are not in memory
	if err := s.conn.QueryRow(ctx, query, number, earlier, number, earlier, number, number).Scan(&events, &in); err != nil {
		return 0, nil, fmt.Errorf("read table import_entries: %w", damaged(err))
	}
	return events, in, nil
}

// Turns returns where the state of a place turns, from open at first, by the readings of a source that the standing imports say last,
// in the order of time. Of several readings of an instant, one that says that the place was closed counts.
func (s *Store) Turns(ctx context.Context, source, bcp string) (turns []imports.Turn, err error) {
	const query = `SELECT toUnixTimestamp64Milli(time), closed, id FROM (
	SELECT time, closed, id, lagInFrame(closed, 1, 0) OVER (ORDER BY time ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS was FROM (
		SELECT time, max(says) = 2 AS closed, argMin(id, (-says, id)) AS id FROM (
			SELECT any(time) AS time, argMax(toInt8(closed), first) AS says, any(id) AS id FROM import_entries
			WHERE source = ? AND bcp = ? AND ` + ofStanding + ` GROUP BY near, key HAVING says > 0
		) GROUP BY time
	)
) WHERE closed != was ORDER BY time` + consistent
	rows, err := s.conn.Query(ctx, query, source, bcp)
	if err != nil {
		return nil, fmt.Errorf("read table import_entries: %w", damaged(err))
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var t imports.Turn
		var closed uint8
		if err := rows.Scan(&t.Time, &closed, &t.ID); err != nil {
			return nil, fmt.Errorf("read table import_entries: %w", damaged(err))
		}
		t.Closed = closed == 1
		turns = append(turns, t)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read table import_entries: %w", damaged(err))
	}
	return turns, nil
}

// Changes returns the last entry of each closing and opening that followed from readings of a source at a place.
func (s *Store) Changes(ctx context.Context, source, bcp string) ([]imports.Entry, error) {
	const query = "SELECT " + entryColumns + messageColumns + `
WHERE derived AND source = ? AND bcp = ? ORDER BY near, key, number DESC LIMIT 1 BY near, key` + consistent
	return s.entries(ctx, query, source, bcp)
}

func (s *Store) entries(ctx context.Context, query string, args ...any) (all []imports.Entry, err error) {
	rows, err := s.conn.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read table import_entries: %w", damaged(err))
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var e imports.Entry
		var derived, standing, appended uint8
		var closed int8
		if err := rows.Scan(&e.Near, &e.Hash, &e.Number, &derived, &e.Content, &e.First, &e.Edition, &standing, &e.Time,
			&e.Source, &e.BCP, &closed, &e.ID, &appended, &e.Event, &e.Retraction); err != nil {
			return nil, fmt.Errorf("read table import_entries: %w", damaged(err))
		}
		e.Derived, e.Standing, e.Appended, e.Closed = derived == 1, standing == 1, appended == 1, source.Flag(closed)
		all = append(all, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read table import_entries: %w", damaged(err))
	}
	return all, nil
}

// WriteEntries writes entries, of which no two have the same key and number. They replace those that do.
func (s *Store) WriteEntries(ctx context.Context, entries []imports.Entry) error {
	return insertRows(ctx, s, "import_entries", entries, func(e *encoder, rows []imports.Entry) {
		e.block.reset("import_entries", len(rows), 500*len(rows))
		b := &e.block
		b.settings = quorum
		each32(b, "near", "DateTime('UTC')", rows, func(r *imports.Entry) uint32 { return uint32(r.Near / 1000) })
		each64(b, "key", "UInt64", rows, func(r *imports.Entry) int64 { return int64(r.Hash) })
		each32(b, "number", "UInt32", rows, func(r *imports.Entry) uint32 { return r.Number })
		each8(b, "derived", "UInt8", rows, func(r *imports.Entry) uint8 { return truth(r.Derived) })
		each64(b, "content", "UInt64", rows, func(r *imports.Entry) int64 { return int64(r.Content) })
		each32(b, "first", "UInt32", rows, func(r *imports.Entry) uint32 { return r.First })
		each32(b, "edition", "UInt32", rows, func(r *imports.Entry) uint32 { return r.Edition })
		each8(b, "standing", "UInt8", rows, func(r *imports.Entry) uint8 { return truth(r.Standing) })
		each64(b, "time", timeType, rows, func(r *imports.Entry) int64 { return r.Time })
		eachString(b, "source", rows, func(r *imports.Entry) string { return r.Source })
		eachString(b, "bcp", rows, func(r *imports.Entry) string { return r.BCP })
		each8(b, "closed", "Enum8('not_said' = 0, 'no' = 1, 'yes' = 2)", rows, func(r *imports.Entry) uint8 { return uint8(r.Closed) })
		eachString(b, "id", rows, func(r *imports.Entry) string { return r.ID })
		b.begin("event", "String")
		for i := range rows {
			b.bytes(rows[i].Event)
		}
		each8(b, "appended", "UInt8", rows, func(r *imports.Entry) uint8 { return truth(r.Appended) })
		b.begin("retraction", "String")
		for i := range rows {
			b.bytes(rows[i].Retraction)
		}
	})
}
