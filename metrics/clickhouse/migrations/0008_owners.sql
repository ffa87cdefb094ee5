CREATE TABLE IF NOT EXISTS {{db}}.owners {{cluster}} (
    shard     UInt16,
    epoch     UInt64 COMMENT 'greater by one for each instance that opens the shard',
    number    UInt64 COMMENT 'random; distinguishes instances that open the shard at the same time',
    announced UInt64 COMMENT 'the offset of the last flush that it announced; the rows may be written or not',
    opened_at DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = {{replacing "announced"}} ORDER BY (shard, epoch, number)
COMMENT 'The owners of each shard. An owner that finds a later epoch is fenced: it announces no more flushes.';
