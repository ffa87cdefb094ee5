CREATE TABLE IF NOT EXISTS {{db}}.presumptions {{cluster}} (
    learned   DateTime64(3, 'UTC')       COMMENT 'when; the rows of one time are a version, in force until the next one',
    basis     LowCardinality(String)     COMMENT 'place: waits at the BCP; all_places: at all; step: at all, whichever agencies had inspected the truck. The first of them with 30 waits counts',
    bcp       LowCardinality(String)     COMMENT 'empty: all BCPs',
    direction LowCardinality(String),
    type      LowCardinality(String)     COMMENT 'type, agency, kind and result of the last fact before the wait',
    agency    LowCardinality(String),
    kind      LowCardinality(String),
    result    LowCardinality(String),
    channel   LowCardinality(String)     COMMENT 'of the visit, when the wait began',
    done      Array(LowCardinality(String)) COMMENT 'agencies that had completed an inspection, in order',
    age_s     UInt32                     COMMENT 'seconds net of closed hours after which waits were in this class of age, which lasts until the next one',
    waits     UInt32                     COMMENT 'how many waits lasted into the class; a presumption needs 30',
    holder    Array(LowCardinality(String)) COMMENT 'to whom the time within the class was charged in the end, the most first',
    ms        Array(UInt64)              COMMENT 'the time of each holder'
) ENGINE = {{replacing ""}} PARTITION BY toYYYYMM(learned) ORDER BY (learned, basis, bcp, direction, type, agency, kind, result, channel, done, age_s)
COMMENT 'Who presumably has a truck that waits, learned from finished visits. No visit and no window rests on it.';

CREATE TABLE IF NOT EXISTS {{db}}.presumption_records {{cluster}} (
    learned   DateTime64(3, 'UTC')       COMMENT 'when the record was made, together with the presumptions of this time',
    bcp       LowCardinality(String),
    visits    UInt32                     COMMENT 'that departed in the 30 days before and waited while a version was in force: the latest 5,000 of each direction',
    ms        UInt64                     COMMENT 'time that trucks waited while somebody was presumed',
    right_ms  UInt64                     COMMENT 'the part that was charged to the presumed holder in the end',
    second_ms UInt64                     COMMENT 'the part that was charged to the second one',
    unknown_ms UInt64                    COMMENT 'time for which nobody was presumed; it is not in ms',
    tenth_ms  Array(UInt64)              COMMENT 'time by the share that was said: under 10 %, under 20 % and so on, ten items; what the procedure said has no share',
    tenth_said_ms  Array(UInt64)         COMMENT 'that time weighed with the share that was said',
    tenth_right_ms Array(UInt64)         COMMENT 'the part that was charged to the presumed holder; presumptions are calibrated where it is near tenth_said_ms'
) ENGINE = {{replacing ""}} ORDER BY (learned, bcp)
COMMENT 'How often the presumed holder was the right one, by BCP.';
