{{define "ahead"}}as_of > p.applied AND as_of <= p.announced AS ahead{{end -}}
-- What each visit adds to the windows in which the measured intervals ended, and the windows that differ from it. A window
-- missing on one side counts as empty. Bin i holds the durations in (2^((i-1)/32), 2^(i/32)] seconds; the logarithm of a
-- power of two may be off in its last digit. A local hour is cut where the clocks change: it begins with the first of its
-- minutes that has the same offset.
--
-- One range of window starts at a time. Windows are shorter than two days, so a time that ends two days after the range or
-- later belongs to none of its windows.
WITH
    contributions AS (
        SELECT
            shard, bcp, direction, channel, regime, c.1 AS measure, assumeNotNull(c.2) AS at, c.3 AS ms, c.4 AS timed, c.3 - c.5 AS net,
            toDateTime(intDiv(at - (at % 60000 + 60000) % 60000, 1000), 'UTC') AS minute,
            32 * log2(ms / 1000) AS exact,
            multiIf(ms = 0, -32768, abs(exact - round(exact)) < 1e-11, round(exact), ceil(exact))::Int16 AS bin,
            32 * log2(net / 1000) AS net_exact,
            multiIf(net = 0, -32768, abs(net_exact - round(net_exact)) < 1e-11, round(net_exact), ceil(net_exact))::Int16 AS net_bin
        FROM {{.Scratch}} LEFT JOIN {{.Scratch}}_net USING (shard, bcp, visit)
        ARRAY JOIN arrayConcat(
            [
                ('arrivals', arrived, 0, 0, 0), ('refusals', refused, 0, 0, 0), ('lapsed', lapsed, 0, 0, 0),
                ('untimed_releases', if(sound, NULL, released), 0, 0, 0), ('untimed_departures', if(sound, NULL, departed), 0, 0, 0),
                ('untimed_left', multiIf(arrived IS NULL, NULL, departed IS NULL, lapsed, sound, NULL, departed < arrived, arrived, departed), 0, 0, 0),
                (concat(status, '/', fault), if(fault = '', NULL, first), 0, 0, 0),
                ('release_time', if(sound, released, NULL), ifNull(released - arrived, 0), 1, release_closed),
                ('crossing_time', if(sound, departed, NULL), ifNull(departed - arrived, 0), 1, crossing_closed)
            ]::Array(Tuple(String, Nullable(Int64), Int64, UInt8, Int64)),
            arrayMap((s, closed) -> (concat(s.1, '/', s.2), s.3 + s.4, s.4, 1, closed), segments, arrayResize(segment_closed, length(segments), 0))
                ::Array(Tuple(String, Nullable(Int64), Int64, UInt8, Int64))
        ) AS c
        WHERE c.2 IS NOT NULL AND cityHash64(bcp, c.1) % {{.Buckets}} = {{.Bucket}}
            {{if .From}}AND greatest(last, ifNull(lapsed, last)) >= {{.From}}000 AND c.2 >= {{.From}}000{{end}}
            {{if .Until}}AND first < ({{.Until}} + 172800) * 1000 AND c.2 < ({{.Until}} + 172800) * 1000{{end}}
    ),
    zoned AS (
        SELECT *,
            multiIf({{range .Zones}}has({{.BCPs}}, bcp), arrayFirst(
                at -> timezoneOffset(toTimeZone(toDateTime(at, 'UTC'), {{.Name}})) = timezoneOffset(toTimeZone(minute, {{.Name}})),
                range(toInt64(minute) - (toInt64(minute) + timezoneOffset(toTimeZone(minute, {{.Name}}))) % 3600, toInt64(minute) + 1, 60::Int64)
            ), {{end}}0)::UInt32 AS hour,
            multiIf({{range .Zones}}has({{.BCPs}}, bcp), toUInt32(toStartOfDay(toTimeZone(minute, {{.Name}}))), {{end}}0)::UInt32 AS day
        FROM contributions
    ),
    audited AS (
        SELECT
            shard, bcp, direction, channel, regime, g.1 AS grain, g.2 AS start, measure,
            toInt64(count()) AS n, sumIf(ms, timed) AS sum_ms, sumIf(toUInt128(ms) * toUInt128(ms), timed) AS sum_sq,
            sumMap(if(timed, [bin], []), if(timed, [1::UInt64], [])) AS bins,
            sumIf(net, timed) AS net_ms, sumIf(toUInt128(net) * toUInt128(net), timed) AS net_sq,
            sumMap(if(timed, [net_bin], []), if(timed, [1::UInt64], [])) AS net_bins
        FROM zoned
        ARRAY JOIN [('hour', hour), ('day', day)] AS g
        WHERE {{.From}} <= g.2 {{if .Until}}AND g.2 < {{.Until}}{{end}}
        GROUP BY shard, bcp, direction, channel, regime, grain, start, measure
    ),
    both AS (
        SELECT 'audit' AS side, shard, bcp, direction, channel, regime, grain, start, measure,
            [toString(n), toString(sum_ms), toString(sum_sq), toString(arrayZip(bins.1, bins.2)),
                toString(net_ms), toString(net_sq), toString(arrayZip(net_bins.1, net_bins.2))] AS fields,
            0 AS ahead
        FROM audited
        UNION ALL
        SELECT 'engine' AS side, w.shard AS shard, toString(w.bcp) AS bcp, toString(w.direction) AS direction, toString(w.channel) AS channel,
            toString(w.regime) AS regime, toString(w.grain) AS grain, toUInt32(w.start) AS start, toString(w.measure) AS measure,
            [toString(n), toString(sum_ms), toString(sum_sq), toString(arraySort(arrayZip(mapKeys(bins), mapValues(bins)))), toString(net_ms),
                toString(if(net_ms = sum_ms, sum_sq, net_sq)),
                toString(if(net_ms = sum_ms, arraySort(arrayZip(mapKeys(bins), mapValues(bins))), arraySort(arrayZip(mapKeys(net_bins), mapValues(net_bins)))))] AS fields,
            {{template "ahead"}}
        FROM {{.Scratch}}_windows AS w FINAL LEFT JOIN {{.Scratch}}_progress AS p ON w.shard = p.shard
        PREWHERE cityHash64(toString(w.bcp), toString(w.measure)) % {{.Buckets}} = {{.Bucket}}
            AND w.start >= toDateTime({{.From}}, 'UTC') {{if .Until}}AND w.start < toDateTime({{.Until}}, 'UTC'){{end}}
    )
