-- The rows of both sides, field by field in one order, and where they differ.
WITH ['shard', 'bcp', 'direction', 'channel', 'regime', 'status', 'fault', 'over', 'first_fact', 'last_fact', 'arrived', 'released',
    'refused', 'departed', 'lapsed', 'release_ms', 'crossing_ms', 'release_net_ms', 'crossing_net_ms', 'segments', 'phase', 'holder', 'since'] AS names
SELECT visit, d.1 AS field, d.2 AS engine, d.3 AS audit
FROM (
    SELECT
        visit, shard, bcp,
        anyIf(fields, side = 'engine') AS engine_fields, anyIf(fields, side = 'audit') AS audit_fields,
        multiIf(
            empty(engine_fields), [('row', 'missing', arrayStringConcat(audit_fields, ' '))],
            empty(audit_fields), [('row', arrayStringConcat(engine_fields, ' '), 'missing')],
            arrayFilter(d -> d.2 != d.3, arrayZip(names, engine_fields, audit_fields))) AS differences
    FROM (
        SELECT 'engine' AS side, visit, r.shard AS shard, toString(bcp) AS bcp, [
            toString(r.shard), bcp, direction, channel, regime, status, fault, toString(over),
            ifNull(toString(first_fact), ''), ifNull(toString(last_fact), ''), ifNull(toString(arrived), ''), ifNull(toString(released), ''),
            ifNull(toString(refused), ''), ifNull(toString(departed), ''), ifNull(toString(lapsed), ''),
            ifNull(toString(release_ms), ''), ifNull(toString(crossing_ms), ''), ifNull(toString(release_net_ms), ''), ifNull(toString(crossing_net_ms), ''),
            arrayStringConcat(arrayMap((p, h, s, ms, net) -> concat(p, '/', h, ' ', toString(s), ' ', toString(ms), ' net ', toString(net)),
                segment_phase, segment_holder, segment_start, segment_ms, segment_net_ms), ', '),
            phase, holder, ifNull(toString(since), '')] AS fields,
            {{template "ahead"}}
        FROM {{.Scratch}}_visits AS r FINAL LEFT JOIN {{.Scratch}}_progress AS p ON r.shard = p.shard
        PREWHERE cityHash64(visit) % {{.Buckets}} = {{.Bucket}}
        {{- if .Since}}
        WHERE ifNull(toUnixTimestamp64Milli(first_fact) >= {{.Since}}[r.shard], 0)
        {{- end}}
        UNION ALL
        SELECT 'audit' AS side, visit, shard, bcp, [
            toString(shard), bcp, direction, channel, regime, status, fault, toString(over),
            ifNull(toString(fromUnixTimestamp64Milli(first, 'UTC')), ''), ifNull(toString(fromUnixTimestamp64Milli(last, 'UTC')), ''),
            ifNull(toString(fromUnixTimestamp64Milli(arrived, 'UTC')), ''), ifNull(toString(fromUnixTimestamp64Milli(released, 'UTC')), ''),
            ifNull(toString(fromUnixTimestamp64Milli(refused, 'UTC')), ''), ifNull(toString(fromUnixTimestamp64Milli(departed, 'UTC')), ''),
            ifNull(toString(fromUnixTimestamp64Milli(lapsed, 'UTC')), ''),
            if(sound, ifNull(toString(released - arrived), ''), ''), if(sound, ifNull(toString(departed - arrived), ''), ''),
            if(sound, ifNull(toString(released - arrived - release_closed), ''), ''), if(sound, ifNull(toString(departed - arrived - crossing_closed), ''), ''),
            arrayStringConcat(arrayMap((s, closed) -> concat(s.1, '/', s.2, ' ', toString(fromUnixTimestamp64Milli(s.3, 'UTC')), ' ', toString(s.4), ' net ', toString(s.4 - closed)),
                segments, arrayResize(segment_closed, length(segments), 0)), ', '),
            phase, holder, ifNull(toString(fromUnixTimestamp64Milli(since, 'UTC')), '')] AS fields,
            0 AS ahead
        FROM {{.Scratch}} LEFT JOIN {{.Scratch}}_net USING (shard, bcp, visit)
        WHERE cityHash64(visit) % {{.Buckets}} = {{.Bucket}}{{if .Since}} AND ifNull(first >= {{.Since}}[shard], 0){{end}}
    )
    GROUP BY visit, shard, bcp
    HAVING max(ahead) = 0
)
ARRAY JOIN differences AS d
ORDER BY visit, shard, bcp, field
