CREATE OR REPLACE VIEW {{db}}.crossing_times {{cluster}} AS
SELECT
    bcp, direction, grain, start, measure, n,
    sum_ms / n / 1000 AS mean,
    sqrt(toFloat64(toInt256(n) * toInt256(sum_sq) - toInt256(sum_ms) * toInt256(sum_ms))) / n / 1000 AS sd,
    q[1] AS p50, q[2] AS p90, q[3] AS p95
FROM (
    SELECT bcp, direction, grain, start, measure, sum(w.n) AS n, sum(w.sum_ms) AS sum_ms, sum(w.sum_sq) AS sum_sq, sumMap(w.bins) AS bins,
        arrayMap(i -> if(i = -32768, 0, 2 * exp2(i / 32) / (1 + exp2(1 / 32))),
            arrayReduce('quantilesExactWeighted(0.5, 0.9, 0.95)', mapKeys(bins), mapValues(bins))) AS q
    FROM {{db}}.windows AS w FINAL
    WHERE measure IN ('release_time', 'crossing_time') OR splitByChar('/', measure)[1] IN ('wait', 'service', 'hold', 'exit')
    GROUP BY bcp, direction, grain, start, measure
    HAVING n > 0
)
COMMENT 'Release time, crossing time and the time of segments, in seconds: all channels and regimes together. Quantiles are within 1.1 %.';

CREATE OR REPLACE VIEW {{db}}.crossing_times_by_channel {{cluster}} AS
SELECT
    bcp, direction, channel, regime, grain, start, measure, n,
    sum_ms / n / 1000 AS mean,
    sqrt(toFloat64(toInt256(n) * toInt256(sum_sq) - toInt256(sum_ms) * toInt256(sum_ms))) / n / 1000 AS sd,
    q[1] AS p50, q[2] AS p90, q[3] AS p95
FROM (
    SELECT bcp, direction, channel, regime, grain, start, measure, sum(w.n) AS n, sum(w.sum_ms) AS sum_ms, sum(w.sum_sq) AS sum_sq, sumMap(w.bins) AS bins,
        arrayMap(i -> if(i = -32768, 0, 2 * exp2(i / 32) / (1 + exp2(1 / 32))),
            arrayReduce('quantilesExactWeighted(0.5, 0.9, 0.95)', mapKeys(bins), mapValues(bins))) AS q
    FROM {{db}}.windows AS w FINAL
    WHERE measure IN ('release_time', 'crossing_time') OR splitByChar('/', measure)[1] IN ('wait', 'service', 'hold', 'exit')
    GROUP BY bcp, direction, channel, regime, grain, start, measure
    HAVING n > 0
)
COMMENT 'As crossing_times, for each channel and regime.';

CREATE OR REPLACE VIEW {{db}}.movements {{cluster}} AS
SELECT
    bcp, direction, grain, start,
    sumIf(n, measure = 'arrivals') AS arrivals,
    sumIf(n, measure = 'releases') AS releases,
    sumIf(n, measure = 'refusals') AS refusals,
    sumIf(n, measure = 'departures') AS departures,
    sumIf(n, measure = 'lapsed') AS lapsed,
    sumIf(n, startsWith(measure, 'incomplete/')) AS incomplete,
    sumIf(n, startsWith(measure, 'inconsistent/')) AS inconsistent
FROM {{db}}.windows FINAL
WHERE measure IN ('arrivals', 'releases', 'refusals', 'departures', 'lapsed') OR startsWith(measure, 'in')
GROUP BY bcp, direction, grain, start
COMMENT 'What was counted in each window, all channels and regimes together.';

CREATE OR REPLACE VIEW {{db}}.inside {{cluster}} AS
SELECT bcp, direction, grain, start,
    sum(change) OVER (PARTITION BY bcp, direction, grain ORDER BY start) AS trucks
FROM (
    SELECT bcp, direction, grain, start, sumIf(n, measure = 'arrivals') - sumIf(n, measure = 'left') AS change
    FROM {{db}}.windows FINAL
    WHERE measure IN ('arrivals', 'left')
    GROUP BY bcp, direction, grain, start
)
COMMENT 'Trucks inside at the end of each window in which any arrived or left.';

CREATE OR REPLACE VIEW {{db}}.waiting_now {{cluster}} AS
SELECT bcp, direction, splitByChar('/', measure)[1] AS phase, splitByChar('/', measure)[2] AS holder, trucks, as_of
FROM (
    SELECT bcp, direction, max(last_event) AS as_of, sumMap(mapKeys(holders), mapValues(holders)) AS by_measure
    FROM {{db}}.inside_now FINAL
    GROUP BY bcp, direction
)
ARRAY JOIN by_measure.1 AS measure, by_measure.2 AS trucks
COMMENT 'Trucks inside now by who has them. as_of is the time of the latest event about the BCP and direction.';

CREATE OR REPLACE VIEW {{db}}.latest_visits {{cluster}} AS
SELECT
    visit, bcp, direction, channel, regime, status, fault, arrived, released, refused, departed,
    release_ms / 1000 AS release_time, crossing_ms / 1000 AS crossing_time,
    arrayMap((p, h, s, ms) -> (p, h, s, ms / 1000), segment_phase, segment_holder, segment_start, segment_ms)
        ::Array(Tuple(phase String, holder String, start DateTime64(3, 'UTC'), seconds Float64)) AS segments,
    phase, holder, since, last_fact
FROM {{db}}.visits FINAL
COMMENT 'Visits as they stand, with times in seconds.';

CREATE OR REPLACE VIEW {{db}}.queue_readings {{cluster}} AS
SELECT bcp, direction, source, id, time, recorded, vehicles, wait_seconds, age_seconds
FROM {{db}}.readings FINAL
WHERE NOT retracted
COMMENT 'Readings of queues made elsewhere that stand.';
