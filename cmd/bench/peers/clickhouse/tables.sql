CREATE DATABASE IF NOT EXISTS {database};

DROP TABLE IF EXISTS {database}.bench_facts SYNC;

DROP TABLE IF EXISTS {database}.bench_topic SYNC;

DROP TABLE IF EXISTS {database}.bench_visits SYNC;

DROP TABLE IF EXISTS {database}.bench_result SYNC;

-- One row is one message as it came: RawBLOB looks at no byte of it, so that the view reads the JSON of the messages that count.
CREATE TABLE {database}.bench_topic (body String)
ENGINE = Kafka
SETTINGS kafka_broker_list = '{brokers}', kafka_topic_list = '{topic}', kafka_group_name = '{group}', kafka_format = 'RawBLOB',
    kafka_num_consumers = {consumers}, kafka_thread_per_consumer = 0,
    kafka_max_block_size = 262144, kafka_poll_max_batch_size = 65536, kafka_flush_interval_ms = 7500;

-- What is known of a visit: max makes one of doubled events, and of an arrival and a release whichever comes first.
CREATE TABLE {database}.bench_visits (
    visit String,
    bcp SimpleAggregateFunction(max, LowCardinality(String)),
    arrived SimpleAggregateFunction(max, Int64),
    released SimpleAggregateFunction(max, Int64)
)
ENGINE = AggregatingMergeTree ORDER BY visit;

CREATE TABLE {database}.bench_result (
    bcp String, minute Int32, n UInt64, sum_ms Int64, p50 Float64, p95 Float64, p99 Float64
)
ENGINE = MergeTree ORDER BY (bcp, minute);

CREATE MATERIALIZED VIEW {database}.bench_facts TO {database}.bench_visits AS
WITH
    JSONExtract(body, 'Tuple(type String, subject String, time String, data Tuple(bcp String))') AS event,
    toUnixTimestamp64Milli(parseDateTime64BestEffortOrNull(event.time, 3, 'UTC')) AS at
SELECT
    event.subject AS visit,
    event.data.bcp AS bcp,
    if(event.type = 'dwell.truck.arrived.v1', assumeNotNull(at), 0) AS arrived,
    if(event.type = 'dwell.truck.released.v1', assumeNotNull(at), 0) AS released
FROM (
    -- A substring is found much faster than JSON is read; it lets through what only mentions a type, and the type decides.
    SELECT body, _timestamp_ms FROM {database}.bench_topic
    WHERE multiSearchAny(body, ['"dwell.truck.arrived.v1"', '"dwell.truck.released.v1"'])
)
WHERE event.type IN ('dwell.truck.arrived.v1', 'dwell.truck.released.v1')
    AND at <= toUnixTimestamp64Milli(assumeNotNull(_timestamp_ms)) + 300000;
