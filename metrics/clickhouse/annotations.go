package clickhouse

import (
	"context"
	"fmt"
	"strings"
	"time"

	"dwell/ingest/annotation"
)

// Annotations returns the last version of each annotation, also of those that were removed, in the order of their begins and ids.
func (s *Store) Annotations(ctx context.Context) (all []annotation.Version, err error) {
	err = s.eachAnnotation(ctx, "", func(v annotation.Version) { all = append(all, v) })
	return all, err
}

// Annotation returns the last version of an annotation, nil where the id is not known.
func (s *Store) Annotation(ctx context.Context, id string) (last *annotation.Version, err error) {
	err = s.eachAnnotation(ctx, "WHERE id = ? ", func(v annotation.Version) { last = &v }, id)
	return last, err
}

func (s *Store) eachAnnotation(ctx context.Context, where string, yield func(annotation.Version), args ...any) error {
	query := `SELECT id, kind, bcp, toUnixTimestamp64Milli(begins), toUnixTimestamp64Milli(ends), text, author, removed, toUnixTimestamp64Milli(written)
FROM (SELECT * FROM annotations ` + where + `ORDER BY id, written DESC LIMIT 1 BY id) ORDER BY begins, id` + consistent
	rows, err := s.conn.Query(ctx, query, args...)
	if err == nil {
		err = eachRow(rows, func() error {
			var v annotation.Version
			var kind string
			var from, written int64
			var until *int64
			var removed uint8
			if err := rows.Scan(&v.ID, &kind, &v.Place, &from, &until, &v.Text, &v.Author, &removed, &written); err != nil {
				return err
			}
			v.Kind, v.Removed = annotation.Kind(kind), removed == 1
			v.From, v.Written = time.UnixMilli(from).UTC(), time.UnixMilli(written).UTC()
			if until != nil {
				v.Until = time.UnixMilli(*until).UTC()
			}
			yield(v)
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("read table annotations: %w", damaged(err))
	}
	return nil
}

// WriteAnnotations writes versions, in one insert. The same ones again change nothing.
func (s *Store) WriteAnnotations(ctx context.Context, all []annotation.Version) error {
	const row = "(?, fromUnixTimestamp64Milli(?), ?, ?, fromUnixTimestamp64Milli(?), fromUnixTimestamp64Milli(?), ?, ?, ?)"
	for some := range chunks(all, func(v annotation.Version) int { return 2*(len(v.ID)+len(v.Place)+len(v.Text)+len(v.Author)) + 300 }) {
		var args []any
		for i := range some {
			v := &some[i]
			var until *int64
			if !v.Until.IsZero() {
				ms := v.Until.UnixMilli()
				until = &ms
			}
			args = append(args, v.ID, v.Written.UnixMilli(), string(v.Kind), v.Place, v.From.UnixMilli(), until, v.Text, v.Author, truth(v.Removed))
		}
		insert := "INSERT INTO annotations (id, written, kind, bcp, begins, ends, text, author, removed)" + quorum + " VALUES " + row + strings.Repeat(", "+row, len(some)-1)
		if err := s.exec(ctx, insert, args...); err != nil {
			return fmt.Errorf("write table annotations: %w", err)
		}
	}
	return nil
}
