SELECT
    shard, bcp, direction, channel, regime, 'minute' AS grain, toStartOfMinute(c.2)::DateTime('UTC') AS start, c.1 AS measure, 1::Int64 AS n,
    c.4::Int64 AS sum_ms, toUInt128(c.4) * toUInt128(c.4) AS sum_sq,
    c.5::Int64 AS net_ms, toUInt128(c.5) * toUInt128(c.5) AS net_sq,
    -- A power of two of seconds, 125 ms times a power of two, is an upper bound, and its logarithm may be off in its last digit.
    if(c.3, map(multiIf(c.4 = 0, -32768, c.4 %% 125 = 0 AND bitCount(intDiv(c.4, 125)) = 1, round(32 * log2(c.4 / 1000)), ceil(32 * log2(c.4 / 1000))), 1), map())::Map(Int16, UInt32) AS bins,
    if(c.3, map(multiIf(c.5 = 0, -32768, c.5 %% 125 = 0 AND bitCount(intDiv(c.5, 125)) = 1, round(32 * log2(c.5 / 1000)), ceil(32 * log2(c.5 / 1000))), 1), map())::Map(Int16, UInt32) AS net_bins
FROM %s FINAL
ARRAY JOIN arrayConcat(
    [
        ('arrivals', arrived, false, 0, 0), ('refusals', refused, false, 0, 0), ('lapsed', lapsed, false, 0, 0),
        ('untimed_releases', if(fault = '', NULL, released), false, 0, 0), ('untimed_departures', if(fault = '', NULL, departed), false, 0, 0),
        ('untimed_left', multiIf(arrived IS NULL, NULL, departed IS NULL, lapsed, fault = '', NULL, departed < arrived, arrived, departed), false, 0, 0),
        (concat(status, '/', fault), if(fault = '', NULL, first_fact), false, 0, 0),
        ('release_time', if(release_ms IS NULL, NULL, released), true, ifNull(release_ms, 0), ifNull(release_net_ms, 0)),
        ('crossing_time', if(crossing_ms IS NULL, NULL, departed), true, ifNull(crossing_ms, 0), ifNull(crossing_net_ms, 0))
    ]::Array(Tuple(String, Nullable(DateTime64(3, 'UTC')), Bool, UInt64, UInt64)),
    arrayMap((phase, holder, start, ms, net) -> (concat(phase, '/', holder), addMilliseconds(start, ms), true, ms, net),
        segment_phase, segment_holder, segment_start, segment_ms, segment_net_ms)::Array(Tuple(String, Nullable(DateTime64(3, 'UTC')), Bool, UInt64, UInt64))
) AS c
WHERE c.2 IS NOT NULL AND status != 'void' AND (%s)
