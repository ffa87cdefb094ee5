CREATE TABLE IF NOT EXISTS {{db}}.topics {{cluster}} (
    topic      String,
    partitions UInt32,
    noted_at   DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = {{replacing ""}} ORDER BY (topic, noted_at)
COMMENT 'The number of partitions that each topic had when it was first read; each is a shard.';
