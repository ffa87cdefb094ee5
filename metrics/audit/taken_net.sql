-- The closed parts of the times of the same visits.
INSERT INTO {{.Scratch}}_net
SELECT shard, toString(bcp), visit, ifNull(toInt64(release_ms) - toInt64(release_net_ms), 0), ifNull(toInt64(crossing_ms) - toInt64(crossing_net_ms), 0),
    arrayMap((ms, net) -> toInt64(ms) - toInt64(net), segment_ms, segment_net_ms)
FROM ({{template "taken" .}})
WHERE toUnixTimestamp64Milli(first_fact) < {{.Since}}[shard] AND toUnixTimestamp64Milli(last_fact) >= {{.Present}}[shard]
    AND (over = 0 OR toUnixTimestamp64Milli(greatest(last_fact, ifNull(lapsed, last_fact))) >= {{.Since}}[shard])
