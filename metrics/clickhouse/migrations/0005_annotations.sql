CREATE TABLE IF NOT EXISTS {{db}}.annotations {{cluster}} (
    id        String                     COMMENT 'given, or of the content',
    written   DateTime64(3, 'UTC')       COMMENT 'when this version was; the last one of an id holds',
    kind      LowCardinality(String)     COMMENT 'process_change, closure, instrument_fault or holiday',
    bcp       LowCardinality(String)     COMMENT 'empty: all BCPs',
    begins    DateTime64(3, 'UTC')       COMMENT 'since when it holds',
    ends      Nullable(DateTime64(3, 'UTC')) COMMENT 'when it no longer holds; NULL for a change of process at an instant, and for anything else that still goes on',
    text      String                     COMMENT 'what is known, in the language of its author',
    author    String                     COMMENT 'who made this version; of a removal, who removed it',
    removed   UInt8                      COMMENT '1 where this version removes it'
) ENGINE = {{replacing ""}} ORDER BY (id, written)
COMMENT 'What people know of BCPs that numbers do not say. All versions are kept; ORDER BY written DESC LIMIT 1 BY id has those that hold.';
