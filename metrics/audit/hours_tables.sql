CREATE TABLE {{.Scratch}}_hours (
    shard UInt16, bcp String, direction String, t Int64, open UInt8, closed Int64
) ENGINE = MergeTree ORDER BY (shard, bcp, direction, t)
