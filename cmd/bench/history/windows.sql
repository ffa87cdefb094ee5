INSERT INTO {db}.windows (shard, bcp, direction, channel, regime, grain, start, measure, as_of, n, sum_ms, net_ms, sum_sq, bins)
WITH
    -- A typical time is 2^(middle / 32) seconds, and of a hundred visits so many have the measure.
    ['arrivals', 'release_time', 'crossing_time', 'wait/customs', 'service/customs',
        'wait/border_police', 'service/border_police', 'wait/transport', 'hold/health', 'service/plant_quarantine', 'exit/carrier'] AS measures,
    [0, 450, 460, 380, 350, 360, 300, 340, 400, 370, 330] AS middles,
    [100, 100, 100, 100, 100, 80, 80, 50, 10, 20, 100] AS often,
    [0.7, 0.2, 0.1] AS of_channel
SELECT combination % 8 AS shard, '{bcp}' AS bcp, ['inbound', 'outbound'][intDiv(combination, 8) % 2 + 1] AS direction,
    ['green', 'yellow', 'red'][intDiv(combination, 16) % 3 + 1] AS channel,
    [['import', 'transit'], ['export', 'transit']][intDiv(combination, 8) % 2 + 1][intDiv(combination, 48) + 1] AS regime,
    '{grain}' AS grain, {start} AS start, measures[number_of_measure] AS measure, 1 AS as_of, n,
    n * typical AS sum_ms, sum_ms AS net_ms, toUInt128(n) * typical * typical AS sum_sq,
    if(typical = 0, map(), mapFromArrays(
        arrayMap(i -> toInt16(middles[number_of_measure] + (i - intDiv(different, 2)) * 3 + bitAnd(bitShiftRight(chance, i), 1)), range(different)),
        arrayMap(i -> toUInt32(intDiv(n, different) + (i < n % different)), range(different))))::Map(Int16, UInt32) AS bins
FROM (
    SELECT {candidate}, least(n, 60) AS different, if(middles[number_of_measure] = 0, 0, toInt64(exp2(middles[number_of_measure] / 32) * 1000)) AS typical
    FROM numbers({candidates})
    WHERE n > 0
)
