ALTER TABLE {{db}}.visits {{cluster}}
    ADD COLUMN IF NOT EXISTS release_net_ms  Nullable(UInt64) COMMENT 'release_ms net of the hours in which the BCP was closed' AFTER crossing_ms,
    ADD COLUMN IF NOT EXISTS crossing_net_ms Nullable(UInt64) COMMENT 'crossing_ms net of the hours in which the BCP was closed' AFTER release_net_ms,
    ADD COLUMN IF NOT EXISTS segment_net_ms  Array(UInt64)    COMMENT 'segment_ms net of the hours in which the BCP was closed' AFTER segment_ms;

ALTER TABLE {{db}}.windows {{cluster}}
    ADD COLUMN IF NOT EXISTS net_ms   Int64              COMMENT 'sum of milliseconds net of the hours in which the BCP was closed',
    ADD COLUMN IF NOT EXISTS net_sq   UInt128            COMMENT 'as sum_sq, net; left empty if net_ms = sum_ms, because it equals sum_sq then',
    ADD COLUMN IF NOT EXISTS net_bins Map(Int16, UInt32) COMMENT 'as bins, net; left empty if net_ms = sum_ms, because they equal bins then';

ALTER TABLE {{db}}.restatements {{cluster}}
    ADD COLUMN IF NOT EXISTS net_ms   Int64             COMMENT 'by how much the net sum changed',
    ADD COLUMN IF NOT EXISTS net_bins Map(Int16, Int32) COMMENT 'by how much the net number in each bin changed';

CREATE TABLE IF NOT EXISTS {{db}}.openings {{cluster}} (
    shard            UInt16,
    offset           UInt64,
    type             LowCardinality(String) COMMENT 'bcp.opened, bcp.closed or event.retracted',
    id               String,
    source           String,
    time             DateTime64(3, 'UTC'),
    bcp              LowCardinality(String),
    direction        LowCardinality(String) COMMENT 'empty if it is about both directions',
    retracted_id     String,
    retracted_source String
) ENGINE = {{replacing ""}} ORDER BY (shard, offset)
COMMENT 'The events that say when BCPs were open, and the retractions of events about places. The calendar is in the places file.';

CREATE MATERIALIZED VIEW IF NOT EXISTS {{db}}.openings_of_events {{cluster}} TO {{db}}.openings AS
SELECT shard, offset, type, id, source, time, bcp, direction, retracted_id, retracted_source
FROM {{db}}.events
WHERE type IN ('bcp.opened', 'bcp.closed') OR type = 'event.retracted' AND subject = bcp;

CREATE OR REPLACE VIEW {{db}}.latest_visits {{cluster}} AS
SELECT
    visit, bcp, direction, channel, regime, status, fault, arrived, released, refused, departed,
    release_ms / 1000 AS release_time, release_net_ms / 1000 AS release_net_time,
    crossing_ms / 1000 AS crossing_time, crossing_net_ms / 1000 AS crossing_net_time,
    arrayMap((p, h, s, ms, net) -> (p, h, s, ms / 1000, net / 1000), segment_phase, segment_holder, segment_start, segment_ms, segment_net_ms)
        ::Array(Tuple(phase String, holder String, start DateTime64(3, 'UTC'), seconds Float64, net_seconds Float64)) AS segments,
    phase, holder, since, last_fact
FROM {{db}}.visits FINAL
COMMENT 'The latest state of each visit, with times in seconds, gross and net of closed hours.';
