package clickhouse

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/presume"
	"dwell/metrics/visit"
)

// departedSince selects the visits of a BCP and direction that departed at or after an instant. The second condition follows from the first,
// and has an index.
const departedSince = `FROM visits FINAL WHERE bcp = ? AND direction = ? AND status = 'departed' AND departed >= fromUnixTimestamp64Milli(?)
	AND greatest(last_fact, ifNull(lapsed, last_fact)) >= fromUnixTimestamp64Milli(?)`

// gently are settings for a query once a day beside flushes and questions: one thread, and only the granules that the index names. By default FINAL reads
// all granules of a BCP, so that it never returns a row that a later one replaces. Such a row does no harm here.
const gently = " SETTINGS max_threads = 1, use_skip_indexes_if_final = 1, use_skip_indexes_if_final_exact_mode = 0, optimize_move_to_prewhere_if_final = 1"

// DepartedVisits yields the visits of a BCP and direction that departed at or after since, the latest most of them, in no particular order. It passes
// over those whose facts cannot be read, as of an agency that is not configured any more.
func (s *Store) DepartedVisits(ctx context.Context, b event.BCP, d event.Direction, since time.Time, most int, yield func(*visit.Visit)) error {
	bcp, direction, from := s.voc.BCPName(b), d.String(), since.UnixMilli()
	// The times alone are sorted: with the facts of weeks they would need too much memory.
	var first *int64
	err := s.conn.QueryRow(ctx, "SELECT minOrNull(toUnixTimestamp64Milli(departed)) FROM (SELECT departed "+departedSince+" ORDER BY departed DESC LIMIT ?)"+gently,
		bcp, direction, from, from, most).Scan(&first)
	if err != nil {
		return fmt.Errorf("read table visits: %w", damaged(err))
	}
	if first == nil {
		return nil
	}
	rows, err := s.conn.Query(ctx, "SELECT facts "+departedSince+gently, bcp, direction, *first, *first)
	if err == nil {
		err = eachRow(rows, func() error {
			var facts []byte
			if err := rows.Scan(&facts); err != nil {
				return err
			}
			if v, err := visit.ParseFacts(facts, b, s.voc); err == nil {
				yield(v)
			}
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("read table visits: %w", damaged(err))
	}
	return nil
}

func eachRow(rows driver.Rows, scan func() error) error {
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := scan(); err != nil {
			return err
		}
	}
	return rows.Err()
}

// WritePresumptions stores what was learned at an instant, as one version.
func (s *Store) WritePresumptions(ctx context.Context, learned time.Time, t *presume.Table) error {
	batch, err := s.conn.PrepareBatch(ctx, "INSERT INTO presumptions (learned, basis, bcp, direction, type, agency, kind, result, channel, done, age_s, waits, holder, ms)")
	for _, r := range t.Rows() {
		holders := make([]string, len(r.Holders))
		for i, h := range r.Holders {
			holders[i] = s.voc.HolderName(h)
		}
		done := []string{}
		for a := range r.Key.Done.All() {
			done = append(done, s.voc.HolderName(a))
		}
		ms := make([]uint64, len(r.Ms))
		for i, n := range r.Ms {
			ms[i] = uint64(n)
		}
		if err == nil {
			err = batch.Append(learned, r.Basis.String(), s.voc.BCPName(r.BCP), r.Direction.String(), r.Key.Last.String(), s.voc.HolderName(r.Key.Agency), r.Key.Kind.String(),
				r.Key.Result.String(), r.Key.Channel.String(), done, uint32(presume.NetOf(r.Age)/1000), uint32(r.Waits), holders, ms)
		}
	}
	return sent("presumptions", batch, err)
}

// Presumptions returns the versions that were learned from since until an instant, and the one before, which was in force then; in order.
func (s *Store) Presumptions(ctx context.Context, rules visit.Rules, since, until time.Time) (all []presume.Version, err error) {
	const query = `SELECT learned, basis, bcp, direction, type, agency, kind, result, channel, done, age_s, waits, holder, ms FROM presumptions FINAL
WHERE learned >= ifNull((SELECT maxOrNull(learned) FROM presumptions WHERE learned <= fromUnixTimestamp64Milli(?)), toDateTime64(0, 3)) AND learned <= fromUnixTimestamp64Milli(?) ORDER BY learned`
	rows, err := s.conn.Query(ctx, query, since.UnixMilli(), until.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("read table presumptions: %w", damaged(err))
	}
	var of time.Time
	var some []presume.Row
	add := func() {
		if len(some) > 0 {
			all = append(all, presume.Version{Learned: of, Table: presume.TableOf(rules, some)})
		}
		some = nil
	}
	err = eachRow(rows, func() error {
		at, r, known, err := s.scanPresumption(rows)
		if err != nil {
			return err
		}
		if !at.Equal(of) {
			add()
			of = at
		}
		if known {
			some = append(some, r)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read table presumptions: %w", damaged(err))
	}
	add()
	return all, nil
}

// scanPresumption reads a row. It is not known where the row has a BCP or a holder that is not configured any more, or a word of a later version.
func (s *Store) scanPresumption(rows driver.Rows) (learned time.Time, r presume.Row, known bool, err error) {
	var basis, bcp, direction, last, agency, kind, result, channel string
	var done, holders []string
	var age, waits uint32
	var ms []uint64
	if err := rows.Scan(&learned, &basis, &bcp, &direction, &last, &agency, &kind, &result, &channel, &done, &age, &waits, &holders, &ms); err != nil {
		return learned, r, false, err
	}
	r.Basis, known = presume.ParseBasis(basis)
	holder := func(name string) event.Agency {
		h, ok := s.voc.Holder([]byte(name))
		known = known && (ok || name == "")
		return h
	}
	if bcp != "" {
		var ok bool
		r.BCP, ok = s.voc.BCP([]byte(bcp))
		known = known && ok
	}
	r.Key.Agency = holder(agency)
	r.Direction = word(direction, event.ParseDirection, &known)
	r.Key.Last = word(last, event.ParseType, &known)
	r.Key.Kind = word(kind, event.ParseInspectionKind, &known)
	r.Key.Result = word(result, event.ParseResult, &known)
	r.Key.Channel = word(channel, event.ParseChannel, &known)
	var agencies []event.Agency
	for _, name := range done {
		agencies = append(agencies, holder(name))
	}
	r.Key.Done = engine.AgenciesOf(agencies...)
	r.Age, r.Waits = presume.AgeOf(int64(age)*1000), int(waits)
	for i, name := range holders {
		r.Holders, r.Ms = append(r.Holders, holder(name)), append(r.Ms, int64(ms[i]))
	}
	return learned, r, known, nil
}

// word parses a word that may be empty; known becomes false where a later version of dwell wrote it.
func word[T any](text string, parse func([]byte) (T, bool), known *bool) (v T) {
	if text == "" {
		return v
	}
	v, ok := parse([]byte(text))
	*known = *known && ok
	return v
}

// Learned is when the first and the last version until an instant were learned, zero before the first.
func (s *Store) Learned(ctx context.Context, until time.Time) (first, last time.Time, err error) {
	return s.versions(ctx, "presumptions", until)
}

// versions is when the first and the last version of a table until an instant were learned, zero before the first.
func (s *Store) versions(ctx context.Context, table string, until time.Time) (first, last time.Time, err error) {
	query := "SELECT count(), min(learned), max(learned) FROM " + table + " WHERE learned <= fromUnixTimestamp64Milli(?)"
	var rows uint64
	if err := s.conn.QueryRow(ctx, query, until.UnixMilli()).Scan(&rows, &first, &last); err != nil {
		return first, last, fmt.Errorf("read table %s: %w", table, damaged(err))
	}
	if rows == 0 {
		return time.Time{}, time.Time{}, nil
	}
	return first.UTC(), last.UTC(), nil
}

// WritePresumptionRecord stores the record of a BCP that was made at an instant.
func (s *Store) WritePresumptionRecord(ctx context.Context, learned time.Time, b event.BCP, r *presume.Report) error {
	tenths := [3][]uint64{}
	for _, t := range r.Tenths {
		for i, ms := range [...]int64{t.Ms, t.SaidMs, t.RightMs} {
			tenths[i] = append(tenths[i], uint64(ms))
		}
	}
	const insert = `INSERT INTO presumption_records (learned, bcp, visits, ms, right_ms, second_ms, unknown_ms, tenth_ms, tenth_said_ms, tenth_right_ms)
VALUES (fromUnixTimestamp64Milli(?), ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	if err := s.exec(ctx, insert, learned.UnixMilli(), s.voc.BCPName(b), r.Visits, r.Ms, r.RightMs, r.SecondMs, r.UnknownMs, tenths[0], tenths[1], tenths[2]); err != nil {
		return fmt.Errorf("write table presumption_records: %w", err)
	}
	return nil
}

// PresumptionRecords are the records that were made at an instant, by BCP.
func (s *Store) PresumptionRecords(ctx context.Context, learned time.Time) (map[event.BCP]presume.Report, error) {
	const query = `SELECT bcp, visits, ms, right_ms, second_ms, unknown_ms, tenth_ms, tenth_said_ms, tenth_right_ms FROM presumption_records FINAL
WHERE learned = fromUnixTimestamp64Milli(?)`
	all := map[event.BCP]presume.Report{}
	rows, err := s.conn.Query(ctx, query, learned.UnixMilli())
	if err == nil {
		err = eachRow(rows, func() error {
			var bcp string
			var visits uint32
			var ms, right, second, unknown uint64
			var tenths [3][]uint64
			if err := rows.Scan(&bcp, &visits, &ms, &right, &second, &unknown, &tenths[0], &tenths[1], &tenths[2]); err != nil {
				return err
			}
			r := presume.Report{Visits: int(visits), Record: presume.Record{Ms: int64(ms), RightMs: int64(right), SecondMs: int64(second), UnknownMs: int64(unknown)}}
			for i := range r.Tenths {
				r.Tenths[i] = presume.Tenth{Ms: int64(tenths[0][i]), SaidMs: int64(tenths[1][i]), RightMs: int64(tenths[2][i])}
			}
			if b, configured := s.voc.BCP([]byte(bcp)); configured {
				all[b] = r
			}
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("read table presumption_records: %w", damaged(err))
	}
	return all, nil
}
