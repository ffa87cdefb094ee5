{{define "taken" -}}
SELECT r.*
FROM {{.Scratch}}_visits AS r INNER JOIN {{.Scratch}}_progress AS p ON r.shard = p.shard
WHERE cityHash64(visit) % {{.Buckets}} = {{.Bucket}} AND as_of <= p.applied
ORDER BY as_of DESC LIMIT 1 BY shard, bcp, visit
{{- end -}}
-- Visits that began before all events are there, and are still inside or changed since: as the tables have them, which is without
-- the last fact and the agencies done.
INSERT INTO {{.Scratch}}
SELECT
    r.shard, visit, toString(bcp), direction, channel, regime, status, fault, over,
    toUnixTimestamp64Milli(first_fact), toUnixTimestamp64Milli(last_fact), toUnixTimestamp64Milli(arrived), toUnixTimestamp64Milli(released),
    toUnixTimestamp64Milli(refused), toUnixTimestamp64Milli(departed), toUnixTimestamp64Milli(lapsed),
    fault = '' AS sound,
    arrayMap((p, h, s, ms) -> (p, h, toUnixTimestamp64Milli(s), ms), segment_phase, segment_holder, segment_start, segment_ms)
        ::Array(Tuple(phase String, holder String, start Int64, ms Int64)),
    fault = '' AND departed IS NULL, phase, holder, toUnixTimestamp64Milli(since), '', '', '', '', []
FROM ({{template "taken" .}}) AS r
WHERE toUnixTimestamp64Milli(first_fact) < {{.Since}}[shard] AND toUnixTimestamp64Milli(last_fact) >= {{.Present}}[shard]
    AND (over = 0 OR toUnixTimestamp64Milli(greatest(last_fact, ifNull(lapsed, last_fact))) >= {{.Since}}[shard])
