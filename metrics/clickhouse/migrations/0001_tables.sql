CREATE DATABASE IF NOT EXISTS {{db}} {{cluster}};

CREATE TABLE IF NOT EXISTS {{db}}.schema_versions {{cluster}} (
    version UInt32,
    name    String,
    applied DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = {{replacing ""}} ORDER BY version
COMMENT 'Applied migrations.';

CREATE TABLE IF NOT EXISTS {{db}}.events {{cluster}} (
    shard            UInt16                 COMMENT 'Kafka partition',
    offset           UInt64                 COMMENT 'Kafka offset',
    logged           DateTime64(3, 'UTC')   COMMENT 'time of the Kafka record',
    time             DateTime64(3, 'UTC')   COMMENT 'when it happened',
    recorded         DateTime64(3, 'UTC')   COMMENT 'when the agency recorded it',
    type             LowCardinality(String) COMMENT 'such as truck.arrived',
    id               String CODEC(ZSTD(1)),
    source           String CODEC(ZSTD(1)),
    subject          String COMMENT 'id of the visit; of the BCP for an event about a place' CODEC(ZSTD(1)),
    bcp              LowCardinality(String),
    direction        LowCardinality(String),
    channel          LowCardinality(String),
    regime           LowCardinality(String),
    agency           LowCardinality(String),
    kind             LowCardinality(String) COMMENT 'of the inspection',
    result           LowCardinality(String) COMMENT 'of the inspection',
    lane             String CODEC(ZSTD(1)),
    retracted_id     String,
    retracted_source String,
    retracted_time   Nullable(DateTime64(3, 'UTC')),
    data             String COMMENT 'data of the event, as sent' CODEC(ZSTD(1))
) ENGINE = {{replacing ""}} PARTITION BY toYYYYMM(time) ORDER BY (shard, offset)
COMMENT 'Every usable event that was received, duplicates included.';

CREATE TABLE IF NOT EXISTS {{db}}.visits {{cluster}} (
    shard          UInt16,
    visit          String                 COMMENT 'id of the visit',
    as_of          UInt64                 COMMENT 'the row includes the events of the shard before this offset, and no others',
    bcp            LowCardinality(String),
    direction      LowCardinality(String),
    channel        LowCardinality(String),
    regime         LowCardinality(String),
    status         LowCardinality(String) COMMENT 'inside, departed, lapsed, incomplete, inconsistent, void',
    fault          LowCardinality(String) COMMENT 'why it is incomplete or inconsistent',
    over           UInt8                  COMMENT '1 if no further event is expected',
    first_fact     Nullable(DateTime64(3, 'UTC')),
    last_fact      Nullable(DateTime64(3, 'UTC')),
    arrived        Nullable(DateTime64(3, 'UTC')),
    released       Nullable(DateTime64(3, 'UTC')),
    refused        Nullable(DateTime64(3, 'UTC')),
    departed       Nullable(DateTime64(3, 'UTC')),
    release_ms     Nullable(UInt64)       COMMENT 'from arrival to release; NULL if the visit has a fault',
    crossing_ms    Nullable(UInt64)       COMMENT 'from arrival to departure; NULL if the visit has a fault',
    segment_phase  Array(LowCardinality(String)),
    segment_holder Array(LowCardinality(String)),
    segment_start  Array(DateTime64(3, 'UTC')),
    segment_ms     Array(UInt64),
    phase          LowCardinality(String) COMMENT 'phase, holder and start of the open segment',
    holder         LowCardinality(String),
    since          Nullable(DateTime64(3, 'UTC')),
    facts          String COMMENT 'the facts, encoded by visit.AppendFacts' CODEC(ZSTD(1)),
    INDEX as_of as_of TYPE minmax GRANULARITY 16
) ENGINE = {{replacing "as_of"}} ORDER BY (shard, visit)
SETTINGS index_granularity = 512
COMMENT 'Status, times and segments of each visit, computed from its facts. Read it with FINAL.';

CREATE TABLE IF NOT EXISTS {{db}}.windows {{cluster}} (
    shard     UInt16,
    bcp       LowCardinality(String),
    direction LowCardinality(String),
    channel   LowCardinality(String),
    regime    LowCardinality(String),
    grain     Enum8('minute' = 1, 'hour' = 2, 'day' = 3),
    start     DateTime('UTC'),
    measure   LowCardinality(String)      COMMENT 'a count, release_time, crossing_time, or phase/holder',
    as_of     UInt64                      COMMENT 'the row includes the events of the shard before this offset, and no others',
    n         Int64,
    sum_ms    Int64,
    sum_sq    UInt128                     COMMENT 'sum of squares of milliseconds',
    bins      Map(Int16, UInt32)          COMMENT 'durations in (g^(i-1), g^i] seconds, g = 2^(1/32); -32768 is zero',
    phase     LowCardinality(String) ALIAS if(position(measure, '/') > 0, splitByChar('/', measure)[1], ''),
    holder    LowCardinality(String) ALIAS if(position(measure, '/') > 0, splitByChar('/', measure)[2], ''),
    INDEX as_of as_of TYPE minmax GRANULARITY 4
) ENGINE = {{replacing "as_of"}} PARTITION BY if(grain = 'day', toYear(start), toYYYYMM(start))
ORDER BY (bcp, grain, if(grain = 'day', measure, ''), start, measure, direction, channel, regime, shard)
SETTINGS index_granularity = 2048
COMMENT 'Counts and times per minute, hour and local day. Add up the rows of shards, channels and regimes. Read it with FINAL.';

CREATE TABLE IF NOT EXISTS {{db}}.inside_now {{cluster}} (
    shard      UInt16,
    bcp        LowCardinality(String),
    direction  LowCardinality(String),
    as_of      UInt64,
    last_event Nullable(DateTime64(3, 'UTC')),
    trucks     UInt32,
    holders    Map(LowCardinality(String), UInt32) COMMENT 'trucks by phase/holder',
    arrived    Map(UInt32, UInt32)                 COMMENT 'trucks by hour of arrival, hours since the Unix epoch'
) ENGINE = {{replacing "as_of"}} ORDER BY (shard, bcp, direction)
COMMENT 'Trucks inside now, by shard. Add up the rows of all shards. Read it with FINAL.';

CREATE TABLE IF NOT EXISTS {{db}}.readings {{cluster}} (
    shard        UInt16,
    offset       UInt64,
    bcp          LowCardinality(String),
    direction    LowCardinality(String),
    source       String,
    id           String,
    time         DateTime64(3, 'UTC'),
    recorded     DateTime64(3, 'UTC'),
    vehicles     Nullable(UInt64),
    wait_seconds Nullable(UInt64),
    age_seconds  Nullable(UInt64) COMMENT 'how old the reading was when it was published',
    retracted    UInt8
) ENGINE = {{replacing "retracted"}} ORDER BY (bcp, source, id)
COMMENT 'Queue readings of other sources. A retraction replaces its reading. Read it with FINAL.';

CREATE TABLE IF NOT EXISTS {{db}}.progress {{cluster}} (
    shard      UInt16,
    offset     UInt64,
    as_of      UInt64,
    latest     Nullable(DateTime64(3, 'UTC')) COMMENT 'time of the latest event',
    watermark  Nullable(DateTime64(3, 'UTC')),
    written_at DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = {{replacing "as_of"}} ORDER BY shard
COMMENT 'Progress of each shard: the tables include all of its records before the offset. Read it with FINAL.';

CREATE TABLE IF NOT EXISTS {{db}}.dead_letters {{cluster}} (
    shard   UInt16,
    offset  UInt64,
    logged  DateTime64(3, 'UTC'),
    reason  LowCardinality(String),
    detail  String,
    key     String,
    value   String CODEC(ZSTD(1)),
    headers Array(Tuple(name String, value String))
) ENGINE = {{replacing ""}} PARTITION BY toYYYYMM(logged) ORDER BY (shard, offset)
COMMENT 'Unusable messages, each with the reason.';
