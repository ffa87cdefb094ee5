SELECT
    shard, bcp, direction, channel, regime, 'minute' AS grain, toStartOfMinute(c.2)::DateTime('UTC') AS start, c.1 AS measure, 1::Int64 AS n,
    c.4::Int64 AS sum_ms, toUInt128(c.4) * toUInt128(c.4) AS sum_sq,
    c.5::Int64 AS net_ms, toUInt128(c.5) * toUInt128(c.5) AS net_sq,
    if(c.3, map(%s, 1), map())::Map(Int16, UInt32) AS bins,
    if(c.3, map(%s, 1), map())::Map(Int16, UInt32) AS net_bins
FROM %s FINAL
ARRAY JOIN arrayConcat(
    %s
) AS c
WHERE c.2 IS NOT NULL AND status != 'void' AND (%s)
