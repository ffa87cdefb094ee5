CREATE TABLE IF NOT EXISTS {{db}}.restatements {{cluster}} (
    shard     UInt16,
    offset    UInt64                 COMMENT 'of the event that changed the window',
    bcp       LowCardinality(String),
    direction LowCardinality(String),
    grain     Enum8('minute' = 1, 'hour' = 2, 'day' = 3),
    start     DateTime('UTC'),
    measure   LowCardinality(String),
    n         Int64                  COMMENT 'by how much the number changed',
    sum_ms    Int64                  COMMENT 'by how much the sum changed',
    bins      Map(Int16, Int32)      COMMENT 'by how much the number in each bin changed',
    written_at DateTime64(3, 'UTC')  DEFAULT now64(3)
) ENGINE = {{replacing ""}} PARTITION BY toYYYYMM(start)
ORDER BY (bcp, grain, start, measure, direction, shard, offset)
COMMENT 'How late events changed final windows, over all channels and regimes. Read it with FINAL.';
