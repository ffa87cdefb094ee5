-- The job in SQL. Each bin of a window is a part of the result, so that counting needs no function of our own.
CREATE TABLE events (
  `type` STRING,
  `subject` STRING,
  `time` TIMESTAMP_LTZ(3),
  `data` ROW<bcp STRING>,
  recorded TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = '${brokers}',
  'properties.group.id' = 'crossing-times-${result}',
  'topic' = '${topic}',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = 'latest-offset',
  'scan.topic-partition-discovery.interval' = '0',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601'
);

CREATE TABLE crossing_times (
  bcp STRING,
  `minute` BIGINT,
  part INT,
  n BIGINT,
  sum_ms BIGINT,
  bins MAP<STRING, BIGINT>,
  PRIMARY KEY (bcp, `minute`, part) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'properties.bootstrap.servers' = '${brokers}',
  'properties.linger.ms' = '100',
  'properties.batch.size' = '262144',
  'properties.compression.type' = 'lz4',
  'topic' = '${result}',
  'key.format' = 'csv',
  'key.csv.field-delimiter' = '|',
  'key.csv.disable-quote-character' = 'true',
  'value.format' = 'json'
);

-- The earliest of doubled events counts. Only visits that have both times are looked at further.
CREATE TEMPORARY VIEW visits AS
SELECT
  bcp,
  FLOOR(released / 60000) AS `minute`,
  released - arrived AS ms,
  CASE WHEN released - arrived < 1 THEN -1000 ELSE CAST(CEIL(LN(released - arrived) / LN(1.02)) AS INT) END AS bin
FROM (
  SELECT
    `subject`,
    MIN(bcp) AS bcp,
    MIN(CASE WHEN `type` = 'dwell.truck.arrived.v1' THEN ms END) AS arrived,
    MIN(CASE WHEN `type` = 'dwell.truck.released.v1' THEN ms END) AS released
  FROM (
    SELECT
      `subject`, `type`, `data`.bcp AS bcp,
      TIMESTAMPDIFF(SECOND, TO_TIMESTAMP_LTZ(0, 3), `time`) * CAST(1000 AS BIGINT) + EXTRACT(MILLISECOND FROM `time`) AS ms
    FROM events
    WHERE `type` IN ('dwell.truck.arrived.v1', 'dwell.truck.released.v1') AND `time` <= recorded + INTERVAL '5' MINUTE
  )
  GROUP BY `subject`
)
WHERE arrived IS NOT NULL AND released IS NOT NULL;

INSERT INTO crossing_times
SELECT bcp, `minute`, bin, n, sum_ms, MAP[CAST(bin AS STRING), n]
FROM (
  SELECT bcp, `minute`, bin, COUNT(*) AS n, SUM(ms) AS sum_ms
  FROM visits
  GROUP BY bcp, `minute`, bin
);
