CREATE TABLE {{.Scratch}}_net (
    shard UInt16, visit String, release_closed Int64, crossing_closed Int64, segment_closed Array(Int64)
) ENGINE = MergeTree ORDER BY (shard, visit)
