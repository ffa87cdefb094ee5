-- The closed part of each visit's times: the closed time up to the end less that up to the beginning. One group of shards at
-- a time, because their hours are in memory.
INSERT INTO {{.Scratch}}_net
WITH
    hours AS (SELECT * FROM {{.Scratch}}_hours WHERE shard % {{.Groups}} = {{.Group}}),
    ends AS (
        SELECT shard, visit, bcp, direction, arrayJoin(arrayEnumerate(spans)) AS i, spans[i].1 AS starts, spans[i].2 AS ends
        FROM (
            SELECT shard, visit, bcp, direction, arrayConcat(
                [(assumeNotNull(arrived), ifNull(released, arrived)), (assumeNotNull(arrived), ifNull(departed, arrived))],
                arrayMap(s -> (s.3, s.3 + s.4), segments))::Array(Tuple(Int64, Int64)) AS spans
            FROM {{.Scratch}}
            WHERE sound AND cityHash64(visit) % {{.Buckets}} = {{.Bucket}} AND shard % {{.Groups}} = {{.Group}}
        )
    ),
    begun AS (
        SELECT e.*, h.closed + if(h.open = 0, e.starts - h.t, 0) AS closed_before
        FROM ends AS e ASOF INNER JOIN hours AS h ON e.shard = h.shard AND e.bcp = h.bcp AND e.direction = h.direction AND e.starts >= h.t
    ),
    ended AS (
        SELECT b.shard AS shard, b.bcp AS bcp, b.visit AS visit, b.i AS i, h.closed + if(h.open = 0, b.ends - h.t, 0) - b.closed_before AS closed
        FROM begun AS b ASOF INNER JOIN hours AS h ON b.shard = h.shard AND b.bcp = h.bcp AND b.direction = h.direction AND b.ends >= h.t
    )
SELECT shard, bcp, visit, all[1].2, all[2].2, arrayMap(a -> a.2, arraySlice(all, 3))
FROM (SELECT shard, bcp, visit, arraySort(groupArray((i, toInt64(closed)))) AS all FROM ended GROUP BY shard, bcp, visit)
