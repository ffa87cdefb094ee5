CREATE TABLE IF NOT EXISTS {{db}}.owners {{cluster}} (
    shard     UInt16,
    epoch     UInt64 COMMENT 'rises with every instance that opens the shard',
    number    UInt64 COMMENT 'tells two apart that open it at the same time',
    announced UInt64 COMMENT 'the offset as of which it has written its last rows, or is about to',
    opened_at DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = {{replacing "announced"}} ORDER BY (shard, epoch, number)
COMMENT 'The owners of each shard. An owner that finds a later epoch announces no more flushes.';
