-- The progress of each shard (applied, and its watermark in Unix milliseconds), and the last offset as of which an instance
-- has announced a flush. A shard without progress has only announced.
SELECT shard, max(offset) AS applied, max(announced) AS announced, argMax(watermark, known) AS watermark
FROM (
    SELECT shard, offset, 0::UInt64 AS announced, toUnixTimestamp64Milli(watermark) AS watermark, 1 AS known FROM {{.Database}}.progress FINAL
    UNION ALL
    SELECT shard, 0::UInt64 AS offset, announced, NULL AS watermark, 0 AS known FROM {{.Database}}.owners
)
GROUP BY shard
ORDER BY shard
