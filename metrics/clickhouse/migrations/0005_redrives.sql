CREATE TABLE IF NOT EXISTS {{db}}.redrives {{cluster}} (
    shard       UInt16,
    offset      UInt64              COMMENT 'of the dead letter',
    redriven_at DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = {{replacing ""}} ORDER BY (shard, offset)
COMMENT 'Dead letters that were sent again.';