SELECT
    concat(bcp, ' ', direction, ' ', channel, ' ', regime, ' ', grain, ' ', toString(toDateTime(start, 'UTC')), ' ', measure, ' shard ', toString(shard)) AS key,
    d.1 AS field, d.2 AS engine, d.3 AS audit
FROM (
    SELECT shard, bcp, direction, channel, regime, grain, start, measure,
        anyIf(fields, side = 'engine') AS e, anyIf(fields, side = 'audit') AS a,
        arrayFilter(d -> d.2 != d.3, arrayZip(['n', 'sum_ms', 'sum_sq', 'bins', 'net_ms', 'net_sq', 'net_bins'],
            if(empty(e), ['0', '0', '0', '[]', '0', '0', '[]'], e), if(empty(a), ['0', '0', '0', '[]', '0', '0', '[]'], a))) AS differences
    FROM both
    GROUP BY shard, bcp, direction, channel, regime, grain, start, measure
    HAVING max(ahead) = 0{{if .Since}} AND start >= {{.WindowsSince}}[shard]{{end}}
)
ARRAY JOIN differences AS d
ORDER BY key, field
-- A window has one partition, so FINAL need not merge across them. A visit that comes back after the retention has two.
SETTINGS do_not_merge_across_partitions_select_final = 1
