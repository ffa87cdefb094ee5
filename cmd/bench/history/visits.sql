INSERT INTO {db}.visits (shard, visit, as_of, bcp, direction, channel, regime, status, over, first_fact, last_fact, arrived, released, departed,
    release_ms, crossing_ms, release_net_ms, crossing_net_ms, segment_phase, segment_holder, segment_start, segment_ms, segment_net_ms, facts)
WITH
    -- A typical segment takes 2^(middle / 32) seconds.
    ['wait', 'service', 'wait', 'service', 'wait', 'service', 'wait', 'exit'] AS phases,
    ['border_police', 'border_police', 'customs', 'customs', 'transport', 'transport', 'customs', 'carrier'] AS holders,
    [360, 300, 380, 350, 340, 330, 370, 330] AS middles,
    arrayMap((middle, i) -> toUInt64(exp2(middle / 32) * (500 + cityHash64(number, i) % 1000)), middles, arrayEnumerate(middles)) AS ms,
    arrayMap(sum -> addMilliseconds(arrived, sum), arrayCumSum(ms)) AS ends
SELECT chance % 8 AS shard, '{bcp}-' || toString(number) AS visit, 1 AS as_of, '{bcp}' AS bcp,
    ['inbound', 'outbound'][intDiv(chance, 8) % 2 + 1] AS direction, ['green', 'yellow', 'red'][intDiv(chance, 16) % 3 + 1] AS channel,
    if(intDiv(chance, 64) % 10 < 3, 'transit', ['import', 'export'][intDiv(chance, 8) % 2 + 1]) AS regime, 'departed' AS status, 1 AS over,
    arrived AS first_fact, departed AS last_fact, fromUnixTimestamp64Milli({begin} + intDiv({length} * number, {visits})) AS arrived,
    ends[7] AS released, ends[8] AS departed, arraySum(arraySlice(ms, 1, 7)) AS release_ms, arraySum(ms) AS crossing_ms,
    release_ms AS release_net_ms, crossing_ms AS crossing_net_ms, phases AS segment_phase, holders AS segment_holder,
    arrayPushFront(arrayPopBack(ends), arrived) AS segment_start, ms AS segment_ms, ms AS segment_net_ms, randomPrintableASCII(160) AS facts
FROM (SELECT number, cityHash64(number, '{bcp}') AS chance FROM numbers({visits}))
