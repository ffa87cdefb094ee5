package clickhouse

import (
	"context"
	"errors"
	"fmt"
)

// PartialFact is a fact about a place that some shards do not have, so that the openings of the place are other ones for their trucks.
type PartialFact struct {
	BCP, Type, Source, ID string
	Missing               []uint16 // the shards without it
}

// PartialFacts are the facts about places that are not in all shards, in the order of their times, as many as most. A shard is not said to
// lack what was logged less than an hour before the last event that it has. It fails where the database has yet to be created.
func PartialFacts(ctx context.Context, cfg Config, most int) (all []PartialFact, err error) {
	conn, err := Connect(cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	const query = `WITH (SELECT groupArray((shard, until)) FROM (SELECT shard, max(logged) - INTERVAL 1 HOUR AS until FROM events GROUP BY shard)) AS shards
SELECT toString(bcp), toString(type), source, id,
	arraySort(arrayMap(s -> s.1, arrayFilter(s -> s.2 > first AND NOT has(have, s.1), shards))) AS missing
FROM (
	SELECT bcp, type, source, id, edition, max(logged) AS first, groupUniqArray(shard) AS have, min(time) AS at
	FROM events WHERE type LIKE 'bcp.%' OR type LIKE 'lane.%' GROUP BY bcp, type, source, id, edition
)
WHERE notEmpty(missing) ORDER BY at, source, id LIMIT ?`
	rows, err := conn.Query(ctx, query, most)
	if err != nil {
		return nil, fmt.Errorf("read table events: %w", damaged(err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var f PartialFact
		if err := rows.Scan(&f.BCP, &f.Type, &f.Source, &f.ID, &f.Missing); err != nil {
			return nil, fmt.Errorf("read table events: %w", damaged(err))
		}
		all = append(all, f)
	}
	return all, nil
}
