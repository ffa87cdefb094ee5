package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/ingest/event"
	"dwell/metrics/visit"
)

// Unconfigured are the BCPs and agencies that the tables have and the vocabulary lacks, sorted.
type Unconfigured struct{ BCPs, Agencies []string }

// Unconfigured finds what the tables have that is not configured.
func (s *Store) Unconfigured(ctx context.Context) (Unconfigured, error) {
	return unconfigured(ctx, s.conn, s.voc)
}

// FindUnconfigured is Store.Unconfigured without opening the tables. It fails where the database has yet to be created.
func FindUnconfigured(ctx context.Context, cfg Config, voc *event.Vocabulary) (u Unconfigured, err error) {
	conn, err := Connect(cfg)
	if err != nil {
		return u, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return unconfigured(ctx, conn, voc)
}

func unconfigured(ctx context.Context, conn driver.Conn, voc *event.Vocabulary) (u Unconfigured, err error) {
	const query = "SELECT arraySort(groupUniqArray(toString(bcp))) FROM inside_now WHERE last_event IS NOT NULL"
	if err := conn.QueryRow(ctx, query).Scan(&u.BCPs); err != nil {
		return u, fmt.Errorf("read table inside_now: %w", damaged(err))
	}
	u.BCPs = slices.DeleteFunc(u.BCPs, func(id string) bool {
		_, configured := voc.BCP([]byte(id))
		return configured
	})
	u.Agencies, err = unconfiguredAgencies(ctx, conn, voc)
	return u, err
}

// usesOf are the tables that have agencies, with a query for those of the argument that a table has; the argument are measures in the
// first one, and agencies in the others. Windows have the agencies of visits whose segments have ended, also when their events are no
// longer kept; events have those of visits with a fault, which have no segments; visits that are not over have those of segments
// that go on though their events are no longer kept. Each query reads narrow columns alone, and ends once it has found all.
var usesOf = []struct{ table, query string }{
	{"windows", "SELECT DISTINCT splitByChar('/', toString(measure))[2] AS used FROM windows WHERE measure IN (?)"},
	{"events", "SELECT DISTINCT toString(agency) AS used FROM events WHERE agency IN (?)"},
	{"visits", "SELECT DISTINCT toString(arrayJoin(arrayPushBack(segment_holder, holder))) AS used FROM visits PREWHERE NOT over WHERE used IN (?)"},
}

// unconfiguredAgencies takes from the enumeration of measures, which is no row, the agencies that ever were configured. Only if
// some of them are not any more, the tables are asked which of those have been used: one that never was may go.
func unconfiguredAgencies(ctx context.Context, conn driver.Conn, voc *event.Vocabulary) (used []string, err error) {
	types, err := enumTypes(ctx, conn, "windows")
	if err != nil {
		return nil, err
	}
	left := map[string][]string{} // measures by agency
	for measure := range codesOf(types["measure"]) {
		phase, holder, _ := strings.Cut(measure, "/")
		_, configured := voc.Holder([]byte(holder))
		if _, segment := visit.ParsePhase(phase); segment && !configured {
			left[holder] = append(left[holder], measure)
		}
	}
	for _, of := range usesOf {
		if len(left) == 0 {
			break
		}
		var names []string
		for agency, measures := range left {
			if of.table == "windows" {
				names = append(names, measures...)
			} else {
				names = append(names, agency)
			}
		}
		var found []string
		query := "SELECT groupArray(used) FROM (" + of.query + " LIMIT ?)"
		if err := conn.QueryRow(ctx, query, names, len(left)).Scan(&found); err != nil {
			return nil, fmt.Errorf("read table %s: %w", of.table, damaged(err))
		}
		for _, agency := range found {
			delete(left, agency)
			used = append(used, agency)
		}
	}
	slices.Sort(used)
	return used, nil
}
