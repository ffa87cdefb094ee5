CREATE OR REPLACE VIEW {{db}}.movements {{cluster}} AS
SELECT
    bcp, direction, grain, start,
    sumIf(n, measure = 'arrivals') AS arrivals,
    sumIf(n, measure IN ('release_time', 'untimed_releases')) AS releases,
    sumIf(n, measure = 'refusals') AS refusals,
    sumIf(n, measure IN ('crossing_time', 'untimed_departures')) AS departures,
    sumIf(n, measure = 'lapsed') AS lapsed,
    sumIf(n, startsWith(measure, 'incomplete/')) AS incomplete,
    sumIf(n, startsWith(measure, 'inconsistent/')) AS inconsistent
FROM {{db}}.windows FINAL
WHERE measure IN ('arrivals', 'release_time', 'untimed_releases', 'refusals', 'crossing_time', 'untimed_departures', 'lapsed')
    OR startsWith(measure, 'in')
GROUP BY bcp, direction, grain, start
COMMENT 'What was counted in each window, all channels and regimes together.';

CREATE OR REPLACE VIEW {{db}}.inside {{cluster}} AS
SELECT bcp, direction, grain, start,
    sum(change) OVER (PARTITION BY bcp, direction, grain ORDER BY start) AS trucks
FROM (
    SELECT bcp, direction, grain, start, sum(if(measure = 'arrivals', n, -n)) AS change
    FROM {{db}}.windows FINAL
    WHERE measure IN ('arrivals', 'crossing_time', 'untimed_left')
    GROUP BY bcp, direction, grain, start
)
COMMENT 'Trucks inside at the end of each window in which any arrived or left.';
