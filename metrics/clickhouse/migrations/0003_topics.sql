CREATE TABLE IF NOT EXISTS {{db}}.topics {{cluster}} (
    topic      String,
    partitions UInt32,
    noted_at   DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = {{replacing ""}} ORDER BY (topic, noted_at)
COMMENT 'With how many partitions each topic was counted first; a shard is a partition of it.';
