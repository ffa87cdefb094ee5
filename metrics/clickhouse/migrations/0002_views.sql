CREATE OR REPLACE VIEW {{db}}.waiting_now {{cluster}} AS
SELECT bcp, direction, splitByChar('/', measure)[1] AS phase, splitByChar('/', measure)[2] AS holder, trucks, as_of
FROM (
    SELECT bcp, direction, max(last_event) AS as_of, sumMap(mapKeys(holders), mapValues(holders)) AS by_measure
    FROM {{db}}.inside_now FINAL
    GROUP BY bcp, direction
)
ARRAY JOIN by_measure.1 AS measure, by_measure.2 AS trucks
COMMENT 'Trucks inside now by phase and holder. as_of is the time of the latest event about the BCP and direction.';

CREATE OR REPLACE VIEW {{db}}.latest_visits {{cluster}} AS
SELECT
    visit, bcp, direction, channel, regime, status, fault, arrived, released, refused, departed,
    release_ms / 1000 AS release_time, crossing_ms / 1000 AS crossing_time,
    arrayMap((p, h, s, ms) -> (p, h, s, ms / 1000), segment_phase, segment_holder, segment_start, segment_ms)
        ::Array(Tuple(phase String, holder String, start DateTime64(3, 'UTC'), seconds Float64)) AS segments,
    phase, holder, since, last_fact
FROM {{db}}.visits FINAL
COMMENT 'The latest state of each visit, with times in seconds.';

CREATE OR REPLACE VIEW {{db}}.queue_readings {{cluster}} AS
SELECT bcp, direction, source, id, time, recorded, vehicles, wait_seconds, age_seconds
FROM {{db}}.readings FINAL
WHERE NOT retracted
COMMENT 'Queue readings of other sources, without those that were retracted.';
