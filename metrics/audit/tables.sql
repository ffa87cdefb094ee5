-- The audit's own tables. The copies of the engine's tables are not merged, since they are read once.
CREATE TABLE {{.Scratch}} (
    shard UInt16, visit String, bcp String, direction String, channel String, regime String,
    status String, fault String, over UInt8,
    first Nullable(Int64), last Nullable(Int64), arrived Nullable(Int64), released Nullable(Int64),
    refused Nullable(Int64), departed Nullable(Int64), lapsed Nullable(Int64),
    sound UInt8, segments Array(Tuple(phase String, holder String, start Int64, ms Int64)),
    open UInt8, phase String, holder String, since Nullable(Int64),
    last_type String, last_agency String, last_kind String, last_result String, done Array(String)
) ENGINE = MergeTree ORDER BY (shard, bcp, visit);

CREATE TABLE {{.Scratch}}_net (
    shard UInt16, bcp String, visit String, release_closed Int64, crossing_closed Int64, segment_closed Array(Int64)
) ENGINE = MergeTree ORDER BY (shard, bcp, visit);

-- The instants (t, Unix milliseconds) at which the calendar of a BCP opens or closes it.
CREATE TABLE {{.Scratch}}_calendar (
    bcp String, t Int64, open UInt8
) ENGINE = MergeTree ORDER BY (bcp, t);

CREATE TABLE {{.Scratch}}_hours (
    shard UInt16, bcp String, direction String, t Int64, open UInt8, closed Int64
) ENGINE = MergeTree ORDER BY (shard, bcp, direction, t);

-- As of which offset each shard is compared (applied), and the last offset as of which an instance has announced a flush.
CREATE TABLE {{.Scratch}}_progress (
    shard UInt16, applied UInt64, announced UInt64, watermark Nullable(Int64)
) ENGINE = MergeTree ORDER BY shard
{{- range .Copies}};

CREATE TABLE {{$.Scratch}}_{{.Name}} AS {{$.Database}}.{{.Name}}
ENGINE = ReplacingMergeTree(as_of) {{if .PartitionKey}}PARTITION BY {{.PartitionKey}}{{end}} ORDER BY ({{.SortingKey}})
SETTINGS storage_policy = {{.StoragePolicy}}, max_bytes_to_merge_at_max_space_in_pool = 1, max_bytes_to_merge_at_min_space_in_pool = 1
{{- end}}
