-- The trucks inside now, by shard, BCP, direction and class. A truck of a visit that is not sound is inside, and waits for an
-- unknown holder since an unknown time. Events of every type count for when a BCP was last seen. Where a truck is inside of whose
-- visit not all events are there, classes are compared without the last fact and the agencies done.
WITH
    here AS (
        SELECT shard, bcp, direction,
            (if(open, phase, 'wait'), if(open, holder, 'unknown'), toDateTime(intDiv(since, 900000) * 900, 'UTC'), toDateTime(intDiv(arrived, 3600000) * 3600, 'UTC'), channel) AS held,
            (last_type, last_agency, last_kind, last_result, done) AS fact, 1 AS trucks
        FROM {{.Scratch}}
        WHERE arrived IS NOT NULL AND departed IS NULL AND lapsed IS NULL
    ),
    stored AS (
        SELECT shard, toString(bcp) AS bcp, toString(direction) AS direction,
            (toString(phase), toString(holder), since, arrived, toString(channel)) AS held,
            (toString(type), toString(agency), toString(kind), toString(result), done) AS fact, n AS trucks
        FROM {{.Scratch}}_inside_now FINAL
        ARRAY JOIN class_phase AS phase, class_holder AS holder, class_since AS since, class_arrived AS arrived, class_channel AS channel,
            class_type AS type, class_agency AS agency, class_kind AS kind, class_result AS result, class_done AS done, class_trucks AS n
    ),
    classes AS (
        SELECT shard, bcp, direction,
            concat('class ', toString(held), if((shard, bcp, direction) IN (SELECT shard, bcp, direction FROM here WHERE fact.1 = ''), '', concat(' after ', toString(fact)))) AS field,
            sumIf(trucks, side = 'engine') AS engine, sumIf(trucks, side = 'audit') AS audit
        FROM (SELECT 'engine' AS side, * FROM stored UNION ALL SELECT 'audit' AS side, * FROM here)
        GROUP BY shard, bcp, direction, field
        HAVING engine != audit
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
        SELECT 'audit' AS side, shard, bcp, direction, [toString(count()), '', ''] AS fields, 0 AS ahead
        FROM here GROUP BY shard, bcp, direction
        UNION ALL
        SELECT 'seen' AS side, shard, bcp, direction, ['', toString(last_event),
            {{if .Since}}if(toUnixTimestamp64Milli(last_truck_event) >= {{.Since}}[shard], ifNull(toString(last_truck_event), ''), ''){{else}}ifNull(toString(last_truck_event), ''){{end}}] AS fields, 0 AS ahead FROM seen
        UNION ALL
        SELECT 'engine' AS side, r.shard AS shard, toString(bcp) AS bcp, toString(direction) AS direction,
            [toString(r.trucks),
                {{if .Since}}if(toUnixTimestamp64Milli(last_event) >= {{.Since}}[r.shard], ifNull(toString(last_event), ''), ''){{else}}ifNull(toString(last_event), ''){{end}},
                {{if .Since}}if(toUnixTimestamp64Milli(last_truck_event) >= {{.Since}}[r.shard], ifNull(toString(last_truck_event), ''), ''){{else}}ifNull(toString(last_truck_event), ''){{end}}] AS fields,
            {{template "ahead"}}
        FROM {{.Scratch}}_inside_now AS r FINAL LEFT JOIN {{.Scratch}}_progress AS p ON r.shard = p.shard
    ),
    compared AS (
        SELECT shard, bcp, direction,
            anyIf(fields, side = 'engine') AS e, anyIf(fields, side = 'audit') AS a, anyIf(fields, side = 'seen') AS h,
            arrayFilter(d -> d.2 != d.3, arrayZip(['trucks', 'last_event', 'last_truck_event'],
                if(empty(e), ['0', '', ''], e), [if(empty(a), '0', a[1]), h[2], h[3]])) AS differences
        FROM both
        GROUP BY shard, bcp, direction
        HAVING max(ahead) = 0
    )
SELECT concat(bcp, ' ', direction, ' shard ', toString(shard)) AS key, d.1 AS field, d.2 AS engine, d.3 AS audit
FROM (
    SELECT shard, bcp, direction, d FROM compared ARRAY JOIN differences AS d
    UNION ALL
    SELECT shard, bcp, direction, (field, toString(engine), toString(audit)) AS d FROM classes
    WHERE (shard, bcp, direction) IN (SELECT shard, bcp, direction FROM compared)
)
ORDER BY key, field
