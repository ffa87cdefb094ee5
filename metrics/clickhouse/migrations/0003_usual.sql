CREATE TABLE IF NOT EXISTS {{db}}.usual {{cluster}} (
    learned   DateTime64(3, 'UTC')       COMMENT 'when; the rows of one time are a version, in force until the next one',
    bcp       LowCardinality(String)     COMMENT 'id of the places file',
    direction LowCardinality(String)     COMMENT 'empty: both together',
    measure   LowCardinality(String)     COMMENT 'inside, release_time, crossing_time, arrivals, releases, departures (trucks, seconds or trucks an hour), or queue_vehicles, queue_wait of readings',
    source    String                     COMMENT 'of readings, as queue; empty for a measure of trucks',
    queue     String                     COMMENT 'lane or class of vehicle; empty where the source does not say',
    hour      UInt8                      COMMENT 'hour of the local week, 0 from Sunday midnight on',
    p25       Float64                    COMMENT 'of the values of the last 8 weeks at this hour and the two beside it, as median and p75',
    median    Float64                    COMMENT 'as p25; trucks inside and readings are as of the begin of the hour',
    p75       Float64                    COMMENT 'as p25',
    weeks     UInt8                      COMMENT 'in how many of the 8 weeks this hour was known; with fewer than 4, nothing is usual',
    spread    Float64                    COMMENT 'interquartile range of the differences from the median, of all hours of the 8 weeks',
    written_at DateTime('UTC') DEFAULT now() COMMENT 'by the clock of ClickHouse'
) ENGINE = {{replacing ""}} PARTITION BY toDate(learned) ORDER BY (learned, bcp, measure, source, queue, direction, hour)
TTL written_at + INTERVAL 14 DAY SETTINGS ttl_only_drop_parts = 1
COMMENT 'What is usual at each BCP in each hour of the week, without closed hours, outages and the day on which it was learned. Versions are kept for two weeks.';

CREATE TABLE IF NOT EXISTS {{db}}.deviations {{cluster}} (
    at          DateTime('UTC')            COMMENT 'each quarter of an hour, as far as a process ran',
    bcp         LowCardinality(String)     COMMENT 'id of the places file',
    direction   LowCardinality(String)     COMMENT 'empty: both together',
    measure     LowCardinality(String)     COMMENT 'inside, or queue_vehicles, queue_wait of readings',
    source      String                     COMMENT 'of readings, as queue; empty for trucks inside',
    queue       String                     COMMENT 'lane or class of vehicle; empty where the source does not say',
    value       Nullable(Float64)          COMMENT 'as was known at that time; NULL if it was not',
    median      Nullable(Float64)          COMMENT 'of the hour, by table usual; NULL if nothing is usual or the BCP is closed',
    deviation   Nullable(Float64)          COMMENT 'from the median, in interquartile ranges',
    over        UInt8                      COMMENT '1 if there were more trucks than the BCP has room for (capacity of the places file)',
    spike_since Nullable(DateTime('UTC'))  COMMENT 'since when this is a spike; NULL if it is none',
    turning     Nullable(DateTime('UTC'))  COMMENT 'since when the value says that a spike begins or ends; it does at the second such look',
    known       Nullable(DateTime('UTC'))  COMMENT 'when something was known last',
    written_at  DateTime('UTC') DEFAULT now() COMMENT 'by the clock of ClickHouse'
) ENGINE = {{replacing ""}} PARTITION BY toYYYYMM(at) ORDER BY (at, bcp, measure, source, queue, direction)
TTL written_at + INTERVAL 400 DAY SETTINGS ttl_only_drop_parts = 1
COMMENT 'How far each BCP was from what is usual, and whether that was a spike. Read it with FINAL.';
