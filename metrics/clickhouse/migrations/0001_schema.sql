CREATE DATABASE IF NOT EXISTS {{db}} {{cluster}};

CREATE TABLE IF NOT EXISTS {{db}}.schema_versions {{cluster}} (
    version UInt32,
    name    String,
    applied DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = {{replacing ""}} ORDER BY version
COMMENT 'Applied migrations.';

CREATE TABLE IF NOT EXISTS {{db}}.events {{cluster}} (
    shard            UInt16                 COMMENT 'Kafka partition',
    offset           UInt64                 COMMENT 'Kafka offset' CODEC(Delta, LZ4),
    logged           DateTime64(3, 'UTC')   COMMENT 'time of the Kafka record' CODEC(T64, LZ4),
    append_time      UInt8                  COMMENT '1 if that time is of the broker (LogAppendTime), 0 if it is of the producer (CreateTime)',
    time             DateTime64(3, 'UTC')   COMMENT 'when it happened' CODEC(T64, LZ4),
    recorded         DateTime64(3, 'UTC')   COMMENT 'when the agency recorded it' CODEC(T64, LZ4),
    type             LowCardinality(String) COMMENT 'such as truck.arrived',
    id               String CODEC(ZSTD(1)),
    source           String CODEC(ZSTD(1)),
    edition          UInt32 COMMENT 'with source and id, identifies the event; 0 where none is said',
    subject          String COMMENT 'id of the visit; of the BCP for an event about a place' CODEC(ZSTD(1)),
    bcp              LowCardinality(String),
    direction        LowCardinality(String),
    channel          LowCardinality(String),
    regime           LowCardinality(String),
    agency           LowCardinality(String),
    kind             LowCardinality(String) COMMENT 'of the inspection',
    result           LowCardinality(String) COMMENT 'of the inspection',
    lane             String CODEC(ZSTD(1)),
    hold             String COMMENT 'id of the hold that is placed or lifted, if it has one' CODEC(ZSTD(1)),
    retracted_id     String,
    retracted_source String,
    retracted_edition UInt32,
    retracted_time   Nullable(DateTime64(3, 'UTC')),
    forwarded        String COMMENT 'partition/offset of the record that this is a forwarded copy of; empty if it is none' CODEC(ZSTD(1)),
    data             String COMMENT 'data of the event, as sent' CODEC(ZSTD(1))
) ENGINE = {{replacing ""}} PARTITION BY toYYYYMM(time) ORDER BY (shard, offset)
SETTINGS auto_statistics_types = '', min_level_for_wide_part = 1, merge_selector_base = 20
COMMENT 'Every usable event that was received, duplicates included.';

CREATE TABLE IF NOT EXISTS {{db}}.visits {{cluster}} (
    bcp            LowCardinality(String),
    shard          UInt16,
    visit          String                 COMMENT 'id of the visit, the subject of its events; the same id at another BCP is another visit',
    month          UInt32                 COMMENT 'that of the first event that was applied, such as 202601; it changes only when the visit begins anew after the retention, and is not for finding a time',
    as_of          UInt64                 COMMENT 'the row includes the events of the shard before this offset, and no others',
    direction      LowCardinality(String),
    channel        LowCardinality(String),
    regime         LowCardinality(String),
    status         LowCardinality(String) COMMENT 'inside, departed, lapsed, incomplete, inconsistent, void',
    fault          LowCardinality(String) COMMENT 'why it is incomplete or inconsistent',
    over           UInt8                  COMMENT '1 if no further event is expected',
    first_fact     Nullable(DateTime64(3, 'UTC')) CODEC(T64, LZ4),
    last_fact      Nullable(DateTime64(3, 'UTC')) CODEC(T64, LZ4),
    arrived        Nullable(DateTime64(3, 'UTC')) CODEC(T64, LZ4),
    released       Nullable(DateTime64(3, 'UTC')) CODEC(T64, LZ4),
    refused        Nullable(DateTime64(3, 'UTC')) CODEC(T64, LZ4),
    departed       Nullable(DateTime64(3, 'UTC')) CODEC(T64, LZ4),
    lapsed         Nullable(DateTime64(3, 'UTC')) COMMENT 'when it lapsed; NULL if it has not' CODEC(T64, LZ4),
    release_ms     Nullable(UInt64)       COMMENT 'from arrival to release; NULL if the visit has a fault' CODEC(T64, LZ4),
    crossing_ms    Nullable(UInt64)       COMMENT 'from arrival to departure; NULL if the visit has a fault' CODEC(T64, LZ4),
    release_net_ms  Nullable(UInt64)      COMMENT 'release_ms net of the hours in which the BCP was closed' CODEC(T64, LZ4),
    crossing_net_ms Nullable(UInt64)      COMMENT 'crossing_ms net of the hours in which the BCP was closed' CODEC(T64, LZ4),
    segment_phase  Array(LowCardinality(String)),
    segment_holder Array(LowCardinality(String)),
    segment_start  Array(DateTime64(3, 'UTC')) CODEC(T64, LZ4),
    segment_ms     Array(UInt64) CODEC(T64, LZ4),
    segment_net_ms Array(UInt64)          COMMENT 'segment_ms net of the hours in which the BCP was closed' CODEC(T64, LZ4),
    phase          LowCardinality(String) COMMENT 'phase, holder and start of the open segment',
    holder         LowCardinality(String),
    since          Nullable(DateTime64(3, 'UTC')) CODEC(T64, LZ4),
    facts          String COMMENT 'the facts, encoded by visit.AppendFacts' CODEC(ZSTD(1)),
    INDEX as_of as_of TYPE minmax GRANULARITY 16,
    INDEX first_fact first_fact TYPE minmax GRANULARITY 4,
    INDEX last_change greatest(last_fact, ifNull(lapsed, last_fact)) TYPE minmax GRANULARITY 4
) ENGINE = {{replacing "as_of"}} PARTITION BY month ORDER BY (bcp, shard, visit)
SETTINGS index_granularity = 512
COMMENT 'Status, times and segments of each visit, computed from its facts. Read it with FINAL.';

CREATE TABLE IF NOT EXISTS {{db}}.windows {{cluster}} (
    shard     UInt16,
    bcp       Enum16('' = 0)              COMMENT 'codes of an enumeration are only appended',
    direction Enum8('' = 0),
    channel   Enum8('' = 0),
    regime    Enum8('' = 0),
    grain     Enum8('hour' = 2, 'day' = 3),
    start     DateTime('UTC'),
    measure   Enum16('' = 0)              COMMENT 'a count, release_time, crossing_time, or phase/holder',
    as_of     UInt64                      COMMENT 'the row includes the events of the shard before this offset, and no others',
    n         Int64,
    sum_ms    Int64,
    sum_sq    UInt128                     COMMENT 'sum of squares of milliseconds',
    bins      Map(Int16, UInt32)          COMMENT 'durations in (g^(i-1), g^i] seconds, g = 2^(1/32); -32768 is zero',
    net_ms    Int64                       COMMENT 'sum of milliseconds net of the hours in which the BCP was closed',
    net_sq    UInt128                     COMMENT 'as sum_sq, net; left empty if net_ms = sum_ms, because it equals sum_sq then',
    net_bins  Map(Int16, UInt32)          COMMENT 'as bins, net; left empty if net_ms = sum_ms, because they equal bins then',
    phase     LowCardinality(String) ALIAS if(position(measure, '/') > 0, splitByChar('/', toString(measure))[1], ''),
    holder    LowCardinality(String) ALIAS if(position(measure, '/') > 0, splitByChar('/', toString(measure))[2], ''),
    INDEX as_of as_of TYPE minmax GRANULARITY 4,
    INDEX bcp toString(bcp) TYPE minmax GRANULARITY 1,
    CONSTRAINT codes_5 ASSUME true
) ENGINE = {{replacing "as_of"}} PARTITION BY if(grain = 'day', toYear(start), toYYYYMM(start))
ORDER BY (bcp, grain, if(grain = 'day', measure, ''), start, measure, direction, channel, regime, shard)
SETTINGS index_granularity = 2048
COMMENT 'Counts and times of hours and local days; minutes are computed from visits. Add up the rows of shards, channels and regimes. Read it with FINAL.';

CREATE TABLE IF NOT EXISTS {{db}}.inside_now {{cluster}} (
    shard      UInt16,
    bcp        LowCardinality(String),
    direction  LowCardinality(String),
    as_of      UInt64,
    last_event Nullable(DateTime64(3, 'UTC')) COMMENT 'time of the latest event about the BCP and direction',
    last_truck_event Nullable(DateTime64(3, 'UTC')) COMMENT 'the same of events about visits',
    trucks     UInt32,
    class_trucks  Array(UInt32)                    COMMENT 'trucks by class: the columns of a class have one item for each',
    class_arrived Array(DateTime('UTC'))           COMMENT 'hour of the arrival',
    class_since   Array(Nullable(DateTime('UTC'))) COMMENT 'quarter of an hour in which the open segment began; NULL if the visit has a fault',
    class_phase   Array(LowCardinality(String))    COMMENT 'phase and holder of the open segment; wait and unknown if the visit has a fault',
    class_holder  Array(LowCardinality(String)),
    class_channel Array(LowCardinality(String))    COMMENT 'of the visit',
    class_type    Array(LowCardinality(String))    COMMENT 'type, agency, kind and result of the last fact',
    class_agency  Array(LowCardinality(String)),
    class_kind    Array(LowCardinality(String)),
    class_result  Array(LowCardinality(String)),
    class_done    Array(Array(LowCardinality(String))) COMMENT 'agencies that have completed an inspection, in order'
) ENGINE = {{replacing "as_of"}} ORDER BY (shard, bcp, direction)
COMMENT 'Trucks inside now, by shard. Add up the rows of all shards. Read it with FINAL.';

CREATE TABLE IF NOT EXISTS {{db}}.readings {{cluster}} (
    shard        UInt16,
    offset       UInt64,
    bcp          LowCardinality(String),
    direction    LowCardinality(String),
    source       String,
    queue        String           COMMENT 'lane or class of vehicle; empty if the source does not say',
    id           String,
    edition      UInt32,
    time         DateTime64(3, 'UTC'),
    recorded     DateTime64(3, 'UTC'),
    vehicles     Nullable(UInt64),
    wait_seconds Nullable(UInt64),
    age_seconds  Nullable(UInt64) COMMENT 'how old the reading was when it was published',
    lanes_open   Nullable(UInt64),
    service_rate Nullable(UInt64) COMMENT 'vehicles per hour',
    state        LowCardinality(String) DEFAULT 'unknown' COMMENT 'open, paused or closed, of the queue and not of the BCP',
    retracted    UInt8,
    logged       DateTime64(3, 'UTC') COMMENT 'time of the Kafka record: the queues of a BCP that were seen first are shown',
    version      UInt64 COMMENT 'of several rows of a reading the one with the highest counts: a retraction, else one by what they say'
) ENGINE = {{replacing "version"}} ORDER BY (bcp, source, id, edition)
SETTINGS auto_statistics_types = '', merge_selector_base = 30
COMMENT 'Queue readings of other sources. Source, queue, BCP, direction and time say what a reading is of. A retraction replaces its reading. Read it with FINAL.';

CREATE TABLE IF NOT EXISTS {{db}}.progress {{cluster}} (
    shard      UInt16,
    offset     UInt64,
    as_of      UInt64,
    latest     Nullable(DateTime64(3, 'UTC')) COMMENT 'time that the watermark follows: of the latest event, or in a topic with CreateTime of the second latest source',
    watermark  Nullable(DateTime64(3, 'UTC')),
    records    UInt64 COMMENT 'records before the offset, in events and dead_letters; other offsets have none',
    sources    Array(Tuple(block UInt64, source UInt64, latest DateTime64(3, 'UTC'))) COMMENT 'the two sources that lead the latest block of 10,000 offsets, and the two of the block before it; a source is xxHash64 of its name',
    written_at DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = {{replacing "as_of"}} ORDER BY shard
COMMENT 'Progress of each shard: the tables include all of its records before the offset. Read it with FINAL.';

CREATE TABLE IF NOT EXISTS {{db}}.dead_letters {{cluster}} (
    origin  Enum8('topic' = 1, 'import' = 2, 'request' = 3) COMMENT 'what the message came in; codes are only appended',
    name    String COMMENT 'of the topic, import or request' CODEC(ZSTD(1)),
    part    UInt32 COMMENT 'partition of the topic, which is the shard if it is the topic of events; 0 of an import or a request',
    number  UInt64 COMMENT 'offset in the partition, line of the import, or index in the request',
    logged  DateTime64(3, 'UTC'),
    append_time UInt8,
    reason  LowCardinality(String),
    detail  String,
    key     String,
    value   String CODEC(ZSTD(1)),
    headers Array(Tuple(name String, value String))
) ENGINE = {{replacing ""}} PARTITION BY toYYYYMM(logged) ORDER BY (origin, name, part, number)
SETTINGS auto_statistics_types = '', merge_selector_base = 30
COMMENT 'Unusable messages, each with the reason and where it came from.';

CREATE TABLE IF NOT EXISTS {{db}}.restatements {{cluster}} (
    shard     UInt16,
    offset    UInt64                 COMMENT 'of the event that changed the window',
    bcp       Enum16('' = 0)         COMMENT 'with the codes of the table windows, as direction and measure',
    direction Enum8('' = 0),
    grain     Enum8('hour' = 2, 'day' = 3),
    start     DateTime('UTC'),
    measure   Enum16('' = 0),
    n         Int64                  COMMENT 'by how much the number changed',
    sum_ms    Int64                  COMMENT 'by how much the sum changed',
    bins      Map(Int16, Int32)      COMMENT 'by how much the number in each bin changed',
    net_ms    Int64                  COMMENT 'by how much the net sum changed',
    net_bins  Map(Int16, Int32)      COMMENT 'by how much the net number in each bin changed',
    written_at DateTime64(3, 'UTC')  DEFAULT now64(3)
) ENGINE = {{replacing ""}} PARTITION BY toYYYYMM(start)
ORDER BY (bcp, grain, start, measure, direction, shard, offset)
SETTINGS auto_statistics_types = '', merge_selector_base = 30
COMMENT 'How late events changed final windows, over all channels and regimes. Read it with FINAL.';

CREATE TABLE IF NOT EXISTS {{db}}.redrives {{cluster}} (
    origin      Enum8('topic' = 1, 'import' = 2, 'request' = 3) COMMENT 'with name, part and number, the origin of the dead letter',
    name        String CODEC(ZSTD(1)),
    part        UInt32,
    number      UInt64,
    redriven_at DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = {{replacing ""}} ORDER BY (origin, name, part, number)
COMMENT 'Dead letters that were sent again.';

CREATE TABLE IF NOT EXISTS {{db}}.rules {{cluster}} (
    rule     String               COMMENT 'such as lapse_after of AF-NAN-TORKHAM',
    value    String,
    noted_at DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = {{replacing ""}} ORDER BY (rule, noted_at)
COMMENT 'The rules under which the tables were counted: under other rules the same events give other numbers.';

CREATE TABLE IF NOT EXISTS {{db}}.retentions {{cluster}} (
    shard        UInt16,
    offset       UInt64                           COMMENT 'from which on the retention holds',
    visits_ms    UInt64                           COMMENT 'how far behind the watermark visits are kept, by their last fact; 0 is without end',
    events_ms    UInt64                           COMMENT 'the same of events, by their time',
    visits_since Nullable(DateTime64(3, 'UTC'))   COMMENT 'what earlier retentions had kept by then: visits with an earlier last fact stay absent',
    events_since Nullable(DateTime64(3, 'UTC'))   COMMENT 'the same of events',
    noted_at     DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = {{replacing "noted_at"}} ORDER BY (shard, offset)
COMMENT 'How long visits and events are kept. They decide numbers, as rules do: of the same events and other retentions come other rows.';

CREATE OR REPLACE VIEW {{db}}.retained {{cluster}} AS
SELECT
    r.shard AS shard, any(p.offset) AS progress,
    argMax(greatest(ifNull(r.visits_since, toDateTime64('1900-01-01', 3, 'UTC')),
        if(r.visits_ms = 0, toDateTime64('1900-01-01', 3, 'UTC'), ifNull(p.watermark, toDateTime64('1900-01-01', 3, 'UTC')) - toIntervalMillisecond(r.visits_ms))), r.offset) AS visits_since,
    argMax(greatest(ifNull(r.events_since, toDateTime64('1900-01-01', 3, 'UTC')),
        if(r.events_ms = 0, toDateTime64('1900-01-01', 3, 'UTC'), ifNull(p.watermark, toDateTime64('1900-01-01', 3, 'UTC')) - toIntervalMillisecond(r.events_ms))), r.offset) AS events_since
FROM {{db}}.retentions AS r FINAL INNER JOIN (SELECT shard, offset, watermark FROM {{db}}.progress FINAL) AS p ON r.shard = p.shard
WHERE r.offset <= p.offset
GROUP BY r.shard
COMMENT 'Since when visits (by their last fact) and events (by their time) of a shard are kept. What is older is absent, whether it has been deleted or not.';

CREATE TABLE IF NOT EXISTS {{db}}.topics {{cluster}} (
    topic      String,
    partitions UInt32,
    noted_at   DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = {{replacing ""}} ORDER BY (topic, noted_at)
COMMENT 'The number of partitions that each topic had when it was first read; each is a shard.';

CREATE TABLE IF NOT EXISTS {{db}}.short_logs {{cluster}} (
    shard         UInt16,
    counted       UInt64 COMMENT 'the offset up to which the shard had counted',
    log_end       UInt64 COMMENT 'where the log ended, before that',
    accepted_from Nullable(UInt64) COMMENT 'the records from this offset on were written again behind what was counted; null while the shard waits',
    noted_at      DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = {{replacing ""}} ORDER BY (shard, noted_at)
COMMENT 'The logs that were found shorter than what had been counted of them. Of a shard the latest row counts.';

CREATE TABLE IF NOT EXISTS {{db}}.imports {{cluster}} (
    number       UInt32                 COMMENT 'counts from 1; an undoing has a number, too',
    token        UInt64                 COMMENT 'random; of two processes that take a number at the same time the lower one has it',
    kind         LowCardinality(String) COMMENT 'events, readings, undo, or repeat: a file that another import had, and nothing new',
    of           UInt32                 COMMENT 'number of the import that this one undoes or repeats; 0 for a new import',
    file         String                 COMMENT 'name without its folder',
    file_hash    String                 COMMENT 'SHA-256 in hexadecimal',
    mapping      String,
    mapping_hash String                 COMMENT 'SHA-256 in hexadecimal',
    begun        DateTime64(3, 'UTC'),
    ended        Nullable(DateTime64(3, 'UTC')) COMMENT 'NULL while it is at work, or was killed and not yet completed',
    interrupted  UInt8                  COMMENT '1 if it was killed, and the next import completed what it had begun',
    lines        UInt64                 COMMENT 'the sum of added, replaced, duplicates and refused',
    added        UInt64,
    replaced     UInt64                 COMMENT 'events of which an earlier import said something else',
    duplicates   UInt64,
    refused      Map(LowCardinality(String), UInt64) COMMENT 'lines by reason',
    changes      UInt64                 COMMENT 'closings and openings that were added or retracted',
    retracted    UInt64                 COMMENT 'events that an undoing took back',
    written_at   DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = {{replacing "written_at"}} ORDER BY (number, token)
COMMENT 'Imports of files, and undoings of such. Read it with FINAL, and of a number the lowest token.';

CREATE TABLE IF NOT EXISTS {{db}}.import_entries {{cluster}} (
    near       DateTime('UTC')        COMMENT 'start of the hour of a reading; 1970-01-01 for other events' CODEC(Delta, LZ4),
    key        UInt64                 COMMENT 'xxHash64 of BCP, subject, source, id, and edition in the file',
    number     UInt32                 COMMENT 'of the import or the undoing' CODEC(Delta, LZ4),
    derived    UInt8                  COMMENT '1 for a closing or an opening that follows from readings',
    content    UInt64                 COMMENT 'hash of what is said of the event',
    first      UInt32                 COMMENT 'the import that said so first' CODEC(Delta, LZ4),
    edition    UInt32                 COMMENT 'the last one in the log, as of this entry' CODEC(Delta, LZ4),
    standing   UInt8                  COMMENT '1 if that is not retracted',
    time       DateTime64(3, 'UTC') CODEC(T64, LZ4),
    source     LowCardinality(String),
    bcp        LowCardinality(String),
    closed     Enum8('not_said' = 0, 'no' = 1, 'yes' = 2) COMMENT 'what a reading says of its BCP',
    id         String                 COMMENT 'of the reading, where closed is said; of the closing or the opening' CODEC(ZSTD(1)),
    event      String                 COMMENT 'the message that was said first or sent; empty where nothing new is said' CODEC(ZSTD(1)),
    appended   UInt8                  COMMENT '1 if it was sent, in the edition',
    retraction String                 COMMENT 'the message that was sent before it; empty if there was none' CODEC(ZSTD(1))
) ENGINE = {{replacing ""}} ORDER BY (near, key, number)
SETTINGS auto_statistics_types = '', merge_selector_base = 30
COMMENT 'What each import says of each event, and what the log has of the event after it.';

CREATE TABLE IF NOT EXISTS {{db}}.owners {{cluster}} (
    shard     UInt16,
    epoch     UInt64 COMMENT 'greater by one for each instance that opens the shard',
    number    UInt64 COMMENT 'random; distinguishes instances that open the shard at the same time',
    announced UInt64 COMMENT 'the offset of the last flush that it announced; the rows may be written or not',
    opened_at DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = {{replacing "announced"}} ORDER BY (shard, epoch, number)
COMMENT 'The owners of each shard. An owner that finds a later epoch is fenced: it announces no more flushes.';

CREATE TABLE IF NOT EXISTS {{db}}.openings {{cluster}} (
    shard            UInt16,
    offset           UInt64,
    type             LowCardinality(String) COMMENT 'bcp.opened, bcp.closed or event.retracted',
    id               String,
    source           String,
    edition          UInt32,
    time             DateTime64(3, 'UTC'),
    bcp              LowCardinality(String),
    direction        LowCardinality(String) COMMENT 'empty if it is about both directions',
    retracted_id     String,
    retracted_source String,
    retracted_edition UInt32
) ENGINE = {{replacing ""}} ORDER BY (shard, offset)
COMMENT 'The events that say when BCPs were open, and the retractions of events about places. The calendar is in the places file.';

CREATE MATERIALIZED VIEW IF NOT EXISTS {{db}}.openings_of_events {{cluster}} TO {{db}}.openings AS
SELECT shard, offset, type, id, source, edition, time, bcp, direction, retracted_id, retracted_source, retracted_edition
FROM {{db}}.events
WHERE type IN ('bcp.opened', 'bcp.closed') OR type = 'event.retracted' AND subject = bcp;

CREATE OR REPLACE VIEW {{db}}.waiting_now {{cluster}} AS
SELECT bcp, direction, splitByChar('/', measure)[1] AS phase, splitByChar('/', measure)[2] AS holder, trucks, as_of
FROM (
    SELECT bcp, direction, max(last_event) AS as_of, sumMap(arrayMap((p, h) -> concat(p, '/', h), class_phase, class_holder), class_trucks) AS by_measure
    FROM {{db}}.inside_now FINAL
    GROUP BY bcp, direction
)
ARRAY JOIN by_measure.1 AS measure, by_measure.2 AS trucks
COMMENT 'Trucks inside now by phase and holder. as_of is the time of the latest event about the BCP and direction.';

CREATE OR REPLACE VIEW {{db}}.latest_visits {{cluster}} AS
SELECT
    visit, bcp, direction, channel, regime, status, fault, arrived, released, refused, departed,
    release_ms / 1000 AS release_time, release_net_ms / 1000 AS release_net_time,
    crossing_ms / 1000 AS crossing_time, crossing_net_ms / 1000 AS crossing_net_time,
    arrayMap((p, h, s, ms, net) -> (p, h, s, ms / 1000, net / 1000), segment_phase, segment_holder, segment_start, segment_ms, segment_net_ms)
        ::Array(Tuple(phase String, holder String, start DateTime64(3, 'UTC'), seconds Float64, net_seconds Float64)) AS segments,
    phase, holder, since, last_fact
FROM {{db}}.visits FINAL
WHERE {{present}}
COMMENT 'The latest state of each visit, with times in seconds, gross and net of closed hours.';

CREATE OR REPLACE VIEW {{db}}.queue_readings {{cluster}} AS
SELECT bcp, direction, source, queue, id, edition, time, recorded, vehicles, wait_seconds, age_seconds, lanes_open, service_rate, state
FROM {{db}}.readings FINAL
WHERE NOT retracted
COMMENT 'Queue readings of other sources, without those that were retracted.';

CREATE OR REPLACE VIEW {{db}}.ineffective_retractions {{cluster}} AS
SELECT DISTINCT bcp, subject, source, id, edition, time, retracted_source, retracted_id, retracted_edition, retracted_time
FROM {{db}}.events
LEFT JOIN (SELECT shard AS kept_shard, events_since FROM {{db}}.retained) AS kept ON shard = kept_shard
WHERE type = 'event.retracted' AND retracted_time >= events_since
    AND (subject != bcp ? shard : 0, bcp, subject, retracted_source, retracted_id, retracted_edition) NOT IN (
        SELECT subject != bcp ? shard : 0, bcp, subject, source, id, edition
        FROM {{db}}.events
        WHERE (bcp, subject, source, id, edition) IN (
            SELECT bcp, subject, retracted_source, retracted_id, retracted_edition FROM {{db}}.events WHERE type = 'event.retracted'))
COMMENT 'Retractions whose event has not come, of those whose event would be kept. They change nothing until it comes. A reading is in one shard, and its retraction in each.';
