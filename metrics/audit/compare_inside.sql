-- The trucks inside now, by shard, BCP and direction. A truck of a visit that is not sound is inside, with an unknown
-- holder. Events of every type count for when a BCP was last seen.
WITH
    here AS (
        SELECT shard, bcp, direction, count() AS trucks,
            sumMap([if(open, concat(phase, '/', holder), 'wait/unknown')], [1::UInt64]) AS holders,
            sumMap([toInt64(floor(arrived / 3600000))], [1::UInt64]) AS hours
        FROM {{.Scratch}}
        WHERE arrived IS NOT NULL AND departed IS NULL AND lapsed IS NULL
        GROUP BY shard, bcp, direction
    ),
    seen AS (
        SELECT shard, toString(e.bcp) AS bcp, toString(e.direction) AS direction, max(time) AS last_event,
            maxIf(toNullable(time), type NOT IN ('bcp.opened', 'bcp.closed', 'lane.opened', 'lane.closed', 'queue.observed', 'event.retracted')) AS last_truck_event
        FROM {{.Database}}.events AS e
        INNER JOIN {{.Scratch}}_progress AS p ON e.shard = p.shard
        WHERE e.offset < p.applied
        GROUP BY shard, bcp, direction
        {{- if .Since}}
        HAVING toUnixTimestamp64Milli(last_event) >= {{.Since}}[shard]
        {{- end}}
    ),
    both AS (
        SELECT 'audit' AS side, shard, bcp, direction, [toString(trucks), toString(arrayZip(holders.1, holders.2)), toString(arrayZip(hours.1, hours.2)), '', ''] AS fields, 0 AS ahead
        FROM here
        UNION ALL
        SELECT 'seen' AS side, shard, bcp, direction, ['', '', '', toString(last_event),
            {{if .Since}}if(toUnixTimestamp64Milli(last_truck_event) >= {{.Since}}[shard], ifNull(toString(last_truck_event), ''), ''){{else}}ifNull(toString(last_truck_event), ''){{end}}] AS fields, 0 AS ahead FROM seen
        UNION ALL
        SELECT 'engine' AS side, r.shard AS shard, toString(bcp) AS bcp, toString(direction) AS direction,
            [toString(trucks), toString(arraySort(arrayZip(mapKeys(holders), mapValues(holders)))), toString(arraySort(arrayZip(mapKeys(arrived), mapValues(arrived)))),
                {{if .Since}}if(toUnixTimestamp64Milli(last_event) >= {{.Since}}[r.shard], ifNull(toString(last_event), ''), ''){{else}}ifNull(toString(last_event), ''){{end}},
                {{if .Since}}if(toUnixTimestamp64Milli(last_truck_event) >= {{.Since}}[r.shard], ifNull(toString(last_truck_event), ''), ''){{else}}ifNull(toString(last_truck_event), ''){{end}}] AS fields,
            {{template "ahead"}}
        FROM {{.Scratch}}_inside_now AS r FINAL LEFT JOIN {{.Scratch}}_progress AS p ON r.shard = p.shard
    )
SELECT concat(bcp, ' ', direction, ' shard ', toString(shard)) AS key, d.1 AS field, d.2 AS engine, d.3 AS audit
FROM (
    SELECT shard, bcp, direction,
        anyIf(fields, side = 'engine') AS e, anyIf(fields, side = 'audit') AS a, anyIf(fields, side = 'seen') AS h,
        arrayFilter(d -> d.2 != d.3, arrayZip(['trucks', 'holders', 'arrived', 'last_event', 'last_truck_event'],
            if(empty(e), ['0', '[]', '[]', '', ''], e),
            arrayConcat(if(empty(a), ['0', '[]', '[]'], arraySlice(a, 1, 3)), [h[4], h[5]]))) AS differences
    FROM both
    GROUP BY shard, bcp, direction
    HAVING max(ahead) = 0
)
ARRAY JOIN differences AS d
ORDER BY key, field
