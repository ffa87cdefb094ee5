CREATE TABLE {{.Scratch}} (
    shard UInt16, visit String, bcp String, direction String, channel String, regime String,
    status String, fault String, over UInt8,
    first Nullable(Int64), last Nullable(Int64), arrived Nullable(Int64), released Nullable(Int64),
    refused Nullable(Int64), departed Nullable(Int64), lapsed Nullable(Int64),
    sound UInt8, segments Array(Tuple(phase String, holder String, start Int64, ms Int64)),
    open UInt8, phase String, holder String, since Nullable(Int64)
) ENGINE = MergeTree ORDER BY (shard, visit)
